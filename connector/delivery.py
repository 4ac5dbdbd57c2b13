"""One delivery's way: contact -> plan -> each action once -> done or parked, each step written down."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from connector.apply import TAGS, Applier, Writes, doubtful
from connector.crm.errors import ContactGoneError, CrmError
from connector.store import FIX, ActionResult, Applied, Delivery, Ending, State
from mappings.books import default_book
from mappings.call import Call
from mappings.disposition import disposition
from mappings.merge import gave_up_waiting, merge
from mappings.numbers import contact_side
from mappings.plan import ContactState, Plan, plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import tzinfo

    from connector.locations import Location, LocationBook
    from connector.store import Deliveries
    from mappings.numbers import Side


HOLDER = "holder"
"""The ledger's line for a holder that died: in doubt until it is known which action that puts in doubt."""


class People(Protocol):
    """Who is behind a number (connector/crm/contacts.py)."""

    async def who(self, location: str, number: str) -> str | None:
        """The contact's id, or None where the CRM knows no such number."""

    async def add(self, location: str, number: str) -> str:
        """Create a contact for the number; its id (or that of the one the CRM says has it already)."""

    def forget(self, location: str, number: str) -> None:
        """Drop what is remembered for the number."""


class Zones(Protocol):
    """Which time zone a sub-account lives in."""

    async def zone(self, location: str) -> tzinfo:
        """As the CRM has it set."""


class HeldError(Exception):
    """This call is not written to the CRM, and that is the configured answer: `state` says done or parked."""

    def __init__(self, state: State, reason: str) -> None:
        super().__init__(reason)
        self.state = state


class AwaitedError(Exception):
    """The call waits for its other events until `until_ms`."""

    def __init__(self, reason: str, until_ms: int) -> None:
        super().__init__(reason)
        self.until_ms = until_ms


class Carrier:
    """Brings one claimed delivery as far as it goes in one try."""

    def __init__(
        self,
        *,
        store: Deliveries,
        crm: Writes,
        people: People,
        zones: Zones,
        locations: LocationBook,
        now_ms: Callable[[], int],
        grace_s: float = 5.0,
    ) -> None:
        self._store = store
        self._crm = crm
        self._people = people
        self._zones = zones
        self._locations = locations
        self._now_ms = now_ms
        self._grace_ms = int(grace_s * 1000)

    async def carry(self, delivery: Delivery) -> Ending:
        """Apply what is not applied yet; each result is written down before the next step that cannot be repeated.

        Raises:
            CrmError, LookupError: the try ended early; what was done is written down.
        """
        if delivery.in_doubt:
            delivery = await self._remembered(delivery)
        try:
            location = await self._location(delivery.location)
            if delivery.event.startswith(FIX):
                return await self._correct(location, delivery)
            return await self._to_contact(location, self._whole(delivery), delivery)
        except AwaitedError as awaited:
            ending = Ending(State.WAITING, str(awaited), due_ms=awaited.until_ms, counts=False)
            await self._write_down(delivery, None, [], None, ending)
            return ending
        except HeldError as held:
            ending = Ending(held.state, str(held))
            await self._write_down(delivery, None, [], None, ending)
            return ending

    async def _remembered(self, delivery: Delivery) -> Delivery:
        """The doubt a dead holder left, written down: it must outlive this try, which may not get to the CRM at all."""
        doubt = ActionResult(HOLDER, Applied.IN_DOUBT, reason="a process ended while it worked on this")
        await self._write_down(delivery, None, [doubt], None)
        return replace(delivery, ledger={**delivery.ledger, HOLDER: doubt})

    def _whole(self, delivery: Delivery) -> Call:
        """The call with what its other events tell; a trunk that tells much in those is given a short grace."""
        call = Call.from_json(delivery.call)
        parts = [Call.from_json(part) for part in delivery.parts]
        if parts:
            call = merge(call, parts, received_ms=delivery.received_ms)
        until_ms = delivery.received_ms + self._grace_ms
        if call.awaits and self._now_ms() < until_ms:
            raise AwaitedError(f"waiting for the call's other events ({', '.join(call.awaits)})", until_ms)
        return gave_up_waiting(call)

    async def _correct(self, location: Location, delivery: Delivery) -> Ending:
        """Something of the call came after it was written: the note is replaced, a new disposition's tags are added."""
        done = await self._store.written(location.id, delivery.call_id)
        note = None if done is None else done.ledger.get("note")
        if done is None or done.state is not State.DONE or done.contact_id is None or note is None:
            raise HeldError(State.DONE, "there is nothing to correct: the call was not written, or not by a note")
        end = Call.from_json(done.call)
        parts = [Call.from_json(part) for part in delivery.parts]
        call = gave_up_waiting(merge(end, parts, received_ms=delivery.received_ms))
        for action in (await self._planned(location, call)).actions:
            if action.kind == "note" and note.crm_id is not None:
                await self._crm.update_note(location.id, done.contact_id, note.crm_id, action.args["body"])
            elif action.kind == "add_tags" and disposition(call) is not disposition(end):
                await self._crm.add_tags(location.id, done.contact_id, action.args["tags"])
        ending = Ending(State.DONE, f"corrected by {delivery.event.removeprefix(FIX)}")
        await self._write_down(delivery, done.contact_id, [], None, ending)
        return ending

    async def _location(self, location_id: str) -> Location:
        location = await self._locations.get(location_id)
        if location is None:
            raise HeldError(State.PARKED, "the sub-account was removed: add it again, then replay")
        return location

    async def _to_contact(self, location: Location, call: Call, delivery: Delivery) -> Ending:
        side = contact_side(call, location.config.country)
        ledger = dict(delivery.ledger)
        try:
            # What was begun on a contact ends there, even if its number has moved to another one meanwhile.
            contact_id = delivery.contact_id or await self._contact(location, side)
            return await self._apply(location, call, delivery, contact_id, ledger)
        except ContactGoneError:  # deleted or merged since we last looked: look again, once
            self._people.forget(location.id, side.number or "")
            contact_id = await self._contact(location, side)
            return await self._apply(location, call, delivery, contact_id, ledger, moved=True)

    async def _contact(self, location: Location, side: Side) -> str:
        policy = location.config.unknown_number
        if side.number is None:
            state = State.DONE if policy == "skip" else State.PARKED
            raise HeldError(state, f"no contact can be found: {side.reason}")
        found = await self._people.who(location.id, side.number)
        if found is not None:
            return found
        if policy == "create":
            return await self._people.add(location.id, side.number)
        if policy == "skip":
            raise HeldError(State.DONE, "skipped: the CRM does not know the number (unknown_number = skip)")
        raise HeldError(
            State.PARKED, "the CRM does not know the number (unknown_number = hold): add the contact, replay"
        )

    async def _apply(
        self,
        location: Location,
        call: Call,
        delivery: Delivery,
        contact_id: str,
        ledger: dict[str, ActionResult],
        *,
        moved: bool = False,
    ) -> Ending:
        the_plan = await self._plan(location, call, delivery)
        applier = Applier(self._crm, location.id, location.config, contact_id, call.call_id or "")
        unsaved = _placed(the_plan, ledger) + (_reopened(ledger) if moved else [])
        for action in the_plan.actions:
            line = ledger.get(action.key)
            if not _open(line):
                continue
            try:
                result = await applier.apply(action, in_doubt=line is not None)
            except CrmError as error:
                doubt = doubtful(error, action)
                await self._write_down(delivery, contact_id, unsaved + ([doubt] if doubt else []), the_plan)
                raise
            ledger[action.key] = result
            unsaved.append(result)
            if action.kind not in TAGS and action is not the_plan.actions[-1]:
                await self._write_down(delivery, contact_id, unsaved, None)
                unsaved = []
        ending = _ending(the_plan, ledger)
        await self._write_down(
            delivery, contact_id, unsaved, the_plan if ending.state is State.PARKED else None, ending
        )
        return ending

    async def _plan(self, location: Location, call: Call, delivery: Delivery) -> Plan:
        if delivery.plan is not None:
            return Plan.from_json(delivery.plan)
        return await self._planned(location, call)

    async def _planned(self, location: Location, call: Call) -> Plan:
        config = location.config
        zone = ZoneInfo(config.time_zone) if config.time_zone else await self._zones.zone(location.id)
        return plan(
            call,
            ContactState(),
            config.book or default_book(),
            now_ms=self._now_ms(),
            zone=zone,
            workflows=config.workflows,
            words=config.words,
        )

    async def _write_down(
        self,
        delivery: Delivery,
        contact_id: str | None,
        results: list[ActionResult],
        the_plan: Plan | None,
        ending: Ending | None = None,
    ) -> None:
        ours = await self._store.write_down(
            delivery.lease,
            now_ms=self._now_ms(),
            contact_id=contact_id,
            plan=None if the_plan is None else the_plan.to_json(),
            results=results,
            ending=ending,
        )
        if not ours:
            raise LeaseLostError


