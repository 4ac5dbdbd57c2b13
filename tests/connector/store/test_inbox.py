"""The CRM's events, as every engine keeps them."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import pytest_asyncio

from connector.store import StoreError
from connector.store.inbox import KEEP_MS, Arrival, EventState, KnownTags, Put, TagsSeen, Taken
from connector.store.migrate import migrate
from connector.store.queries import statements
from connector.store.sqlite import SqliteStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.store.database import Database
    from connector.store.inbox import Inbox

NOW = 1_800_000_000_000
LATER = NOW + 60_000
HOUR = 3_600_000
LOC = "loc-a"
CONTACT = "contact-1"


@pytest_asyncio.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    """An empty one."""
    made = await SqliteStore.open(tmp_path / "ringback.db")
    yield made
    await made.close()


@pytest.fixture
def inbox(database: Database) -> Inbox:
    return database.inbox


def arrival(key: str = "app/1", state: EventState = EventState.WAITING, **more: Any) -> Arrival:
    """An event of loc-a, just come."""
    usual = {"type": "NoteCreate", "location": LOC, "at_ms": NOW - 1, "received_ms": NOW, "body": b"{}"}
    return Arrival(key=key, state=state, **{**usual, **more})


async def take(inbox: Inbox, *, now_ms: int = NOW, limit: int = 100) -> list[Taken]:
    return await inbox.take(now_ms=now_ms, until_ms=now_ms + 60_000, limit=limit)


async def one(inbox: Inbox, **more: Any) -> Taken:
    """An event, taken."""
    await inbox.put(arrival(**more))
    return (await take(inbox))[0]


async def states(inbox: Inbox) -> list[str]:
    return [row.state.value for row in await inbox.page()]


# Keeping


async def test_an_event_is_kept_as_it_came(inbox: Inbox) -> None:
    await inbox.put(arrival(body=b"\x00\xff", at_ms=None, location=None))
    (row,) = await inbox.page()
    assert (
        row.key,
        row.type,
        row.location,
        row.state,
        row.tries,
        row.due_ms,
        row.at_ms,
        row.received_ms,
        row.body,
    ) == (
        "app/1",
        "NoteCreate",
        None,
        EventState.WAITING,
        0,
        NOW,
        None,
        NOW,
        b"\x00\xff",
    )


async def test_it_is_on_disk(tmp_path: Path) -> None:
    before = await SqliteStore.open(tmp_path / "ringback.db")
    await before.inbox.put(arrival())
    await before.close()
    after = await SqliteStore.open(tmp_path / "ringback.db")
    assert len(await take(after.inbox)) == 1
    await after.close()


@pytest.mark.parametrize("state", [EventState.WAITING, EventState.IGNORED, EventState.PARKED])
async def test_a_key_is_kept_once(inbox: Inbox, state: EventState) -> None:
    first = await inbox.put(arrival(state=state, body=b"1"))
    again = await inbox.put(arrival(state=state, body=b"2", type="other"))
    assert (first, again, len(await inbox.page())) == (Put.KEPT, Put.DUPLICATE, 1)


async def test_what_is_only_remembered_has_no_body(inbox: Inbox) -> None:
    await inbox.put(arrival(state=EventState.IGNORED, reason="not ours"))
    (row,) = await inbox.page()
    assert (row.body, row.due_ms, row.reason) == (b"", None, "not ours")


async def test_no_more_wait_than_may(inbox: Inbox) -> None:
    await inbox.put(arrival("1"))
    await inbox.put(arrival("2", EventState.PARKED))
    assert await inbox.put(arrival("3"), most=2) is Put.FULL
    assert [row.key for row in await inbox.page()] == ["1", "2"]


async def test_what_is_kept_already_is_known_also_when_it_is_full(inbox: Inbox) -> None:
    await inbox.put(arrival("1"))
    assert await inbox.put(arrival("1"), most=1) is Put.DUPLICATE


async def test_what_is_done_takes_no_room(inbox: Inbox) -> None:
    await inbox.finish(await one(inbox), EventState.DONE, now_ms=NOW)
    assert await inbox.put(arrival("2"), most=1) is Put.KEPT


async def test_what_is_done_is_remembered_for_its_time_and_then_forgotten(inbox: Inbox) -> None:
    await inbox.finish(await one(inbox), EventState.DONE, now_ms=LATER)
    assert await inbox.put(arrival(received_ms=NOW + KEEP_MS - 1)) is Put.DUPLICATE
    assert await inbox.put(arrival(received_ms=NOW + KEEP_MS)) is Put.KEPT


@pytest.mark.parametrize("state", [EventState.WAITING, EventState.PARKED])
async def test_what_is_unfinished_is_never_forgotten(inbox: Inbox, state: EventState) -> None:
    await inbox.put(arrival(state=state))
    assert await inbox.put(arrival(received_ms=NOW + 1000 * KEEP_MS)) is Put.DUPLICATE


# Taking


async def test_what_is_due_is_taken_the_longest_due_first(inbox: Inbox) -> None:
    for key, received_ms in (("late", NOW), ("early", NOW - 1), ("not yet", NOW + 1)):
        await inbox.put(arrival(key, received_ms=received_ms, body=key.encode()))
    assert [taken.body for taken in await take(inbox)] == [b"early", b"late"]


async def test_no_more_than_asked_for(inbox: Inbox) -> None:
    for key in "abc":
        await inbox.put(arrival(key))
    assert len(await take(inbox, limit=2)) == 2


async def test_what_is_taken_is_nobody_elses_until_its_lease_is_over(inbox: Inbox) -> None:
    first = await one(inbox)
    assert await take(inbox, now_ms=LATER - 1) == []
    (again,) = await take(inbox, now_ms=LATER)
    assert (again.id, again.tries) == (first.id, 2)


@pytest.mark.parametrize("state", [EventState.IGNORED, EventState.PARKED])
async def test_only_what_waits_is_taken(inbox: Inbox, state: EventState) -> None:
    await inbox.put(arrival(state=state))
    assert await take(inbox) == []


async def test_at_a_start_what_the_dead_held_is_due(inbox: Inbox) -> None:
    await one(inbox)
    assert await inbox.lapse(now_ms=NOW + 1) == 1
    assert len(await take(inbox, now_ms=NOW + 1)) == 1


async def test_a_lease_that_ended_is_not_ended_again(inbox: Inbox) -> None:
    await inbox.retry(await one(inbox), reason="later", due_ms=LATER)
    assert await inbox.lapse(now_ms=NOW + 1) == 0


# Giving back


@pytest.mark.parametrize(("state", "body"), [("done", b""), ("ignored", b""), ("parked", b"{}")])
async def test_an_end_is_written_down(inbox: Inbox, state: str, body: bytes) -> None:
    assert await inbox.finish(await one(inbox), EventState(state), reason="why", now_ms=NOW)
    (row,) = await inbox.page()
    assert (row.state.value, row.reason, row.due_ms, row.body) == (state, "why", None, body)


async def test_a_later_try_is_written_down(inbox: Inbox) -> None:
    assert await inbox.retry(await one(inbox), reason="why", due_ms=LATER)
    (row,) = await inbox.page()
    assert (row.state, row.reason, row.due_ms, row.tries) == (EventState.WAITING, "why", LATER, 1)


async def test_who_slept_past_the_lease_writes_nothing(inbox: Inbox) -> None:
    slow = await one(inbox)
    await take(inbox, now_ms=LATER)
    seen = TagsSeen(location=LOC, contact_id=CONTACT, tags=frozenset({"d:a"}), at_ms=NOW)
    assert not await inbox.finish(slow, EventState.DONE, seen=seen, now_ms=LATER)
    assert not await inbox.retry(slow, reason="why", due_ms=LATER)
    assert (await states(inbox), await inbox.tags(LOC, CONTACT)) == (["waiting"], KnownTags())


async def test_an_end_is_written_once(inbox: Inbox) -> None:
    taken = await one(inbox)
    await inbox.finish(taken, EventState.DONE, now_ms=NOW)
    assert not await inbox.finish(taken, EventState.PARKED, now_ms=NOW)


async def test_when_something_falls_due_next(inbox: Inbox) -> None:
    assert await inbox.next_due_ms() is None
    taken = await one(inbox)
    assert await inbox.next_due_ms() == LATER
    await inbox.retry(taken, reason="", due_ms=LATER + 5)
    assert await inbox.next_due_ms() == LATER + 5


# Repair


async def test_lists_are_by_id_and_by_page(inbox: Inbox) -> None:
    for number in range(5):
        await inbox.put(arrival(str(number), EventState.PARKED if number % 2 else EventState.WAITING))
    first = await inbox.page(limit=3)
    rest = await inbox.page(limit=3, after=first[-1].id)
    assert [row.key for row in first + rest] == ["0", "1", "2", "3", "4"]


async def test_lists_can_be_of_one_state_and_one_sub_account(inbox: Inbox) -> None:
    await inbox.put(arrival("a", EventState.PARKED))
    await inbox.put(arrival("b", EventState.PARKED, location="loc-b"))
    await inbox.put(arrival("c"))
    shown = [
        [row.key for row in rows]
        for rows in (
            await inbox.page(state=EventState.PARKED),
            await inbox.page(location=LOC),
            await inbox.page(state=EventState.PARKED, location="loc-b"),
        )
    ]
    assert shown == [["a", "b"], ["a", "c"], ["b"]]


async def test_what_is_parked_can_wait_again(inbox: Inbox) -> None:
    taken = await one(inbox)
    await inbox.finish(taken, EventState.PARKED, reason="why", now_ms=NOW)
    assert await inbox.replay(taken.id, now_ms=LATER)
    (again,) = await take(inbox, now_ms=LATER)
    assert (again.tries, again.received_ms, again.body) == (1, NOW, b"{}")


async def test_or_be_dismissed(inbox: Inbox) -> None:
    await inbox.put(arrival(state=EventState.PARKED, reason="why"))
    (row,) = await inbox.page()
    assert await inbox.dismiss(row.id, now_ms=NOW)
    (row,) = await inbox.page()
    assert (row.state, row.reason, row.body) == (EventState.IGNORED, "why", b"")


async def test_only_what_is_parked_can(inbox: Inbox) -> None:
    await inbox.put(arrival())
    (row,) = await inbox.page()
    assert not await inbox.replay(row.id, now_ms=NOW)
    assert not await inbox.dismiss(row.id, now_ms=NOW)


async def test_how_many_there_are(inbox: Inbox) -> None:
    taken = await one(inbox)
    await inbox.put(arrival("2", EventState.PARKED))
    await inbox.put(arrival("3", EventState.IGNORED))
    await inbox.finish(taken, EventState.DONE, now_ms=NOW)
    await inbox.put(arrival("4", received_ms=NOW + KEEP_MS))  # forgets the two that are finished
    assert await inbox.counts() == {
        EventState.WAITING: 1,
        EventState.DONE: 0,
        EventState.IGNORED: 0,
        EventState.PARKED: 1,
    }


# Tags


async def see(inbox: Inbox, *tags: str, at_ms: int = NOW) -> None:
    """An event that showed these tags."""
    taken = await one(inbox, key=f"tags at {at_ms} {tags}")
    seen = TagsSeen(location=LOC, contact_id=CONTACT, tags=frozenset(tags), at_ms=at_ms)
    await inbox.finish(taken, EventState.DONE, seen=seen, now_ms=NOW)


async def test_tags_are_as_last_seen(inbox: Inbox) -> None:
    await see(inbox, "d:a")
    await see(inbox, "d:b", at_ms=NOW + 1)
    assert await inbox.tags(LOC, CONTACT) == KnownTags(frozenset({"d:b"}), NOW + 1)


async def test_an_older_list_changes_nothing(inbox: Inbox) -> None:
    await see(inbox, "d:a")
    await see(inbox, "d:b", at_ms=NOW - 1)
    assert await inbox.tags(LOC, CONTACT) == KnownTags(frozenset({"d:a"}), NOW)


async def test_our_own_tags_are_known_beside_those_seen(inbox: Inbox) -> None:
    await inbox.wrote_tags(LOC, CONTACT, ["d:x"], now_ms=NOW)
    assert await inbox.tags(LOC, CONTACT) == KnownTags(frozenset(), None, {"d:x": NOW})
    await see(inbox, "d:a")
    assert await inbox.tags(LOC, CONTACT) == KnownTags(frozenset({"d:a"}), NOW, {"d:x": NOW})


async def test_neighbours_have_tags_of_their_own(inbox: Inbox) -> None:
    await see(inbox, "d:a")
    await inbox.wrote_tags(LOC, CONTACT, ["d:x"], now_ms=NOW)
    assert await inbox.tags("loc-b", CONTACT) == KnownTags()


async def test_a_contact_without_tags_is_forgotten_after_a_while(inbox: Inbox) -> None:
    await see(inbox)
    await inbox.put(arrival("later", received_ms=NOW + KEEP_MS))
    assert await inbox.tags(LOC, CONTACT) == KnownTags()


async def test_one_with_tags_is_not(inbox: Inbox) -> None:
    await see(inbox, "d:a")
    await inbox.put(arrival("later", received_ms=NOW + 1000 * KEEP_MS))
    assert (await inbox.tags(LOC, CONTACT)).tags == {"d:a"}


async def test_tags_of_ours_are_forgotten_after_a_while(inbox: Inbox) -> None:
    await inbox.wrote_tags(LOC, CONTACT, ["d:x"], now_ms=NOW)
    await inbox.wrote_tags(LOC, CONTACT, ["d:y"], now_ms=NOW + KEEP_MS)
    assert (await inbox.tags(LOC, CONTACT)).ours == {"d:y": NOW + KEEP_MS}


# The engine


@pytest.mark.parametrize("name", statements("inbox"))
def test_no_statement_reads_everything(name: str) -> None:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as db:
        migrate(db)
        plan = db.execute(f"EXPLAIN QUERY PLAN {statements('inbox')[name]}", defaultdict(lambda: 1)).fetchall()
    steps = "; ".join(step[3] for step in plan)
    few = ("SCAN inbox_counts", "SCAN inbox USING INDEX inbox_leased")
    assert not [step[3] for step in plan if step[3].startswith("SCAN inbox") and not step[3].startswith(few)]
    assert "SCAN contact_tags" not in steps


async def test_what_is_closed_takes_nothing(tmp_path: Path) -> None:
    database = await SqliteStore.open(tmp_path / "ringback.db")
    await database.close()
    with pytest.raises(StoreError):
        await database.inbox.put(arrival())
