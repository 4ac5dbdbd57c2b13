"""One delivery's way: contact -> plan -> each action once -> done or parked, each step written down."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from connector.actions.job import Job, NoNotifier, NoTriggers
from connector.apply import apply, doubtful
from connector.crm.errors import ContactGoneError, CrmError, NotDeliveredError
from connector.event_key import part_key
from connector.ledger import HISTORY, UNRECORDED, Ledger
from connector.own import About, again_key, counted, effects, is_later, postponed, reconsidered, scheduled
from connector.store import FIX, TIMER, ActionResult, Applied, Delivery, Ending, State
from connector.workflow.firing import is_trigger
from mappings.call import Call, iso
from mappings.correction import correct
from mappings.merge import gave_up_waiting, merge
from mappings.numbers import contact_side
from mappings.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from typing import TypeAlias

    from connector.actions.job import Notifier, Triggers
    from connector.crm.catalogue import Catalogue
    from connector.crm.client import Crm
    from connector.locations import Location, LocationBook
    from connector.planner import Planner
    from connector.store import Deliveries, Written
    from connector.store.follow_up import Effect
    from mappings.numbers import Side
    from mappings.plan import Action, ContactState

    Afterwards: TypeAlias = Callable[[Written, Location, Delivery, Ledger], Awaitable[Ending]]


class People(Protocol):
    """Who is behind a number (connector/crm/contacts.py)."""

    async def who(self, location: str, number: str) -> str | None:
        """The contact's id, or None where the CRM knows no such number."""

    async def add(self, location: str, number: str) -> str:
        """Create a contact for the number; its id (or that of the one the CRM says has it already)."""

    def forget(self, location: str, number: str) -> None:
        """Drop what is remembered for the number."""


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
        crm: Crm,
        catalogue: Catalogue,
        people: People,
        planner: Planner,
        locations: LocationBook,
        now_ms: Callable[[], int],
        notifier: Notifier | None = None,
        triggers: Triggers | None = None,
        grace_s: float = 5.0,
    ) -> None:
        self._store = store
        self._crm = crm
        self._catalogue = catalogue
        self._people = people
        self._planner = planner
        self._locations = locations
        self._now_ms = now_ms
        self._notifier = notifier or NoNotifier()
        self._triggers = triggers or NoTriggers()
        self._grace_ms = int(grace_s * 1000)

    async def carry(self, delivery: Delivery) -> Ending:
        """Apply what is not applied yet; each result is written down before the next step that cannot be repeated.

        Raises:
            CrmError, LookupError: the try ended early; what was done is written down.
        """
        ledger = Ledger(self._store, delivery, self._now_ms)
        if delivery.in_doubt:
            ledger.doubt_holder()
            await ledger.save()
        try:
            return await self._carry(delivery, ledger)
        except AwaitedError as awaited:
            ending = Ending(State.WAITING, str(awaited), due_ms=awaited.until_ms, counts=False)
        except HeldError as held:
            ending = Ending(held.state, str(held))
        await ledger.save(ending=ending)
        return ending

    async def _carry(self, delivery: Delivery, ledger: Ledger) -> Ending:
        location = await self._locations.get(delivery.location)
        if location is None:
            raise HeldError(State.PARKED, "the sub-account was removed: add it again, then replay")
        if delivery.event.startswith(FIX):
            return await self._afterwards(self._correct, location, delivery, ledger)
        if delivery.event.startswith(TIMER):
            return await self._afterwards(self._fire, location, delivery, ledger)
        return await self._write(location, delivery, ledger)

    async def _write(self, location: Location, delivery: Delivery, ledger: Ledger) -> Ending:
        """The end of a call, for the first time."""
        call = self._whole(delivery)
        side = contact_side(call, location.config.country)
        try:
            # What was begun on a contact ends there, even if its number has moved to another one meanwhile.
            contact_id = delivery.contact_id or await self._contact(location, side)
            return await self._to(contact_id, location, call, delivery, ledger)
        except ContactGoneError:  # deleted or merged since we last looked: look again, once
            self._people.forget(location.id, side.number or "")
            contact_id = await self._contact(location, side)
            return await self._to(contact_id, location, call, delivery, ledger, moved=True)

    async def _to(
        self,
        contact_id: str,
        location: Location,
        call: Call,
        delivery: Delivery,
        ledger: Ledger,
        *,
        moved: bool = False,
    ) -> Ending:
        about = self._about(location, call, contact_id)
        before = await self._before(location, about, ledger.lines)
        if delivery.plan is None:
            plan = await self._plan(location, about, before)
            # Here and nowhere else: a call starts each workflow once, however often it is corrected.
            plan = await self._triggers.added(plan, location, call, contact_id=contact_id, attempts=before[0])
        else:
            plan = await self._resumed(Plan.from_json(delivery.plan), location, about, before, ledger)
        ledger.place_doubt(plan)
        if moved:
            ledger.reopen()
        await self._through(plan, location, about, ledger)
        if HISTORY not in ledger.lines:
            line = ActionResult(HISTORY, Applied.APPLIED, crm_id=str(before[0]), reason=before[1] or None)
            ledger.put(line, counted(plan, about, location.config.country))
        return await self._ended(plan, contact_id, ledger)

    async def _resumed(
        self, kept: Plan, location: Location, about: About, before: tuple[int, str], ledger: Ledger
    ) -> Plan:
        """The plan as it was kept; where more is known of the call since, what is open of it as that has it.

        What is new, and what is different of what was done, is for the corrections that came of what is known since.
        """
        if not ledger.has_new_parts:
            return kept
        plan = await self._plan(location, about, before)
        newest = {action.key: action for action in plan.actions}
        actions = (
            newest.get(action.key) if ledger.is_open(action.key) and not is_trigger(action.key) else action
            for action in kept.actions
        )
        return replace(plan, actions=tuple(filter(None, actions)))

    async def _ended(self, plan: Plan, contact_id: str | None, ledger: Ledger, done: str | None = None) -> Ending:
        refused = ledger.refused(plan)
        ending = Ending(State.DONE, done) if refused is None else Ending(State.PARKED, refused)
        await ledger.save(contact_id=contact_id, plan=None if refused is None else plan, ending=ending)
        return ending

    async def _through(self, plan: Plan, location: Location, about: About, ledger: Ledger) -> None:
        """Every open action of the plan, in its order."""
        job = Job(
            crm=self._crm,
            catalogue=self._catalogue,
            notifier=self._notifier,
            triggers=self._triggers,
            location=location.id,
            config=location.config,
            contact_id=about.contact_id or "",
            call=about.call,
        )
        last = plan.actions[-1] if plan.actions else None
        for action in plan.actions:
            if not ledger.is_open(action.key):
                continue
            ours = self._ours(action, about)
            if ours is not None:
                ledger.put(*ours)
                continue
            try:
                line = await apply(job, action, in_doubt=ledger.in_doubt(action.key))
            except NotDeliveredError as error:
                ledger.put(*postponed(action, str(error), self._now_ms()))
                await ledger.save(contact_id=about.contact_id)
                continue
            except CrmError as error:
                doubt = doubtful(error, action)
                if doubt is not None:
                    ledger.put(doubt)
                await ledger.save(contact_id=about.contact_id, plan=plan)
                raise
            ledger.put(line)
            if action.kind not in UNRECORDED and action is not last:
                await ledger.save(contact_id=about.contact_id)

    def _ours(self, action: Action, about: About) -> tuple[ActionResult, Sequence[Effect]] | None:
        """What is done here and not at the CRM, by its ledger line and effects: later, or of our own."""
        if "unusable" in action.args:
            return None
        if is_later(action, self._now_ms()):
            line = ActionResult(action.key, Applied.APPLIED, reason=f"set for {iso(action.due)}")
            return line, scheduled(action)
        own = effects(action, about)
        return None if own is None else (ActionResult(action.key, Applied.APPLIED), own)

    async def _afterwards(self, do: Afterwards, location: Location, delivery: Delivery, ledger: Ledger) -> Ending:
        """What comes after the end of a call, on the contact that this was written to."""
        done = await self._written(location, delivery)
        try:
            return await do(done, location, delivery, ledger)
        except ContactGoneError:  # deleted or merged meanwhile: look again, once
            moved = await self._moved(done, location, delivery)
            ledger.reopen()
            return await do(moved, location, delivery, ledger)

    async def _moved(self, done: Written, location: Location, delivery: Delivery) -> Written:
        """The same on the contact that has the number now."""
        number = contact_side(_merged(done, _parts(delivery), delivery), location.config.country).number
        found = None
        if number is not None:
            self._people.forget(location.id, number)
            found = await self._people.who(location.id, number)
        if found in {None, done.contact_id}:
            raise HeldError(State.DONE, "the contact is gone, and with it what was to be done")
        return replace(done, contact_id=found)

    async def _correct(self, done: Written, location: Location, delivery: Delivery, ledger: Ledger) -> Ending:
        """Something of the call came after it was written: an event of its trunk, or the agent's wrap-up."""
        told = delivery.event.removeprefix(FIX)
        parts = _parts(delivery)
        at = next((index for index, part in enumerate(parts) if part_key(part, delivery.call_id) == told), len(parts))
        known, call, whole = (_merged(done, some, delivery) for some in (parts[:at], parts[: at + 1], parts))
        about = self._about(location, whole, done.contact_id)
        before = await self._before(location, about, done.ledger)
        contact = await self._state(location, about, before)
        was, wanted = [await self._planner.plan(location, one, contact) for one in (known, call)]
        newest = wanted if len(parts) <= at + 1 else await self._planner.plan(location, whole, contact)
        recording = call.recording_url if known.recording_url is None else None
        written = {key: line.crm_id for key, line in done.ledger.items() if line.applied is Applied.APPLIED}
        correction = correct(was, wanted, newest, written=written, recording=recording)
        plan = correction.plan if done.contact_id is not None else replace(correction.plan, actions=())
        ledger.place_doubt(plan)
        await self._through(plan, location, about, ledger)
        if HISTORY not in ledger.lines:
            line = ActionResult(HISTORY, Applied.APPLIED, reason=before[1] or None, crm_id=str(before[0]))
            history = await self._planner.history(location, about.number)
            dropped = correction.dropped.values()
            ledger.put(line, reconsidered(was, wanted, dropped, about, before=before[0], known=history))
        return await self._ended(plan, done.contact_id, ledger, f"corrected by {told}")

    async def _fire(self, done: Written, location: Location, delivery: Delivery, ledger: Ledger) -> Ending:
        """A timer fell due: its action is done if the call, as it is known now, still asks for it."""
        about = self._about(location, _merged(done, _parts(delivery), delivery), done.contact_id)
        plan = await self._plan(location, about, await self._before(location, about, done.ledger))
        key = delivery.event.removeprefix(TIMER)
        action = next((action for action in plan.actions if action.key == again_key(key)), None)
        if action is None:
            raise HeldError(State.DONE, "by now nothing asks for it any more")
        if action.args.get("suppression") and await self._suppressed(location, about):
            raise HeldError(State.DONE, "a later suppression of this contact still runs")
        one = Plan(actions=(replace(action, key=key, due=None),))
        ledger.place_doubt(one)
        await self._through(one, location, about, ledger)
        return await self._ended(one, done.contact_id, ledger)

    async def _suppressed(self, location: Location, about: About) -> bool:
        record = await self._planner.history(location, about.number)
        return record is not None and (record.suppressed_until_ms or 0) > self._now_ms()

    async def _written(self, location: Location, delivery: Delivery) -> Written:
        """What became of the call's end. One parked before anything was written waits, with its parts, for a replay."""
        done = await self._store.written(location.id, delivery.call_id)
        if done is None or (done.state is not State.DONE and done.contact_id is None):
            raise HeldError(State.DONE, "the call is not written: there is nothing to correct until it is replayed")
        return done

    def _whole(self, delivery: Delivery) -> Call:
        """The call with what its other events tell; a trunk that tells much in those is given a short grace."""
        call = Call.from_json(delivery.call)
        parts = _parts(delivery)
        if parts:
            call = merge(call, parts, received_ms=delivery.received_ms)
        until_ms = delivery.received_ms + self._grace_ms
        if call.awaits and self._now_ms() < until_ms:
            raise AwaitedError(f"waiting for the call's other events ({', '.join(call.awaits)})", until_ms)
        return gave_up_waiting(call)

    def _about(self, location: Location, call: Call, contact_id: str | None) -> About:
        number = contact_side(call, location.config.country).number
        return About(call, number, contact_id, self._now_ms() if call.end_ms is None else call.end_ms)

    async def _before(self, location: Location, about: About, lines: Mapping[str, ActionResult]) -> tuple[int, str]:
        """Unanswered attempts before this call, and the tag that told them: as first counted, if it was counted."""
        line = lines.get(HISTORY)
        if line is not None:
            return int(line.crm_id or 0), line.reason or ""
        record = await self._planner.history(location, about.number)
        return (0, "") if record is None else (record.attempts, record.attempt_tag or "")

    async def _plan(self, location: Location, about: About, before: tuple[int, str]) -> Plan:
        return await self._planner.plan(location, about.call, await self._state(location, about, before))

    async def _state(self, location: Location, about: About, before: tuple[int, str]) -> ContactState:
        attempts, tag = before
        return await self._planner.contact(location, about.contact_id, attempts=attempts, tag=tag)

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


def _parts(delivery: Delivery) -> list[Call]:
    return [Call.from_json(part) for part in delivery.parts]


def _merged(done: Written, parts: Sequence[Call], delivery: Delivery) -> Call:
    end = Call.from_json(done.call)
    return gave_up_waiting(merge(end, parts, received_ms=delivery.received_ms) if parts else end)
