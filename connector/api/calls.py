"""`/locations/{location}/calls`: calls with all that is known of them, and what agents add."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import AwareDatetime, ConfigDict, Field, model_validator

from connector.api.access import no_location
from connector.api.deliveries import DeliveryWithLedger, delivery_json, ledger_json
from connector.api.reviews import Review, shown_review
from connector.api.route import MOST, Answer, Asked, Body, NotFoundError, Refusal, Route, Shown, unfit
from connector.api.scope import Scope
from connector.api.timers import Timer, shown_timer
from connector.store import State  # noqa: TC001 - pydantic reads it
from connector.wrapup import TooMuchWaitsError, UnknownCallError, as_known
from mappings.call import Call, Wrapup, iso
from mappings.facts import agent
from mappings.steps import is_workflow_name
from mappings.words import USUAL

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Self

    from connector.locations import Location, LocationBook
    from connector.store.calls import KeptCall
    from connector.store.database import Database
    from connector.wrapup import Added, Wrapups
    from mappings.words import Words

RETRY_AFTER_S: Final = 60
_DAY_S: Final = 86_400
_FURTHEST_S: Final = 731 * _DAY_S

Id = Annotated[int, Field(ge=0, lt=2**63)]


class CallQuery(Body):
    """Which calls: the newest first, or those since one."""

    limit: Annotated[int, Field(ge=1, le=MOST)] = 100
    """How many at most."""
    after: Id | None = None
    """Those after this id, the oldest first: to follow calls as they end."""
    before: Id | None = None
    """Those before this id, the newest first: the next page of the newest."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.after is not None and self.before is not None:
            raise ValueError("after and before exclude one another")
        return self


class WrapupShown(Shown):
    """What the agent added."""

    disposition: str | None
    notes: str | None
    next_step: str | None
    due: str | None
    workflow: str | None
    agent: str | None
    at: str | None


class Facts(Shown):
    """A call, or one event of it, as its trunk tells it."""

    model_config = ConfigDict(serialize_by_alias=True)

    trunk: str
    call_id: str | None
    event: str
    direction: str | None
    from_: str | None = Field(alias="from")
    to: str | None
    start: str | None
    answer: str | None
    end: str | None
    duration_s: float | None
    """Talk time; 0 where nobody answered."""
    ring_s: float | None
    q850: int | None
    sip: int | None
    amd: str | None
    notes: list[str]
    """What was inferred."""
    wrapup: WrapupShown | None = None


class CallShown(Shown):
    """A call."""

    call_id: str
    id: int | None
    """Of the delivery of its end; null while it has not ended."""
    disposition: str | None
    """How it ended, as it is called here: in the agent's words, or by what the trunk told."""
    agent: str | None
    recording_url: str | None
    contact_id: str | None
    state: State | None
    """Where the delivery of its end stands."""
    reason: str | None
    received: str | None
    facts: Facts


class CallList(Shown):
    """Calls that ended."""

    calls: list[CallShown]


class EventShown(Shown):
    """One event of a call besides its end."""

    event: str
    received: str | None
    facts: Facts


class WholeCall(CallShown):
    """A call with its events, what became of them, and what is to follow."""

    events: list[EventShown]
    deliveries: list[DeliveryWithLedger]
    timers: list[Timer]
    reviews: list[Review]


class NextStep(Body):
    """What is to follow."""

    kind: Literal["callback", "enrol", "do_not_call", "none"]
    at: AwareDatetime | None = None
    """When to call back; on the next business day when not given."""
    workflow: Annotated[str, Field(pattern="^[A-Za-z0-9_-]{1,64}$")] | None = None
    """Which workflow: its id, or the name that the sub-account's settings give it."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.at is not None and self.kind != "callback":
            raise ValueError("only a callback has a time (at)")
        if (self.workflow is not None) != (self.kind == "enrol"):
            raise ValueError("enrol needs a workflow, and nothing else has one")
        return self


class WrapupBody(Body):
    """What an agent adds to a call; what is not given stays as it was."""

    disposition: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    """How it went: one of the dispositions, or any other word."""
    notes: Annotated[str, Field(min_length=1, max_length=4000)] | None = None
    """What was said; may have several lines."""
    next_step: NextStep | None = None
    agent: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    """Whose words these are."""

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.disposition is None and self.notes is None and self.next_step is None:
            raise ValueError("says nothing: give a disposition, notes or a next_step")
        return self


class WrapupTaken(Shown):
    """What stands of the agent's words now; they are on their way to the CRM."""

    call_id: str
    event: str
    """The key of the event that they are."""
    status: Literal["recorded", "known"]
    """`known`: all of it stood already, and nothing was added."""
    wrapup: WrapupShown


def routes(
    database: Database, wrapups: Wrapups, locations: LocationBook, now_ms: Callable[[], int]
) -> tuple[Route, ...]:
    """The routes of calls."""
    handlers = _Handlers(database, wrapups, locations, now_ms)
    path, read = "/locations/{location}/calls", Scope.DELIVERIES_READ
    return (
        Route("GET", path, read, "Calls", handlers.listed, CallList, CallQuery),
        Route("GET", f"{path}/{{call_id}}", read, "One call, with all that is known of it", handlers.one, WholeCall),
        Route(
            "POST",
            f"{path}/{{call_id}}/wrapup",
            Scope.CALLS_WRITE,
            "Add an agent's disposition, notes and next step",
            handlers.wrap_up,
            WrapupTaken,
            body=WrapupBody,
            status=202,
        ),
    )


