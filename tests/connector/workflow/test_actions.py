"""What a workflow asks of us for its contact is done, once, and answered in words that it can use."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from connector.store import State
from connector.store.follow_up import ReviewState
from connector.workflow.actions import REPLIES
from connector.workflow.asked import INPUTS
from mappings.call import Call, Wrapup, iso
from tests.connector.stage import ADA, LOC, NOON, OTHER

if TYPE_CHECKING:
    from connector.store.follow_up import DialRecord
    from tests.connector.workflow.bench import Bench

HOUR_MS = 3_600_000
DATA = {
    "suppress_redial": {"hours": 2},
    "send_to_review": {"reason": "why"},
    "set_disposition": {"disposition": "Busy"},
}


async def a_call(bench: Bench, call_id: str = "c1", *, talk_s: int = 65, ended_s: int = 0) -> None:
    """Ada was talked to, and it is written down; it ended that many seconds after others."""
    call = bench.stage.call(call_id, q850=16, talk_s=talk_s + ended_s)
    await bench.stage.record(call)
    await bench.stage.work()


async def ask(bench: Bench, key: str, data: Any, **extras: str) -> Any:
    """For Ada, with a good answer."""
    told = await bench.ask(key, data, contact=bench.stage.contact().id, **extras)
    assert told.status == 200, told.body
    return told.body


async def known(bench: Bench, number: str = ADA) -> DialRecord:
    return (await bench.database.follow_up.dial_histories(LOC, [number]))[number]


async def reviews(bench: Bench) -> list[tuple[str, str]]:
    rows = await bench.database.follow_up.list_reviews(LOC)
    return [(row.call_id, row.reason) for row in rows]


@pytest.mark.parametrize("key", INPUTS)
async def test_an_answer_has_the_fields_that_the_sample_shows(bench: Bench, key: str) -> None:
    await a_call(bench)
    assert list(await ask(bench, key, DATA[key])) == list(REPLIES[key])


# Suppress redial.


async def test_a_contact_is_not_to_be_dialled_for_so_many_hours(bench: Bench) -> None:
    assert await ask(bench, "suppress_redial", {"hours": 2}) == {
        "status": "suppressed",
        "number": ADA,
        "until": iso(NOON + 2 * HOUR_MS),
    }
    record = await known(bench)
    assert (record.suppressed_until_ms, record.last_call_ms) == (NOON + 2 * HOUR_MS, None)


async def test_the_suppression_that_ends_later_holds_and_is_answered(bench: Bench) -> None:
    await ask(bench, "suppress_redial", {"hours": 48})
    assert (await ask(bench, "suppress_redial", {"hours": "1.5"}))["until"] == iso(NOON + 48 * HOUR_MS)


@pytest.mark.parametrize("hours", [0, -1, 8761, "soon", None, "nan", []])
async def test_hours_that_cannot_be_are_refused(bench: Bench, hours: Any) -> None:
    told = await bench.ask("suppress_redial", {"hours": hours}, contact=bench.stage.contact().id)
    assert (told.status, told.body["errors"][0]["path"]) == (422, "data.hours")


# Send to review.


async def test_the_latest_call_goes_to_the_review_queue(bench: Bench) -> None:
    await a_call(bench, "c1")
    await a_call(bench, "c2", ended_s=5)
    answer = await ask(bench, "send_to_review", {"reason": "angry"})
    assert answer == {"status": "queued", "call_id": "c2", "reason": "angry"}
    (row,) = await bench.database.follow_up.list_reviews(LOC)
    assert (row.call_id, row.reason, row.contact_id, row.talk_s) == ("c2", "angry", bench.stage.contact().id, 70)


async def test_a_call_that_is_told_late_is_not_the_latest(bench: Bench) -> None:
    await a_call(bench, "c2", ended_s=5)
    await a_call(bench, "c1")
    assert (await ask(bench, "send_to_review", {}))["call_id"] == "c2"


async def test_a_contact_without_a_call_goes_there_once_a_day(bench: Bench) -> None:
    contact = bench.stage.contact().id
    assert (await ask(bench, "send_to_review", {"reason": "vip"}))["call_id"] is None
    await ask(bench, "send_to_review", {"reason": "vip"}, statusId="another-run")
    today = datetime.fromtimestamp(NOON / 1000, UTC).date()
    assert await reviews(bench) == [(f"contact:{contact}:{today}", "vip")]
    bench.stage.clock.pass_s(86_400)
    await ask(bench, "send_to_review", {"reason": "vip"})
    assert len(await reviews(bench)) == 2


async def test_without_a_reason_it_says_who_asked(bench: Bench) -> None:
    assert "workflow" in (await ask(bench, "send_to_review", {"reason": " "}))["reason"]


async def test_a_call_that_was_settled_for_that_reason_is_said_to_have_been_there(bench: Bench) -> None:
    await a_call(bench)
    await ask(bench, "send_to_review", {"reason": "angry"})
    (row,) = await bench.database.follow_up.list_reviews(LOC)
    await bench.database.follow_up.change_reviews(
        LOC, {row.id: row.version}, to=ReviewState.RESOLVED, by="kim", now_ms=NOON
    )
    assert (await ask(bench, "send_to_review", {"reason": "angry"}, statusId="run-2"))["status"] == "was queued before"
    assert await reviews(bench) == []


# Set disposition.


async def test_a_disposition_corrects_the_latest_call(bench: Bench) -> None:
    await a_call(bench, "c1")
    await a_call(bench, "c2", ended_s=5)
    answer = await ask(bench, "set_disposition", {"disposition": "Interested", "notes": "wants a quote"})
    assert answer == {"status": "recorded", "call_id": "c2", "disposition": "Interested"}
    await bench.stage.work()
    (note,) = bench.stage.notes("c2")
    assert "Interested" in note
    assert "wants a quote" in note
    assert "Interested" not in bench.stage.notes("c1")[0]


async def test_it_answers_the_review_as_an_agents_own_would(bench: Bench) -> None:
    await a_call(bench)
    await ask(bench, "set_disposition", {"disposition": "Interested"})
    await bench.stage.work()
    bench.stage.clock.pass_s(400)
    await bench.stage.work()
    assert await reviews(bench) == []


async def test_what_the_agent_wrote_stays(bench: Bench) -> None:
    await a_call(bench)
    wrapup = Wrapup(disposition="Busy", notes="rang twice", next_step="try again", agent="maya", at_ms=NOON + 10_000)
    await bench.stage.record(Call(trunk="generic", call_id="c1", event="wrapup", wrapup=wrapup))
    await bench.stage.work()
    await ask(bench, "set_disposition", {"disposition": "Interested"})
    await bench.stage.work()
    (note,) = bench.stage.notes("c1")
    assert all(text in note for text in ("Interested", "rang twice", "try again"))


async def test_a_disposition_is_kept_as_an_event_of_its_call(bench: Bench) -> None:
    await a_call(bench)
    await ask(bench, "set_disposition", {"disposition": "Interested"})
    done = await bench.database.written(LOC, "c1")
    assert done is not None
    assert (done.state, [Call.from_json(part).event for part in done.parts]) == (State.DONE, ["wrapup"])


async def test_without_a_call_there_is_nothing_to_name(bench: Bench) -> None:
    told = await bench.ask("set_disposition", {"disposition": "Busy"}, contact=bench.stage.contact().id)
    assert told.status == 422
    assert "no call" in told.body["detail"]


@pytest.mark.parametrize("disposition", ["", "  ", None, "x" * 101, "\u200b", 5])
async def test_a_disposition_that_cannot_be_is_refused(bench: Bench, disposition: Any) -> None:
    await a_call(bench)
    told = await bench.ask("set_disposition", {"disposition": disposition}, contact=bench.stage.contact().id)
    assert (told.status, told.body["errors"][0]["path"]) == (422, "data.disposition")


async def test_where_too_much_waits_it_is_asked_to_come_later(bench: Bench) -> None:
    await a_call(bench)
    bench.full[LOC] = "too much waits"
    told = await bench.ask("set_disposition", {"disposition": "Busy"}, contact=bench.stage.contact().id)
    assert (told.status, "Retry-After" in told.headers) == (429, True)


# Once.


@pytest.mark.parametrize("key", INPUTS)
async def test_a_repeat_is_answered_alike_and_does_nothing(bench: Bench, key: str) -> None:
    await a_call(bench)
    first = await ask(bench, key, DATA[key])
    before = (await known(bench), await reviews(bench), await bench.database.written(LOC, "c1"))
    bench.stage.clock.pass_s(3600)
    assert await ask(bench, key, DATA[key]) == first
    assert (await known(bench), await reviews(bench), await bench.database.written(LOC, "c1")) == before


@pytest.mark.parametrize(
    "other",
    [{"workflowId": "wf-2"}, {"stepId": "step-2"}, {"statusId": "status-2"}],
    ids=["another workflow", "another step", "another run"],
)
async def test_another_request_is_no_repeat(bench: Bench, other: dict[str, str]) -> None:
    await ask(bench, "suppress_redial", {"hours": 24})
    bench.stage.clock.pass_s(3600)
    assert (await ask(bench, "suppress_redial", {"hours": 24}, **other))["until"] == iso(NOON + 25 * HOUR_MS)


async def test_after_another_call_the_same_words_are_a_new_request(bench: Bench) -> None:
    await a_call(bench, "c1")
    await ask(bench, "set_disposition", {"disposition": "Interested"})
    await a_call(bench, "c2", ended_s=5)
    assert (await ask(bench, "set_disposition", {"disposition": "Interested"}))["call_id"] == "c2"


async def test_a_repeat_of_one_run_is_known_although_another_call_came_between(bench: Bench) -> None:
    await a_call(bench, "c1")
    await ask(bench, "set_disposition", {"disposition": "Interested"}, statusId="run-1")
    await a_call(bench, "c2", ended_s=5)
    assert (await ask(bench, "set_disposition", {"disposition": "Interested"}, statusId="run-1"))["call_id"] == "c1"


async def test_a_day_later_it_is_a_new_request(bench: Bench) -> None:
    await ask(bench, "suppress_redial", {"hours": 48})
    bench.stage.clock.pass_s(25 * 3600)
    assert (await ask(bench, "suppress_redial", {"hours": 48}))["until"] == iso(NOON + 73 * HOUR_MS)


async def test_a_suppression_that_is_over_is_asked_for_anew(bench: Bench) -> None:
    await ask(bench, "suppress_redial", {"hours": 2})
    bench.stage.clock.pass_s(2 * 3600)
    assert (await ask(bench, "suppress_redial", {"hours": 2}))["until"] == iso(NOON + 4 * HOUR_MS)


async def test_a_neighbours_request_is_another_one(bench: Bench) -> None:
    await bench.stage.crm.create_contact(OTHER, ADA)
    theirs = bench.stage.contact(ADA, OTHER).id
    await ask(bench, "suppress_redial", {"hours": 2})
    assert (await bench.ask("suppress_redial", {"hours": 3}, contact=theirs, location=OTHER)).status == 200
    assert (await known(bench)).suppressed_until_ms == NOON + 2 * HOUR_MS


# What cannot be done.


@pytest.mark.parametrize("key", INPUTS)
@pytest.mark.parametrize("contact", [None, ""])
async def test_a_workflow_without_a_contact_is_told_so(bench: Bench, key: str, contact: str | None) -> None:
    told = await bench.ask(key, DATA[key], contact=contact)
    assert (told.status, told.headers["Content-Type"]) == (422, "application/problem+json")
    assert "without a contact" in told.body["detail"]


async def test_a_contact_that_the_crm_does_not_know_is_said(bench: Bench) -> None:
    told = await bench.ask("suppress_redial", {"hours": 2}, contact="nobody")
    assert told.status == 422
    assert "no such contact" in told.body["detail"]


@pytest.mark.parametrize("key", ["suppress_redial", "set_disposition"])
async def test_a_contact_without_a_number_cannot_be_found_among_calls(bench: Bench, key: str) -> None:
    contact = bench.stage.contact()
    contact.fields["phone"] = None
    told = await bench.ask(key, DATA[key], contact=contact.id)
    assert told.status == 422
    assert "phone number" in told.body["detail"]


async def test_an_unknown_action_is_not_there(bench: Bench) -> None:
    told = await bench.ask("sing", {}, contact="x")
    assert told.status == 404
    assert "suppress_redial" in told.body["detail"]


async def test_a_sub_account_that_is_not_registered_is_refused(bench: Bench) -> None:
    assert (await bench.ask("suppress_redial", {"hours": 2}, contact="x", location="Nobody")).status == 404


@pytest.mark.parametrize("status", [503, 429, 401])
async def test_while_the_crm_cannot_be_asked_it_is_to_come_again(bench: Bench, status: int) -> None:
    bench.stage.fault("status", "/contacts/", status=status, count=3)
    told = await bench.ask("suppress_redial", {"hours": 2}, contact=bench.stage.contact().id)
    assert (told.status, "Retry-After" in told.headers) == (503, True)
    assert await bench.database.follow_up.dial_histories(LOC, [ADA]) == {}


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"data": 1, "extras": {"locationId": "x"}}', b"nonsense"])
async def test_what_cannot_be_read_is_refused(bench: Bench, body: bytes) -> None:
    assert (await bench.post("/crm/actions/suppress_redial", body)).status in (400, 422)
