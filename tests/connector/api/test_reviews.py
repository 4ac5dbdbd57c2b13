"""The review queue over HTTP: seen, claimed, put back, settled, by whoever saw it as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connector.store.follow_up import PutReview
from tests.connector.api.bench import NOW

if TYPE_CHECKING:
    from tests.connector.api.bench import Bench, Told

QUEUE = "/locations/LOC1/reviews"


async def put(bench: Bench, call_id: str = "call-1", *, location: str = "LOC1") -> int:
    """A call on review; the entry's id."""
    review = PutReview(reason="no disposition", contact_id="ada", agent="Kim", ended_ms=bench.clock(), talk_s=60)
    await bench.database.follow_up.put_review(location, call_id, review, lane="+1", now_ms=bench.clock())
    (row,) = await bench.database.follow_up.reviews_of_call(location, call_id)
    return row.id


async def change(bench: Bench, number: int, verb: str, **body: Any) -> Told:
    return await bench.ask(f"{QUEUE}/{number}/{verb}", method="POST", body=body)


async def queue(bench: Bench, query: str = "") -> list[int]:
    return [one["id"] for one in (await bench.ask(f"{QUEUE}{query}")).body["reviews"]]


async def test_an_entry_shows_what_a_manager_needs(bench: Bench) -> None:
    number = await put(bench)
    bench.clock.now_ms += 90_500
    shown = (await bench.ask(f"{QUEUE}/{number}")).body
    assert shown == {
        "id": number,
        "call_id": "call-1",
        "reason": "no disposition",
        "contact_id": "ada",
        "agent": "Kim",
        "talk_s": 60,
        "ended": "2026-09-21T14:13:20.000Z",
        "queued": "2026-09-21T14:13:20.000Z",
        "age_s": 90,
        "state": "open",
        "version": 1,
        "by": None,
        "changed": None,
        "why": None,
    }
    assert (await bench.ask(QUEUE)).body == {"reviews": [shown]}


async def test_the_queue_is_asked_by_state_person_and_age(bench: Bench) -> None:
    first, second = await put(bench, "call-1"), await put(bench, "call-2")
    bench.clock.now_ms += 60_000
    third = await put(bench, "call-3")
    await change(bench, first, "claim", by="mia")
    await change(bench, second, "resolve", by="mia")
    assert await queue(bench) == [first, third]
    assert await queue(bench, "?state=open") == [third]
    assert await queue(bench, "?state=claimed&by=mia") == [first]
    assert await queue(bench, "?state=claimed&by=max") == []
    assert await queue(bench, "?state=resolved") == [second]
    assert await queue(bench, "?state=all&older_than_s=60") == [first, second]
    assert await queue(bench, f"?state=all&after={first}&limit=1") == [second]


async def test_the_counts_are_those_of_a_badge(bench: Bench) -> None:
    first = await put(bench, "call-1")
    bench.clock.now_ms += 30_000
    await put(bench, "call-2")
    await change(bench, first, "claim", by="mia")
    assert (await bench.ask(f"{QUEUE}/counts")).body == {
        "open": 1,
        "claimed": {"mia": 1},
        "oldest": "2026-09-21T14:13:20.000Z",
        "oldest_age_s": 30,
    }
    assert (await bench.ask("/locations/LOC2/reviews/counts")).body["oldest_age_s"] is None


async def test_an_entry_is_claimed_put_back_and_resolved(bench: Bench) -> None:
    number = await put(bench)
    claimed = (await change(bench, number, "claim", by="mia")).body
    assert (claimed["state"], claimed["by"], claimed["version"]) == ("claimed", "mia", 2)
    assert (await change(bench, number, "release", by="mia")).body["state"] == "open"
    settled = (await change(bench, number, "resolve", by="mia", reason=" called back ")).body
    assert (settled["state"], settled["why"]) == ("resolved", "called back")


async def test_who_asks_is_who_changed_it_unless_said_otherwise(bench: Bench) -> None:
    number = await put(bench)
    told = await bench.ask(f"{QUEUE}/{number}/claim", method="POST", body={}, key="LOC1")
    assert told.body["by"].startswith("key:")


async def test_what_somebody_else_claimed_is_taken_over_knowingly_only(bench: Bench) -> None:
    number = await put(bench)
    await change(bench, number, "claim", by="mia")
    refused = await change(bench, number, "claim", by="max")
    assert refused.status == 409
    assert "claimed by mia" in refused.body["detail"]
    assert (await change(bench, number, "claim", by="max", version=2)).body["by"] == "max"


async def test_of_two_who_saw_the_same_version_one_is_told_so(bench: Bench) -> None:
    number = await put(bench)
    assert (await change(bench, number, "claim", by="mia", version=1)).status == 200
    told = await change(bench, number, "resolve", by="max", version=1)
    assert told.status == 409
    assert "somebody changed it meanwhile" in told.body["detail"]


@pytest.mark.parametrize("verb", ["claim", "release", "resolve", "dismiss"])
async def test_what_is_settled_stays_so(bench: Bench, verb: str) -> None:
    number = await put(bench)
    await change(bench, number, "resolve", by="mia")
    told = await change(bench, number, verb, by="mia", reason="x")
    assert told.status == 409
    assert "resolved by mia already" in told.body["detail"]


@pytest.mark.parametrize("body", [{}, {"reason": "  "}])
async def test_a_dismissal_needs_a_reason(bench: Bench, body: dict[str, str]) -> None:
    number = await put(bench)
    told = await change(bench, number, "dismiss", **body)
    assert told.status == 422
    assert told.body["errors"][0]["path"] == "reason"
    assert (await change(bench, number, "dismiss", reason="a test call")).body["why"] == "a test call"


async def test_many_are_changed_at_once_and_each_says_what_became_of_it(bench: Bench) -> None:
    first, second = await put(bench, "call-1"), await put(bench, "call-2")
    theirs = await put(bench, location="LOC2")
    await change(bench, second, "claim", by="max")
    versions = {str(number): 1 for number in (first, second, theirs)}
    body = {"to": "dismiss", "reason": "campaign over", "by": "mia", "reviews": versions}
    told = await bench.ask(f"{QUEUE}/changes", method="POST", body=body)
    assert told.body == {"changed": [first], "unchanged": [second, theirs]}


@pytest.mark.parametrize(
    "body", [{"to": "dismiss", "reviews": {"1": 1}}, {"to": "claim", "reviews": {}}, {"to": "sell"}]
)
async def test_a_change_of_many_that_makes_no_sense_is_refused(bench: Bench, body: dict[str, Any]) -> None:
    assert (await bench.ask(f"{QUEUE}/changes", method="POST", body=body)).status == 422


async def test_an_entry_that_is_not_there_is_not_there(bench: Bench) -> None:
    await put(bench, location="LOC2")
    for path in ("/1", "/99"):
        assert (await bench.ask(f"{QUEUE}{path}")).status == 404
    assert (await change(bench, 1, "claim")).status == 404


async def test_who_may_only_look_changes_nothing(bench: Bench) -> None:
    number = await put(bench)
    key = await bench.make_key("location", "LOC1", ["review:read"])
    told = await bench.ask(f"{QUEUE}/{number}/claim", method="POST", body={}, key=key)
    assert told.status == 403
    assert (await bench.ask(f"{QUEUE}/{number}", key=key)).body["state"] == "open"
    assert bench.clock() == NOW
