"""Calls over HTTP, and what agents add to them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from connector.store import ActionResult, Applied, Ending, NewEvent, State
from connector.store.follow_up import PutReview, Schedule
from mappings.call import Call
from tests.connector.api.bench import NOW
from tests.connector.store.build import claim

if TYPE_CHECKING:
    from tests.connector.api.bench import Bench, Told

PATH = "/locations/LOC1/calls"
TALK = Call(
    trunk="generic",
    call_id="talk",
    direction="outbound",
    from_="+14155550100",
    to="+14155550111",
    start_ms=NOW - 80_000,
    answer_ms=NOW - 70_000,
    end_ms=NOW - 10_000,
    talk_ms=60_000,
    answered=True,
    q850=16,
)


def an_event(call: Call, event: str = "completed", *, part: bool = False) -> NewEvent:
    return NewEvent(
        location="LOC1",
        trunk="generic",
        call_id=str(call.call_id),
        event=event,
        lane="+14155550111",
        call=call.to_json(),
        received_ms=NOW,
        part=part,
    )


async def written(bench: Bench, call: Call = TALK) -> None:
    """A call that was delivered: it has a note, a timer and a review."""
    await bench.database.record([an_event(call)])
    for delivery in await claim(bench.database, now_ms=NOW):
        review = PutReview(reason="no disposition", contact_id="ada", agent=None, ended_ms=NOW, talk_s=60)
        timer = Schedule(key="enrol:x@60", due_ms=NOW + 60_000, document=b"{}")
        await bench.database.write_down(
            delivery.lease,
            now_ms=NOW,
            contact_id="ada",
            results=[ActionResult("note", Applied.APPLIED, "note-1")],
            effects=[timer, review] if delivery.call_id == "talk" else [],
            ending=Ending(State.DONE),
        )


async def wrap_up(bench: Bench, call_id: str = "talk", *, key: str = "operator-key", **body: Any) -> Told:
    return await bench.ask(f"{PATH}/{call_id}/wrapup", method="POST", body=body, key=key)


async def kept(bench: Bench, call_id: str = "talk") -> list[str]:
    """The keys of the call's parts."""
    found = await bench.database.calls.get("LOC1", call_id)
    return [] if found is None else [part.event for part in found.parts]


async def test_a_call_is_shown_as_its_facts_and_what_became_of_it(bench: Bench) -> None:
    await written(bench)
    shown = (await bench.ask(f"{PATH}/talk", key="LOC1")).body
    assert (shown["disposition"], shown["state"], shown["contact_id"]) == ("Connected", "done", "ada")
    assert (shown["facts"]["from"], shown["facts"]["duration_s"]) == ("+14155550100", 60)
    assert [(row["event"], row["ledger"]) for row in shown["deliveries"]] == [
        ("completed", [{"key": "note", "outcome": "applied", "crm_id": "note-1", "reason": None}])
    ]
    assert [timer["key"] for timer in shown["timers"]] == ["enrol:x@60"]
    assert [(review["reason"], review["state"]) for review in shown["reviews"]] == [("no disposition", "open")]


async def test_a_call_is_shown_with_its_events_before_its_end_too(bench: Bench) -> None:
    began = Call(trunk="generic", call_id="early", event="initiated", to="+14155550111", start_ms=NOW)
    await bench.database.record([an_event(began, "initiated", part=True)])
    shown = (await bench.ask(f"{PATH}/early")).body
    assert (shown["id"], shown["state"], shown["facts"]["to"]) == (None, None, "+14155550111")
    assert [event["event"] for event in shown["events"]] == ["initiated"]


async def test_calls_are_listed_with_the_agents_words(bench: Bench) -> None:
    await written(bench)
    await wrap_up(bench, disposition="Interested", agent="maya")
    newest = (await bench.ask(PATH)).body["calls"][0]
    assert (newest["call_id"], newest["disposition"], newest["agent"]) == ("talk", "Interested", "maya")
    since = (await bench.ask(f"{PATH}?after={newest['id']}")).body["calls"]
    before = (await bench.ask(f"{PATH}?before={newest['id']}&limit=1")).body["calls"]
    assert (since, [one["call_id"] for one in before]) == ([], ["call-1"])


async def test_a_list_goes_one_way(bench: Bench) -> None:
    assert (await bench.ask(f"{PATH}?after=1&before=2")).status == 400


@pytest.mark.parametrize(
    ("plain", "call_id"),
    [("a@b.example.com", "a%40b.example.com"), ("x/y+z=", "x%2Fy%2Bz%3D"), ('ü "', "%C3%BC%20%22")],
)
async def test_an_id_may_hold_any_character(bench: Bench, plain: str, call_id: str) -> None:
    await bench.database.record([an_event(Call(trunk="generic", call_id=plain, answered=False, q850=19))])
    assert (await bench.ask(f"{PATH}/{call_id}")).body["call_id"] == plain
    assert (await wrap_up(bench, call_id, notes="x")).status == 202


async def test_an_agents_words_become_an_event_of_the_call(bench: Bench) -> None:
    await written(bench)
    told = await wrap_up(bench, key="LOC1", disposition="Interested", notes="Two seats\nnext week", agent="maya")
    assert told.status == 202
    assert told.body == {
        "call_id": "talk",
        "event": told.body["event"],
        "status": "recorded",
        "wrapup": {
            "disposition": "Interested",
            "notes": "Two seats\nnext week",
            "next_step": None,
            "due": None,
            "workflow": None,
            "agent": "maya",
            "at": "2026-09-21T14:13:20.000Z",
        },
    }
    assert await kept(bench) == [told.body["event"]]
    shown = (await bench.ask(f"{PATH}/talk")).body
    assert [row["event"] for row in shown["deliveries"]] == ["completed", f"fix:{told.body['event']}"]


