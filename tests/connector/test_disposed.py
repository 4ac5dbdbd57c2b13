"""What agents say in the CRM itself becomes the wrap-up of the call it is about, and of no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest
import pytest_asyncio

from connector.crm_events.disposed import Disposed
from connector.disposed import WITHIN_MS, Dispositions, stated
from connector.store.follow_up import ReviewState
from connector.wrapup import TooMuchWaitsError, Wrapups
from mappings.call import Disposition, Wrapup
from mappings.words import USUAL, Words
from tests.connector.shift import Shift, on_shift
from tests.connector.stage import LOC, OTHER

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

HERE = Words({Disposition.NO_ANSWER: "Not reached"})


class Floor:
    """A shift whose agents tag contacts in the CRM."""

    def __init__(self, shift: Shift) -> None:
        self.shift = shift
        self.full: str | None = None
        self.wrapups = Wrapups(
            calls=shift.database.calls,
            records=shift.database,
            now_ms=shift.stage.clock,
            wake=lambda: None,
            full=lambda _: self.full,
        )
        self.dispositions = Dispositions(
            locations=shift.stage.locations,
            follow_up=shift.database.follow_up,
            calls=shift.database.calls,
            wrapups=self.wrapups,
            now_ms=shift.stage.clock,
        )

    async def says(self, text: str = "interested", *, ago_s: float = 0, **more: Any) -> None:
        """A tag is put on Ada, and what follows is carried."""
        told: dict[str, Any] = {"location": LOC, "contact_id": self.shift.stage.contact().id, "source": "tag"}
        at_ms = self.shift.stage.clock() - round(ago_s * 1000)
        await self.dispositions.hear(Disposed(key=f"tag:{text}", text=text, at_ms=at_ms, **told | more))
        await self.shift.stage.work()

    async def said(self, call_id: str) -> str | None:
        """The disposition that stands of a call."""
        kept = await self.shift.database.calls.get(LOC, call_id)
        assert kept is not None
        found = [part.event for part in kept.parts if part.event.startswith("wrapup:")]
        return found[0] if found else None


@pytest_asyncio.fixture
async def floor(tmp_path: Path) -> AsyncIterator[Floor]:
    async with on_shift(tmp_path) as shift:
        await shift.met()
        yield Floor(shift)


async def test_a_tag_is_in_the_calls_one_note_and_takes_the_review_back(floor: Floor) -> None:
    call = await floor.shift.call(60)
    assert [timer.key for timer in await floor.shift.timers()] == ["review"]
    await floor.says("not-interested")
    assert "Outcome: not interested (agent), Connected (trunk)" in floor.shift.note(call)
    assert await floor.shift.timers() == []
    await floor.shift.pass_s(600)
    assert await floor.shift.reviews() == []


async def test_a_tag_that_comes_later_resolves_the_review(floor: Floor) -> None:
    await floor.shift.call(60)
    await floor.shift.pass_s(600)
    assert len(await floor.shift.reviews()) == 1
    await floor.says("interested")
    (row,) = await floor.shift.reviews(states=list(ReviewState))
    assert (row.state, row.by, row.why) == (ReviewState.RESOLVED, "CRM tag", "disposition: interested")


async def test_the_same_tag_told_twice_is_one_word(floor: Floor) -> None:
    call = await floor.shift.call(60)
    await floor.says()
    floor.shift.asked()
    await floor.says()
    assert floor.shift.asked() == []
    assert len(await floor.shift.fixes(call)) == 1


async def test_it_costs_no_request_to_find_the_call(floor: Floor) -> None:
    await floor.shift.call(60)
    floor.shift.asked()
    await floor.says()
    assert [verb for verb in floor.shift.asked() if verb.startswith("GET")] == []


async def test_it_is_about_the_latest_call_and_no_other(floor: Floor) -> None:
    first = await floor.shift.call(60)
    await floor.shift.pass_s(60)
    second = await floor.shift.call(60)
    await floor.says()
    assert (await floor.said(first), await floor.said(second) is None) == (None, False)


async def test_where_the_agent_has_said_how_it_went_a_tag_changes_nothing(floor: Floor) -> None:
    call = await floor.shift.call(60)
    await floor.shift.wrap_up(call, "Sold")
    await floor.says("interested")
    assert "Outcome: Sold (agent)" in floor.shift.note(call)


async def test_notes_alone_leave_it_to_a_tag_and_keep_their_author(floor: Floor) -> None:
    call = await floor.shift.call(60)
    await floor.shift.wrap_up(call, notes="Two seats", agent="Ana")
    await floor.says("interested")
    note = floor.shift.note(call)
    assert "Outcome: interested (agent)" in note
    assert "Agent's notes: Two seats" in note
    assert "Agent: Ana" in note


@pytest.mark.parametrize(("late_ms", "counts"), [(0, True), (1, False)])
async def test_after_a_day_it_is_about_something_else(floor: Floor, late_ms: int, *, counts: bool) -> None:
    call = await floor.shift.call(60)
    await floor.shift.pass_s((WITHIN_MS + late_ms) / 1000)
    await floor.says()
    assert (await floor.said(call) is not None) is counts


async def test_what_was_said_before_the_call_began_is_not_about_it(floor: Floor) -> None:
    await floor.shift.pass_s(3600)
    call = await floor.shift.call(60)
    await floor.says(ago_s=600)
    assert await floor.said(call) is None


@pytest.mark.parametrize(
    "who", [{"contact_id": None}, {"contact_id": "nobody"}, {"location": OTHER}, {"location": "x"}]
)
async def test_of_nobody_and_of_neighbours_nothing_is_said(floor: Floor, who: dict[str, Any]) -> None:
    call = await floor.shift.call(60)
    await floor.says(**who)
    assert await floor.said(call) is None


async def test_where_too_much_waits_it_is_told_again(floor: Floor) -> None:
    call = await floor.shift.call(60)
    floor.full = "9 deliveries wait"
    with pytest.raises(TooMuchWaitsError):
        await floor.says()
    floor.full = None
    await floor.says()
    assert await floor.said(call) is not None


@pytest.mark.parametrize(
    ("source", "text", "disposition", "notes"),
    [
        ("tag", "not-interested", "not interested", None),
        ("note", "Disposition: Sold", "Sold", None),
        ("note", "DISPOSITION:sold\nTwo seats\nnext week", "sold", "Two seats\nnext week"),
        ("note", "No answer", "No answer", None),
        ("note", "not reached\ntry Monday", "not reached", "try Monday"),
        ("task", "Disposition: Sold", "Sold", None),
    ],
)
def test_what_states_a_disposition(
    source: Literal["tag", "note", "task"], text: str, disposition: str, notes: str | None
) -> None:
    said = stated(_told(source, text), HERE, "disposition:")
    assert said == Wrapup(disposition=disposition, notes=notes, agent=f"CRM {source}", at_ms=5)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("tag", " - "),
        ("note", "Called about the quote"),
        ("note", "The disposition: none yet"),
        ("note", "Disposition:"),
        ("task", "Call back +14155550111"),
    ],
)
def test_what_states_none(source: Literal["tag", "note", "task"], text: str) -> None:
    assert stated(_told(source, text), USUAL, "disposition:") is None


def test_without_a_prefix_a_note_states_what_has_a_name() -> None:
    assert stated(_told("note", "Disposition: Sold"), USUAL, None) is None
    assert stated(_told("note", "Busy"), USUAL, None) is not None


def _told(source: Literal["tag", "note", "task"], text: str) -> Disposed:
    return Disposed(key="k", location=LOC, contact_id="ada", source=source, text=text, at_ms=5)
