"""`/locations/{location}/reviews`: the calls that a manager should look at."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Final, Literal

from pydantic import Field, model_validator

from connector.api.route import MOST, Answer, Asked, Body, NotFoundError, Page, Refusal, Route, Shown
from connector.api.scope import Scope
from connector.store.follow_up import UNSETTLED, ReviewState
from mappings.call import iso

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

    from connector.store.follow_up import FollowUp, ReviewRow

_PATH: Final = "/locations/{location}/reviews"
_ALL: Final = frozenset(ReviewState)
_STATES: Final[Mapping[str, frozenset[ReviewState]]] = {
    "unsettled": UNSETTLED,
    "all": _ALL,
} | {state.value: frozenset({state}) for state in ReviewState}
_VERBS: Final[Mapping[str, tuple[ReviewState, str]]] = {
    "claim": (ReviewState.CLAIMED, "Take a review on"),
    "release": (ReviewState.OPEN, "Put a review back"),
    "resolve": (ReviewState.RESOLVED, "Resolve a review"),
    "dismiss": (ReviewState.DISMISSED, "Dismiss a review, with a reason"),
}

Who = Annotated[str, Field(min_length=1, max_length=128)]
Why = Annotated[str, Field(max_length=500)]
Version = Annotated[int, Field(ge=1, lt=2**63)]


class ReviewQuery(Page):
    """Which reviews."""

    state: Literal["unsettled", "open", "claimed", "resolved", "dismissed", "all"] = "unsettled"
    """In this state only; `unsettled` is open or claimed."""
    by: Who | None = None
    """Last changed by this person: with `state=claimed`, what they took on."""
    older_than_s: Annotated[int, Field(ge=0, lt=2**40)] = 0
    """On the queue for at least so many seconds."""


class Review(Shown):
    """A call that a manager should look at."""

    id: int
    call_id: str
    reason: str
    contact_id: str | None
    agent: str | None
    talk_s: float | None
    ended: str | None
    queued: str | None
    age_s: int
    """How long it has been on the queue."""
    state: ReviewState
    version: int
    """Grows with each change."""
    by: str | None
    """Who changed it last."""
    changed: str | None
    why: str | None


class ReviewList(Shown):
    """Reviews by id, ascending: those longest on the queue first."""

    reviews: list[Review]


class ReviewCounts(Shown):
    """How much wants somebody."""

    open: int
    claimed: dict[str, int]
    """By whom."""
    oldest: str | None
    oldest_age_s: int | None


class Change(Body):
    """A change of one review."""

    by: Who | None = None
    """For whom: a user's id or name; who asks (the API key) when not given."""
    reason: Why = ""
    """Why; a dismissal needs one."""
    version: Version | None = None
    """Only if it is still this version. Without it, what somebody else has claimed is not taken over."""


class ManyChanges(Change):
    """One change of many reviews."""

    version: None = None
    """Each review has its own."""
    to: Literal["claim", "release", "resolve", "dismiss"]
    """What to do with them."""
    reviews: Annotated[dict[Annotated[int, Field(ge=1, lt=2**63)], Version], Field(min_length=1, max_length=MOST)]
    """The version of each as it was seen, by its id."""

    @model_validator(mode="after")
    def _with_reason(self) -> Self:
        if self.to == "dismiss" and not self.reason.strip():
            raise ValueError("a dismissal needs a reason")
        return self


class ManyChanged(Shown):
    """What became of each."""

    changed: list[int]
    unchanged: list[int]
    """Somebody was faster, it is settled, or there is no such review."""


def routes(follow_up: FollowUp, now_ms: Callable[[], int]) -> tuple[Route, ...]:
    """The routes of the review queue."""
    handlers = _Handlers(follow_up, now_ms)
    read, write = Scope.REVIEW_READ, Scope.REVIEW_WRITE
    return (
        Route("GET", _PATH, read, "The review queue", handlers.listed, ReviewList, ReviewQuery),
        Route("GET", f"{_PATH}/counts", read, "How much is on the review queue", handlers.counted, ReviewCounts),
        Route("GET", f"{_PATH}/{{id}}", read, "One review", handlers.one, Review),
        Route("POST", f"{_PATH}/changes", write, "Change many reviews", handlers.many, ManyChanged, body=ManyChanges),
        *(
            Route(
                "POST",
                f"{_PATH}/{{id}}/{verb}",
                write,
                summary,
                partial(handlers.change, to),
                Review,
                body=Change,
                refusals=(409,),
            )
            for verb, (to, summary) in _VERBS.items()
        ),
    )


