"""What a workflow of the CRM can ask of us for its contact: not to dial it, to review its last call, to name its end.

Each is done once for one run of a workflow, however often the CRM asks: a repeat gets the answer of the first.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import orjson
from pydantic import ValidationError

from connector.api.route import Refusal, unfit
from connector.crm.errors import ContactGoneError
from connector.intake import new_event
from connector.latest import WrittenCalls, latest_call
from connector.store.follow_up import PutReview
from connector.workflow.asked import INPUTS, SendToReview, SetDisposition, SuppressRedial
from mappings.call import Call, Wrapup, iso
from mappings.facts import agent
from mappings.numbers import e164
from mappings.problems import problems_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from connector.crm.model import Contact
    from connector.locations import Location
    from connector.store import NewEvent
    from connector.store.follow_up import FollowUp
    from connector.store.triggers import Triggers
    from connector.workflow.asked import ActionCall, Sent
    from connector.workflow.installed import Installed

DAY_MS: Final = 86_400_000
HOUR_MS: Final = 3_600_000
_SHORTEST_MS: Final = 60_000
RETRY_AFTER_S: Final = 60

REPLIES: Final[Mapping[str, Mapping[str, str]]] = {
    "suppress_redial": {"status": "suppressed", "number": "+14155550111", "until": "2026-11-25T10:01:15.000Z"},
    "send_to_review": {"status": "queued", "call_id": "call-1", "reason": "asked for a manager"},
    "set_disposition": {"status": "recorded", "call_id": "call-1", "disposition": "Connected"},
}
"""What each action answers, as a workflow's author sees it while choosing variables: its answers have these keys."""


class People(Protocol):
    """Who knows contacts (connector/crm/client.py)."""

    async def get_contact(self, location: str, contact_id: str) -> Contact:
        """The contact; ContactGoneError if there is none."""


class Calls(WrittenCalls, Protocol):
    """What is kept of calls (connector/store)."""

    async def record(self, events: list[NewEvent]) -> list[bool]:
        """Keep events: True for each that is new."""


class About(NamedTuple):
    """For whom a workflow runs: the contact, its number in E.164, its latest call that ended, and now."""

    location: Location
    contact_id: str
    number: str | None
    call: Call | None
    """With all that its events tell; None where none is known."""
    now_ms: int