class _Handlers:
    def __init__(
        self, database: Database, wrapups: Wrapups, locations: LocationBook, now_ms: Callable[[], int]
    ) -> None:
        self._database = database
        self._wrapups = wrapups
        self._locations = locations
        self._now_ms = now_ms

    async def listed(self, asked: Asked) -> Answer:
        query, location = asked.query_as(CallQuery), asked.path["location"]
        kept = await self._database.calls.page(location, limit=query.limit, after=query.after, before=query.before)
        words = await self._words(location)
        return Answer(CallList(calls=[CallShown.model_validate(self._call(one, words)) for one in kept]))

    async def one(self, asked: Asked) -> Answer:
        location, call_id = asked.path["location"], asked.path["call_id"]
        kept = await self._database.calls.get(location, call_id)
        if kept is None:
            raise _no_call(call_id)
        follow_up, now_ms = self._database.follow_up, self._now_ms()
        told = self._call(kept, await self._words(location)) | {
            "events": [
                {"event": part.event, "received": iso(part.received_ms), "facts": Call.from_json(part.call).facts()}
                for part in kept.parts
            ],
            "deliveries": [
                delivery_json(row) | {"ledger": list(map(ledger_json, await self._database.ledger(row.id)))}
                for row in kept.deliveries
            ],
            "timers": list(map(shown_timer, await follow_up.list_timers(location, call_id=call_id))),
            "reviews": [shown_review(row, now_ms) for row in await follow_up.reviews_of_call(location, call_id)],
        }
        return Answer(WholeCall.model_validate(told))

    async def wrap_up(self, asked: Asked) -> Answer:
        location = await self._locations.get(asked.path["location"])
        if location is None:
            raise NotFoundError(no_location(asked.path["location"]))
        said = self._said(asked.body_as(WrapupBody), location)
        call_id = asked.path["call_id"]
        try:
            return Answer(_taken(await self._wrapups.add(location.id, call_id, said)))
        except UnknownCallError:
            raise _no_call(call_id) from None
        except TooMuchWaitsError as error:
            raise Refusal(
                429,
                "Too much waits",
                f"{error}. Nothing was added: send it again later.",
                retry_after_s=RETRY_AFTER_S,
            ) from None

    def _said(self, body: WrapupBody, location: Location) -> Wrapup:
        """The body as a wrap-up.

        Raises:
            Refusal: 422, something of it cannot be.
        """
        step = body.next_step or None
        problems = [] if step is None else list(_problems(step, location, self._now_ms() / 1000))
        said = Wrapup(
            disposition=body.disposition,
            notes=body.notes,
            next_step=None if step is None else step.kind.replace("_", " "),
            due_ms=None if step is None or step.at is None else round(step.at.timestamp() * 1000),
            workflow=None if step is None else step.workflow,
            agent=body.agent,
        )
        given = [name for name in ("disposition", "notes", "agent") if getattr(body, name) is not None]
        problems += [(name, "has no character that can be read") for name in given if getattr(said, name) is None]
        if problems:
            raise unfit(problems)
        return said

    async def _words(self, location: str) -> Words:
        found = await self._locations.get(location)
        return USUAL if found is None else found.config.words

    def _call(self, kept: KeptCall, words: Words) -> dict[str, Any]:
        call, end = as_known(kept, now_ms=self._now_ms()), kept.end
        return {
            "call_id": kept.call_id,
            "id": None if end is None else end.id,
            "disposition": words.shown(call),
            "agent": agent(call),
            "recording_url": call.recording_url,
            "contact_id": None if end is None else end.contact_id,
            "state": None if end is None else end.state,
            "reason": None if end is None else end.reason,
            "received": iso(kept.parts[0].received_ms if end is None else end.received_ms),
            "facts": call.facts(),
        }


def _problems(step: NextStep, location: Location, now_s: float) -> list[tuple[str, str]]:
    """What a next step cannot be in this sub-account, or now."""
    found = []
    if step.at is not None and not now_s - _DAY_S <= step.at.timestamp() <= now_s + _FURTHEST_S:
        found.append(("next_step.at", "must be a time to come, within two years"))
    workflows = location.config.workflows
    if step.workflow is not None and is_workflow_name(step.workflow) and step.workflow not in workflows:
        known = ", ".join(workflows) or "none"
        found.append(("next_step.workflow", f"is no workflow that this sub-account's settings name; they are: {known}"))
    return found


def _taken(added: Added) -> WrapupTaken:
    assert added.call.wrapup is not None  # noqa: S101 - for the type checker: something was said
    return WrapupTaken(
        call_id=str(added.call.call_id),
        event=added.event,
        status="recorded" if added.new else "known",
        wrapup=WrapupShown.model_validate(added.call.wrapup.facts()),
    )


def _no_call(call_id: str) -> NotFoundError:
    return NotFoundError(
        f"No call {call_id[:256]!r} of this sub-account is kept: it was never told, or was forgotten by now. Nothing "
        "was changed: look at the id, it is the trunk's own."
    )