async def test_the_same_words_twice_are_said_once(bench: Bench) -> None:
    await written(bench)
    first = await wrap_up(bench, disposition="Interested")
    bench.clock.now_ms += 5_000
    again = await wrap_up(bench, disposition="Interested")
    assert (again.status, again.body) == (202, first.body | {"status": "known"})
    assert len(await kept(bench)) == 1


async def test_a_form_that_is_sent_twice_at_once_is_one(bench: Bench) -> None:
    await written(bench)
    told = await asyncio.gather(*(wrap_up(bench, disposition="Interested") for _ in range(5)))
    assert sorted(one.body["status"] for one in told) == ["known"] * 4 + ["recorded"]
    assert len(await kept(bench)) == 1


async def test_an_agent_may_go_back_to_an_earlier_word(bench: Bench) -> None:
    await written(bench)
    for disposition in ("Interested", "Not interested", "Interested"):
        told = await wrap_up(bench, disposition=disposition)
        assert (told.body["status"], told.body["wrapup"]["disposition"]) == ("recorded", disposition)


async def test_what_is_not_given_stays_as_it_was(bench: Bench) -> None:
    await written(bench)
    await wrap_up(bench, disposition="Interested", agent="maya")
    wrapup = (await wrap_up(bench, notes="Two seats")).body["wrapup"]
    assert (wrapup["disposition"], wrapup["notes"], wrapup["agent"]) == ("Interested", "Two seats", "maya")


@pytest.mark.parametrize(
    ("step", "shown"),
    [
        (
            {"kind": "callback", "at": "2026-09-22T09:00:00-05:00"},
            {"next_step": "callback", "due": "2026-09-22T14:00:00.000Z", "workflow": None},
        ),
        ({"kind": "callback"}, {"next_step": "callback", "due": None, "workflow": None}),
        ({"kind": "do_not_call"}, {"next_step": "do not call", "due": None, "workflow": None}),
        ({"kind": "enrol", "workflow": "nurture"}, {"next_step": "enrol", "due": None, "workflow": "nurture"}),
        ({"kind": "none"}, {"next_step": "none", "due": None, "workflow": None}),
    ],
)
async def test_a_next_step_is_one_of_four_or_none(bench: Bench, step: dict[str, str], shown: dict[str, str]) -> None:
    await bench.register("LOC1", workflows={"nurture": "wf-1"})
    await bench.book.refresh()
    await written(bench)
    wrapup = (await wrap_up(bench, next_step=step)).body["wrapup"]
    assert {name: wrapup[name] for name in shown} == shown


async def test_a_later_next_step_takes_the_place_of_the_one_before_with_its_time(bench: Bench) -> None:
    await written(bench)
    await wrap_up(bench, next_step={"kind": "callback", "at": "2026-09-22T14:00:00Z"})
    told = (await wrap_up(bench, next_step={"kind": "callback"})).body
    assert (told["status"], told["wrapup"]["due"]) == ("recorded", None)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, ""),
        ({"agent": "maya"}, ""),
        ({"disposition": ""}, "disposition"),
        ({"disposition": "\u200b"}, "disposition"),
        ({"disposition": "x" * 101}, "disposition"),
        ({"notes": "x" * 4001}, "notes"),
        ({"outcome": "Busy"}, "outcome"),
        ({"next_step": {"kind": "dance"}}, "next_step.kind"),
        ({"next_step": {"kind": "none", "at": "2026-09-22T14:00:00Z"}}, "next_step"),
        ({"next_step": {"kind": "enrol"}}, "next_step"),
        ({"next_step": {"kind": "callback", "at": "2026-09-22T14:00:00"}}, "next_step.at"),
        ({"next_step": {"kind": "callback", "at": "2024-09-22T14:00:00Z"}}, "next_step.at"),
        ({"next_step": {"kind": "enrol", "workflow": "nobody_named_it"}}, "next_step.workflow"),
        ({"next_step": {"kind": "enrol", "workflow": "../x"}}, "next_step.workflow"),
    ],
)
async def test_words_that_make_no_sense_are_refused_and_nothing_is_added(
    bench: Bench, body: dict[str, Any], path: str
) -> None:
    await written(bench)
    told = await wrap_up(bench, **body)
    assert (told.status, told.body["errors"][0]["path"]) == (422, path)
    assert await kept(bench) == []


@pytest.mark.parametrize("call_id", ["nobody", "call-2"])
async def test_a_call_that_is_not_kept_cannot_be_added_to(bench: Bench, call_id: str) -> None:
    await bench.record("LOC2", "call-2")
    for told in (await wrap_up(bench, call_id, notes="x"), await bench.ask(f"{PATH}/{call_id}")):
        assert told.status == 404
        assert "never told, or was forgotten" in told.body["detail"]


async def test_where_too_much_waits_nothing_is_added(bench: Bench) -> None:
    await written(bench)
    bench.crm.full = "9 deliveries wait"
    told = await wrap_up(bench, notes="x")
    assert told.status == 429
    assert told.headers["Retry-After"]
    assert await kept(bench) == []


async def test_who_may_only_read_adds_nothing(bench: Bench) -> None:
    await written(bench)
    key = await bench.make_key("location", "LOC1", ["deliveries:read"])
    assert (await wrap_up(bench, key=key, notes="x")).status == 403
    assert await kept(bench) == []
