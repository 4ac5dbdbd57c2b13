"""What each kind of step becomes for a call."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from mappings.calendar import WorkingHours
from mappings.call import Call, Disposition, Wrapup
from mappings.note import has_marker
from mappings.plan import Action, ContactState, Plan, Settings, plan
from mappings.rules import Book, read_book

END_MS = 1_772_463_600_000  # Monday, 2 March 2026, 15:00 UTC
CALL = Call(
    trunk="generic",
    call_id="c-1",
    direction="outbound",
    from_="+14155550100",
    to="+14155550199",
    start_ms=END_MS - 20_000,
    end_ms=END_MS,
    answered=False,
    talk_ms=0,
    q850=17,
    agent="1001",
)
TALK = replace(CALL, answer_ms=END_MS - 12_500, answered=True, talk_ms=12_500, q850=16)


def a_book(*dos: list[dict[str, Any]]) -> Book:
    """One rule for each list of steps, named A, B, ..."""
    rules = [{"name": chr(65 + index), "do": do} for index, do in enumerate(dos)]
    return read_book(json.dumps({"version": 1, "name": "test", "rules": rules}), "json")


def planned(*steps: dict[str, Any], call: Call = CALL, contact: ContactState | None = None, **more: Any) -> Plan:
    """The plan of one rule with these steps."""
    given: dict[str, Any] = {"now_ms": END_MS + 5_000, "zone": UTC, "workflows": {"no_answer": "wf-1"}} | more
    return plan(call, contact or ContactState(), a_book(list(steps)), **given)


def only(*steps: dict[str, Any], **more: Any) -> Action:
    """The one action of that plan."""
    (action,) = planned(*steps, **more).actions
    return action


def test_a_note_of_ones_own_ends_with_the_marker() -> None:
    action = only({"kind": "note", "body": "{{ disposition }} for {{ number }}\nby {{ agent }}"})
    assert action.args == {"body": "Busy for +14155550199\nby 1001\nCall ID: c-1"}


def test_of_two_notes_the_first_is_written_and_that_is_said() -> None:
    made = plan(
        CALL,
        ContactState(),
        a_book([{"kind": "note", "body": "x"}], [{"kind": "note"}]),
        now_ms=0,
        zone=UTC,
        workflows={},
    )
    assert [action.rule for action in made.actions] == ["A"]
    assert made.not_fired[0].reason == 'the rule "A" comes first and says otherwise (note)'


@pytest.mark.parametrize(
    ("timeline", "kinds"), [("note", ["note"]), ("record", ["call_record"]), ("both", ["note", "call_record"])]
)
def test_the_sub_account_says_what_a_note_becomes(timeline: Any, kinds: list[str]) -> None:
    assert [action.kind for action in planned({"kind": "note"}, timeline=timeline).actions] == kinds


def test_a_call_record_has_the_crms_words_and_numbers_in_e164() -> None:
    call = replace(TALK, to="(415) 555-2671")
    assert only({"kind": "call_record"}, call=call, country="US").args == {
        "status": "completed",
        "direction": "outbound",
        "to": "+14155552671",
        "from": "+14155550100",
        "date": "2026-03-02T14:59:40.000Z",
    }


def test_an_inbound_call_s_record_is_from_the_contact() -> None:
    args = only({"kind": "call_record"}, call=replace(CALL, direction="inbound")).args
    assert (args["direction"], args["from"], args["to"]) == ("inbound", "+14155550100", "+14155550199")


@pytest.mark.parametrize(
    ("outcome", "status"),
    [
        (Disposition.NO_ANSWER, "no-answer"),
        (Disposition.BUSY, "busy"),
        (Disposition.REJECTED, "busy"),
        (Disposition.CANCELED, "canceled"),
        (Disposition.FAILED, "failed"),
        (Disposition.BLOCKED, "failed"),
    ],
)
def test_each_disposition_has_a_status_of_the_crm(outcome: Disposition, status: str) -> None:
    assert only({"kind": "call_record"}, call=replace(CALL, outcome=outcome)).args["status"] == status


def test_a_task_is_due_on_a_business_day_and_is_found_by_its_marker() -> None:
    action = only({"kind": "task", "title": "Call {{ number }}", "body": "Was {{ disposition }}", "business_days": 5})
    assert (action.key, action.args["title"]) == ("task:A#1", "Call +14155550199")
    assert has_marker(action.args["body"], "c-1")
    assert action.due == WorkingHours().business_days_after(END_MS, 5, UTC)


def test_a_task_counts_in_the_sub_account_s_zone_and_calendar() -> None:
    zone, hours = ZoneInfo("Asia/Tokyo"), WorkingHours(country="JP")
    action = only({"kind": "task", "title": "x"}, zone=zone, calendar=hours)
    assert action.due == hours.business_days_after(END_MS, 1, zone)


@pytest.mark.parametrize(("assign", "user"), [("owner", "u-owner"), ("agent", "u-ana"), ("u-7", "u-7"), (None, None)])
def test_a_task_is_somebody_s(assign: str | None, user: str | None) -> None:
    contact = ContactState(assigned_to="u-owner")
    action = only({"kind": "task", "title": "x", "assign": assign}, contact=contact, agents={"1001": "u-ana"})
    assert action.args.get("assigned_to") == user


@pytest.mark.parametrize("assign", ["owner", "agent"])
def test_a_task_of_somebody_not_known_is_nobody_s(assign: str) -> None:
    assert "assigned_to" not in only({"kind": "task", "title": "x", "assign": assign}).args


def test_two_tasks_are_two() -> None:
    task = {"kind": "task", "title": "x"}
    assert [action.key for action in planned(task, task).actions] == ["task:A#1", "task:A#2"]


def test_all_fields_are_written_at_once_and_the_first_rule_has_a_field() -> None:
    book = a_book(
        [{"kind": "field", "fields": {"Agent": "{{ agent }}", "Empty": "{{ amd }}"}}],
        [{"kind": "field", "fields": {"Agent": "late", "Talk": "{{ talk_s | round }}"}}],
    )
    (action,) = plan(TALK, ContactState(), book, now_ms=0, zone=UTC, workflows={}).actions
    assert action.args == {"fields": {"Agent": "1001", "Talk": "12"}}


def test_fields_of_which_nothing_is_known_are_not_written() -> None:
    made = planned({"kind": "field", "fields": {"Empty": "{{ amd }}"}})
    assert made.actions == ()
    assert made.not_fired[0].reason == "nothing is known that the fields could be given"


def test_the_sub_account_s_own_fields_get_their_facts() -> None:
    made = planned({"kind": "note"}, call=TALK, fields={"talk_s": "Talk", "agent": "fld-1", "amd": "AMD"})
    assert made.actions[1].args == {"fields": {"Talk": "12.5", "fld-1": "1001"}}
    assert made.actions[1].rule == "the sub-account's fields"


def test_an_opportunity_has_what_the_book_says() -> None:
    step = {"kind": "opportunity", "pipeline": "Sales", "stage": "Warm", "name": "{{ number }}", "value": 100}
    action = only(step)
    assert (action.key, action.args) == (
        "opportunity:Sales",
        {"pipeline": "Sales", "stage": "Warm", "name": "+14155550199", "value": 100},
    )


def test_do_not_disturb_names_its_channels() -> None:
    action = only({"kind": "dnd", "channels": ["Call", "SMS"], "on": False})
    assert (action.key, action.args) == ("dnd:off", {"channels": ["Call", "SMS"], "on": False})


def test_a_suppression_brings_its_tag_and_takes_it_away_at_its_end() -> None:
    tag, suppress, end = planned({"kind": "suppress_redial", "hours": 48, "tag": "Quiet"}).actions
    assert (tag.kind, tag.args) == ("add_tags", {"tags": ["quiet"]})
    assert suppress.args == {"until": "2026-03-04T15:00:00.000Z", "why": "A", "tag": "quiet"}
    assert (end.key, end.args, end.due) == (
        "remove_tags:suppression",
        {"tags": ["quiet"], "suppression": True},
        END_MS + 48 * 3_600_000,
    )


def test_a_suppression_without_a_tag_is_one_action() -> None:
    assert only({"kind": "suppress_redial", "hours": 1}).kind == "suppress_redial"


def test_a_review_waits_for_the_agent_as_long_as_the_sub_account_says() -> None:
    action = only({"kind": "review"}, settings=Settings(review_after_s=60))
    assert (action.key, action.args, action.due) == ("review", {"reason": "A"}, END_MS + 60_000)


def test_what_waits_counts_from_the_time_of_planning_where_no_end_is_known() -> None:
    assert only({"kind": "review", "after_s": 1}, call=replace(CALL, end_ms=None)).due == END_MS + 6_000


def test_another_caller_id_than_the_one_of_this_call() -> None:
    assert only({"kind": "change_caller_id"}).args == {"avoid": "+14155550100"}


def test_without_a_caller_id_there_is_none_to_avoid() -> None:
    made = planned({"kind": "change_caller_id"}, call=replace(CALL, from_=None))
    assert made.not_fired[0].reason == "it is not known from which number the call was made"


def test_a_notification_tells_the_call() -> None:
    action = only({"kind": "notify", "url": "https://example.com/h", "message": "{{ disposition }}!"})
    assert (action.key, action.args["url"]) == ("notify:A#1", "https://example.com/h")
    body = action.args["body"]
    assert (body["message"], body["rule"], body["call"]["call_id"]) == ("Busy!", "A", "c-1")
    json.dumps(body)


def test_tags_of_now_and_of_later_are_two_actions() -> None:
    made = planned(
        {"kind": "add_tags", "tags": ["a"]},
        {"kind": "add_tags", "tags": ["b"], "after_s": 60},
        {"kind": "add_tags", "tags": ["c"], "after_s": 60},
    )
    assert [(action.key, action.args["tags"], action.due) for action in made.actions] == [
        ("add_tags", ["a"], None),
        ("add_tags@60", ["b", "c"], END_MS + 60_000),
    ]


def test_an_enrolment_may_wait() -> None:
    action = only({"kind": "enrol", "workflow": "no_answer", "after_s": 90})
    assert (action.key, action.due, action.deferred) == ("enrol:no_answer@90", END_MS + 90_000, True)


def test_an_attempt_more_takes_the_place_of_the_last_one() -> None:
    made = planned({"kind": "count_attempt"}, contact=ContactState(attempts=2, attempt_tag="call-attempt-2"))
    assert [(action.kind, action.args["tags"]) for action in made.actions] == [
        ("remove_tags", ["call-attempt-2"]),
        ("add_tags", ["call-attempt-3"]),
    ]
    assert (made.attempts, made.attempt_tag) == (3, "call-attempt-3")


def test_the_first_attempt_removes_nothing() -> None:
    made = planned({"kind": "count_attempt"})
    assert ([action.kind for action in made.actions], made.attempts) == (["add_tags"], 1)


def test_a_count_that_ends_takes_its_tag_and_its_workflow_with_it() -> None:
    contact = ContactState(attempts=2, attempt_tag="call-attempt-2")
    made = planned({"kind": "reset_attempts", "unenrol": "no_answer"}, contact=contact)
    assert [action.key for action in made.actions] == ["remove_tags", "unenrol:no_answer"]
    assert (made.attempts, made.attempt_tag) == (0, "")


def test_where_nothing_was_counted_nothing_ends() -> None:
    made = planned({"kind": "reset_attempts", "unenrol": "no_answer"})
    assert (made.actions, made.attempts) == ((), None)
    assert made.not_fired[0].reason == "the contact has no attempts to forget"


def test_a_text_that_cannot_be_filled_in_spoils_its_own_action_only() -> None:
    task, note = {"kind": "task", "title": "{{ talk_s + agent }}"}, {"kind": "note"}
    made = planned(task, note)
    assert [(action.key, action.unusable is None) for action in made.actions] == [("note", True), ("task:A#1", False)]
    assert (made.actions[1].unusable or "").startswith("the text cannot be filled in: unsupported operand")


def test_an_action_of_a_time_that_no_calendar_has_is_unusable() -> None:
    action = only({"kind": "task", "title": "x"}, call=replace(CALL, start_ms=None, end_ms=10**17))
    assert action.args == {"unusable": "one of its times is in no calendar"}


def test_a_title_that_comes_out_empty_is_unusable() -> None:
    assert only({"kind": "task", "title": "{{ amd }}"}).unusable == "the task's title comes out empty"


def test_a_tag_is_cut_and_in_lower_case() -> None:
    tag = "{% if sip %}{% else %}" + "X" * 50 + "{% endif %} {{ agent }}"
    call = replace(CALL, agent="A" * 90)
    (made,) = only({"kind": "add_tags", "tags": [tag]}, call=call).args["tags"]
    assert made == "x" * 50 + " " + "a" * 49


def test_a_workflow_that_the_agent_named_is_looked_up_like_the_book_s() -> None:
    call = replace(TALK, wrapup=Wrapup(next_step="enrol", workflow="nurture"))
    made = only({"kind": "enrol", "workflow": "next_step"}, call=call, workflows={"nurture": "wf-9"})
    assert (made.key, made.args) == ("enrol:nurture", {"workflow": "wf-9"})


def test_a_workflow_that_the_agent_named_and_that_can_be_none_is_unusable() -> None:
    call = replace(TALK, wrapup=Wrapup(next_step="enrol", workflow="../tags"))
    assert "can be no workflow" in (only({"kind": "enrol", "workflow": "next_step"}, call=call).unusable or "")


def test_where_the_agent_named_no_workflow_none_is_started() -> None:
    made = planned({"kind": "enrol", "workflow": "next_step"}, call=TALK)
    assert made.actions == ()
    assert [one.reason for one in made.not_fired] == ["the agent named no workflow"]


@pytest.mark.parametrize(("due_ms", "own"), [(1_800_000_000_000, True), (None, False)])
def test_a_task_is_due_when_the_agent_said(due_ms: int | None, *, own: bool) -> None:
    call = replace(TALK, wrapup=Wrapup(next_step="callback", due_ms=due_ms))
    made = only({"kind": "task", "title": "x", "due": "next_step"}, call=call)
    usual = only({"kind": "task", "title": "x"}, call=call)
    assert made.due == (due_ms if own else usual.due)


def test_an_agent_s_disposition_is_what_the_rules_and_the_texts_go_by() -> None:
    wrapped = replace(TALK, wrapup=Wrapup(disposition="no answer", next_step="Try Monday"))
    book = read_book(
        json.dumps(
            {
                "version": 1,
                "name": "test",
                "rules": [
                    {
                        "name": "A",
                        "when": {"disposition": "No Answer", "machine_disposition": "Connected"},
                        "do": [{"kind": "note"}, {"kind": "add_tags", "tags": ["{disposition}"]}],
                    }
                ],
            }
        ),
        "json",
    )
    note, tags = plan(wrapped, ContactState(), book, now_ms=0, zone=UTC, workflows={}).actions
    assert tags.args == {"tags": ["no-answer"]}
    lines = note.args["body"].split("\n")
    assert lines[0] == "Outbound call · No Answer · 13 s"
    assert "Outcome: no answer (agent), Connected (trunk)" in lines
    assert (lines[-2], lines[-1]) == ("Agent: 1001", "Call ID: c-1")


def test_a_late_call_is_due_when_it_ended() -> None:
    """Not when it is planned: a delivery that was held up makes nobody wait longer."""
    assert only({"kind": "review"}, now_ms=END_MS + 10**9).due == END_MS + 300_000


def test_the_fixture_s_end_is_the_monday_it_says() -> None:
    assert datetime.fromtimestamp(END_MS / 1000, UTC) == datetime(2026, 3, 2, 15, tzinfo=UTC)