class Actions:
    """The actions by key. `wake` tells the delivery worker that there is work; `full` says why no more may wait."""

    def __init__(
        self,
        *,
        calls: Calls,
        follow_up: FollowUp,
        answers: Triggers,
        installed: Installed,
        people: People,
        now_ms: Callable[[], int],
        wake: Callable[[], None],
        full: Callable[[str], str | None],
    ) -> None:
        self._calls = calls
        self._follow_up = follow_up
        self._answers = answers
        self._installed = installed
        self._people = people
        self._now_ms = now_ms
        self._wake = wake
        self._full = full

    async def do(self, key: str, asked: ActionCall) -> bytes:
        """The answer as JSON.

        Raises:
            Refusal: nothing was done, and why.
            CrmError, LookupError: the contact cannot be asked for.
            StoreError: it could not be kept.
        """
        wanted = _read(key, asked)
        location = await self._installed.location(asked.extras.location_id)
        about = await self._about(location, asked.extras.contact_id)
        request = _identity(key, asked, about.call)
        known = await self._answers.answered(location.id, request, now_ms=about.now_ms)
        if known is not None:
            return known
        answer, remembered_ms = await self._done(wanted, about)
        return await self._answers.answer(
            location.id,
            request,
            orjson.dumps(answer),
            now_ms=about.now_ms,
            until_ms=about.now_ms + max(_SHORTEST_MS, remembered_ms),
        )

    async def _done(self, wanted: Sent, about: About) -> tuple[dict[str, str | None], int]:
        """What was done, and for how long a repeat is the same request."""
        match wanted:
            case SuppressRedial():
                until_ms = round(wanted.hours * HOUR_MS)
                return await self._suppress(until_ms, about), min(DAY_MS, until_ms)
            case SendToReview():
                return await self._review(wanted, about), DAY_MS
            case SetDisposition():
                return await self._dispose(wanted, about), DAY_MS
        raise AssertionError(wanted)  # pragma: no cover - INPUTS has no others

    async def _suppress(self, length_ms: int, about: About) -> dict[str, str | None]:
        if about.number is None:
            raise _no_number(about)
        until_ms = about.now_ms + length_ms
        holds_ms = await self._follow_up.suppress(
            about.location.id, about.number, until_ms=until_ms, why="a workflow of the CRM asked for it"
        )
        return {"status": "suppressed", "number": about.number, "until": iso(holds_ms)}

    async def _review(self, wanted: SendToReview, about: About) -> dict[str, str | None]:
        call = about.call
        review = PutReview(
            reason=wanted.reason or "a workflow of the CRM asked for it",
            contact_id=about.contact_id,
            agent=None if call is None else agent(call),
            ended_ms=about.now_ms if call is None or call.end_ms is None else call.end_ms,
            talk_s=None if call is None else call.duration_s,
        )
        call_id = _no_call(about) if call is None else str(call.call_id)
        lane = about.number or f"contact:{about.contact_id}"
        new = await self._follow_up.put_review(about.location.id, call_id, review, lane=lane, now_ms=about.now_ms)
        status = "queued" if new else "was queued before"
        return {"status": status, "call_id": None if call is None else call_id, "reason": review.reason}

    async def _dispose(self, wanted: SetDisposition, about: About) -> dict[str, str | None]:
        call = about.call
        if call is None:
            raise _no_number(about) if about.number is None else _refused("no call with this contact's number is known")
        before_ms = 0 if call.wrapup is None else call.wrapup.at_ms
        at_ms = max(about.now_ms, before_ms + 1)  # the latest counts, whatever the agent's clock said
        wrapup = Wrapup(disposition=wanted.disposition, notes=wanted.notes, at_ms=at_ms)
        if wrapup.disposition is None:
            raise unfit([("data.disposition", "has no character that can be read")])
        reason = self._full(about.location.id)
        if reason is not None:
            raise Refusal(429, "Too much waits", f"{reason}. Nothing was done.", retry_after_s=RETRY_AFTER_S)
        event = Call(trunk=call.trunk, call_id=call.call_id, event="wrapup", wrapup=wrapup)
        await self._calls.record([new_event(about.location, event, about.now_ms)])
        self._wake()
        return {"status": "recorded", "call_id": call.call_id, "disposition": wrapup.disposition}

    async def _about(self, location: Location, contact_id: str | None) -> About:
        if contact_id is None:
            raise _refused("this workflow runs without a contact, and the action is about one")
        try:
            contact = await self._people.get_contact(location.id, contact_id)
        except ContactGoneError:
            raise _refused("the CRM knows no such contact any more") from None
        now_ms, number = self._now_ms(), e164(contact.phone or "", location.config.country)
        call = None
        if number is not None:
            call = await latest_call(self._calls, self._follow_up, location=location.id, number=number, now_ms=now_ms)
        return About(location, contact_id, number, call, now_ms)


def _read(key: str, asked: ActionCall) -> Sent:
    model = INPUTS.get(key)
    if model is None:
        raise Refusal(404, "Not found", f"There is no action {key[:64]!r}, only {', '.join(INPUTS)}. Nothing was done.")
    try:
        return model.model_validate(asked.data)
    except ValidationError as error:
        raise unfit([(f"data.{path}", message) for path, message in problems_of(error)]) from None


def _identity(key: str, asked: ActionCall, call: Call | None) -> bytes:
    """What tells one request from another, and not from its repeat.

    A pausing action's `statusId` is that of one run. Where there is none, the same step with the same words for the
    same contact is a repeat until the contact has another call.
    """
    extras = asked.extras
    latest = None if extras.status_id or call is None else call.call_id
    told: list[Any] = [key, extras.workflow_id, extras.contact_id, extras.step_id, extras.status_id, asked.data, latest]
    return blake2b(orjson.dumps(told, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def _no_call(about: About) -> str:
    """What stands for a call where there is none: one of each contact and day (UTC)."""
    return f"contact:{about.contact_id}:{datetime.fromtimestamp(about.now_ms / 1000, UTC).date()}"


def _no_number(about: About) -> Refusal:
    return _refused(f"contact {about.contact_id} has no full phone number")


def _refused(why: str) -> Refusal:
    return Refusal(422, "Cannot be done", f"Nothing was done: {why}.")