class _Handlers:
    def __init__(self, follow_up: FollowUp, now_ms: Callable[[], int]) -> None:
        self._follow_up = follow_up
        self._now_ms = now_ms

    async def listed(self, asked: Asked) -> Answer:
        query = asked.query_as(ReviewQuery)
        rows = await self._follow_up.list_reviews(
            asked.path["location"], states=_STATES[query.state], by=query.by, limit=query.limit, after=query.after
        )
        now_ms = self._now_ms()
        latest_ms = now_ms - query.older_than_s * 1000
        return Answer(ReviewList(reviews=[shown_review(row, now_ms) for row in rows if row.put_ms <= latest_ms]))

    async def counted(self, asked: Asked) -> Answer:
        counts = await self._follow_up.review_counts(asked.path["location"])
        oldest_ms = counts.oldest_ms
        age_s = None if oldest_ms is None else _age_s(oldest_ms, self._now_ms())
        return Answer(
            ReviewCounts(open=counts.open, claimed=dict(counts.claimed), oldest=iso(oldest_ms), oldest_age_s=age_s)
        )

    async def one(self, asked: Asked) -> Answer:
        return Answer(shown_review(await self._row(asked), self._now_ms()))

    async def change(self, to: ReviewState, asked: Asked) -> Answer:
        wish = asked.body_as(Change)
        if to is ReviewState.DISMISSED and not wish.reason.strip():
            raise Refusal(
                422,
                "Not valid",
                "A dismissal needs a reason: whoever looks later should know why. Nothing was changed.",
                fields=[("reason", "is needed to dismiss a review")],
            )
        row = await self._row(asked)
        by = wish.by or asked.access.who
        if wish.version is None and row.state is ReviewState.CLAIMED and row.by != by:
            raise _taken(row)
        changed = await self._follow_up.change_reviews(
            row.location,
            {row.id: wish.version or row.version},
            to=to,
            by=by,
            reason=wish.reason.strip(),
            now_ms=self._now_ms(),
        )
        row = await self._row(asked)
        if not changed:
            raise _not_changed(row)
        return Answer(shown_review(row, self._now_ms()))

    async def many(self, asked: Asked) -> Answer:
        wish = asked.body_as(ManyChanges)
        changed = await self._follow_up.change_reviews(
            asked.path["location"],
            wish.reviews,
            to=_VERBS[wish.to][0],
            by=wish.by or asked.access.who,
            reason=wish.reason.strip(),
            now_ms=self._now_ms(),
        )
        return Answer(ManyChanged(changed=changed, unchanged=sorted(wish.reviews.keys() - set(changed))))

    async def _row(self, asked: Asked) -> ReviewRow:
        number = asked.number("id")
        rows = await self._follow_up.list_reviews(asked.path["location"], states=_ALL, limit=1, after=number - 1)
        if not rows or rows[0].id != number:
            raise NotFoundError(f"There is no review {number} that this key may see.")
        return rows[0]


def _taken(row: ReviewRow) -> Refusal:
    return Refusal(
        409,
        "Taken",
        f"Review {row.id} was claimed by {row.by}. Nothing was changed: leave it to them, or send its version "
        f"({row.version}) to take it over.",
    )


def _not_changed(row: ReviewRow) -> Refusal:
    if row.state not in UNSETTLED:
        why = f"it was {row.state.value} by {row.by} already, and stays so"
    else:
        why = f"somebody changed it meanwhile (version {row.version}): look at it again"
    return Refusal(409, "Not changed", f"Review {row.id} was not changed: {why}.")


def _age_s(put_ms: int, now_ms: int) -> int:
    return max(0, now_ms - put_ms) // 1000


def shown_review(row: ReviewRow, now_ms: int) -> Review:
    """A review as the API shows it."""
    return Review(
        id=row.id,
        call_id=row.call_id,
        reason=row.reason,
        contact_id=row.contact_id,
        agent=row.agent,
        talk_s=row.talk_s,
        ended=iso(row.ended_ms),
        queued=iso(row.put_ms),
        age_s=_age_s(row.put_ms, now_ms),
        state=row.state,
        version=row.version,
        by=row.by,
        changed=iso(row.changed_ms),
        why=row.why,
    )
