"""`/locations/{location}/dial-advice`: may I dial, until when not and why, and from which caller ID."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Field, PlainSerializer

from connector.api.access import no_location
from connector.api.route import Answer, Asked, Body, NotFoundError, Refusal, Route, Shown
from connector.api.scope import Scope
from connector.dialling import MOST, CannotAskError
from mappings.call import iso
from mappings.numbers import e164

if TYPE_CHECKING:
    from connector.dialling import Advised, DialAdvice
    from connector.locations import Location, LocationBook

RETRY_AFTER_S: Final = 5

Number = Annotated[str, Field(min_length=1, max_length=64)]


class AdviceQuery(Body):
    """About whom."""

    to: Number
    """The number to dial: E.164, or as it is written in the sub-account's country. A `+` that was not escaped is read
    as one."""
    check_dnd: bool = False
    """Ask the CRM for the contact's do-not-disturb, which costs a request or two; without it, what is known counts."""


class Numbers(Body):
    """About many at once; do-not-disturb as far as it is known."""

    to: Annotated[list[Number], Field(min_length=1, max_length=MOST)]
    """The numbers to dial."""


class Hold(Shown):
    """One thing that stands in the way of dialling now."""

    code: Literal["number", "dnd", "attempts", "suppressed", "callback", "quiet"]
    why: str
    until: str | None
    """When it ends by itself; null where something must change first."""


class Advice(Shown):
    """Whether to dial now, and how; times are ISO 8601 in UTC."""

    to: str
    """In E.164; as it was asked where it is no number."""
    allowed: bool
    until: str | None
    """If not allowed: when it first will be, as things stand; null where nothing says so."""
    holds: list[Hold]
    """All that stands in the way, what weighs most first."""
    attempts: int
    """Calls in a row that nobody answered."""
    attempts_left: int | None
    """null: as many as you like."""
    dnd: bool | None
    """The CRM's do-not-disturb for calls; null where it is not known."""
    avoid: list[str]
    """Caller IDs not to use for this number."""
    caller_id: str | None
    """The caller ID for the next call; null where the sub-account has none set."""
    caller_id_why: str | None
    callback_due: str | None
    last_call: str | None
    last_disposition: str | None


class AdviceList(Shown):
    """Advice about each number, in the order in which they were asked for."""

    advice: Annotated[list[Advice], PlainSerializer(lambda shown: shown)]


def routes(advice: DialAdvice, locations: LocationBook) -> tuple[Route, ...]:
    """The routes of the dial advice."""
    handlers = _Handlers(advice, locations)
    path, scope = "/locations/{location}/dial-advice", Scope.DIAL_READ
    return (
        Route("GET", path, scope, "May this number be dialled now?", handlers.one, Advice, AdviceQuery),
        Route("POST", path, scope, f"The same for up to {MOST} numbers", handlers.many, AdviceList, body=Numbers),
    )


class _Handlers:
    def __init__(self, advice: DialAdvice, locations: LocationBook) -> None:
        self._advice = advice
        self._locations = locations

    async def one(self, asked: Asked) -> Answer:
        location = await self._location(asked)
        query = asked.query_as(AdviceQuery)
        # In a query, a plus that was not escaped stands for a blank.
        text = f"+{query.to[1:]}" if query.to.startswith(" ") else query.to
        number = e164(text, location.config.country)
        if number is None:
            raise Refusal(
                400,
                "Bad request",
                f"{text[:64]!r} is no full phone number. Nothing can be said about it: write it in E.164, such as "
                "%2B14155550100, or set the sub-account's country.",
                fields=[("to", "must be a full phone number")],
            )
        try:
            advised = await self._advice.one(location, number, check_dnd=query.check_dnd)
        except CannotAskError as error:
            raise _cannot_ask(error) from None
        return Answer(Advice.model_validate(_shown(advised)))

    async def many(self, asked: Asked) -> Answer:
        location = await self._location(asked)
        try:
            advised = await self._advice.many(location, asked.body_as(Numbers).to)
        except CannotAskError as error:
            raise _cannot_ask(error) from None
        # Not as a thousand models, which take longer to make than all the rest.
        shown: list[Any] = list(map(_shown, advised))
        return Answer(AdviceList.model_construct(advice=shown))

    async def _location(self, asked: Asked) -> Location:
        name = asked.path["location"]
        location = await self._locations.get(name)
        if location is None:
            raise NotFoundError(no_location(name))
        return location


def _cannot_ask(error: CannotAskError) -> Refusal:
    return Refusal(
        503,
        "Cannot advise now",
        f"{str(error)[:1].upper()}{str(error)[1:]}. Nothing says whether this number may be dialled now: ask again, "
        "without check_dnd, or set the sub-account's time_zone.",
        retry_after_s=RETRY_AFTER_S,
    )


def _shown(advised: Advised) -> dict[str, Any]:
    """The fields of `Advice`."""
    told, history = advised
    shown = told.surface()
    shown["callback_due"] = iso(history.callback_due_ms)
    shown["last_call"] = iso(history.last_call_ms)
    shown["last_disposition"] = history.last_disposition
    return shown