class LeaseLostError(Exception):
    """Somebody else holds this delivery now: it ran past its lease. Nothing more is done here."""


def _open(line: ActionResult | None) -> bool:
    return line is None or line.applied is Applied.IN_DOUBT


def _placed(the_plan: Plan, ledger: dict[str, ActionResult]) -> list[ActionResult]:
    """A dead holder's doubt as that of the actions it is about.

    It can have got no further than the first open action that is no tag: each of those is written down before the next
    step.
    """
    line = ledger.get(HOLDER)
    if line is None or line.applied is not Applied.IN_DOUBT:
        return []
    placed = [ActionResult(HOLDER, Applied.APPLIED, reason="what it left in doubt is looked at")]
    for action in the_plan.actions:
        if not _open(ledger.get(action.key)):
            continue
        placed.append(ActionResult(action.key, Applied.IN_DOUBT, reason=line.reason))
        if action.kind not in TAGS:
            break
    ledger.update((result.key, result) for result in placed)
    return placed


def _reopened(ledger: dict[str, ActionResult]) -> list[ActionResult]:
    """What was done to another contact is in doubt for this one: it may be what that one was merged into, or new."""
    doubts = [
        ActionResult(key, Applied.IN_DOUBT, reason="done to a contact that is gone")
        for key, line in ledger.items()
        if line.applied is Applied.APPLIED and key != HOLDER
    ]
    ledger.update((doubt.key, doubt) for doubt in doubts)
    return doubts


def _ending(the_plan: Plan, ledger: dict[str, ActionResult]) -> Ending:
    refused = [ledger[a.key] for a in the_plan.actions if ledger[a.key].applied is Applied.REFUSED]
    if not refused:
        return Ending(State.DONE)
    return Ending(State.PARKED, "; ".join(f"{line.key}: {line.reason}" for line in refused))
