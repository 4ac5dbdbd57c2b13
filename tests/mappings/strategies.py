"""Calls, contacts and rule books as hypothesis makes them: of any kind, sensible or not."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from mappings.call import Call, Disposition, Wrapup
from mappings.conditions import ContactState
from mappings.rules import Book

words = st.text(max_size=30)
some = st.none() | words
times = st.none() | st.integers(-(10**15), 10**15)
calls = st.builds(
    Call,
    trunk=words,
    call_id=some,
    event=st.sampled_from(["initiated", "answered", "completed", "wrapup"]),
    direction=st.sampled_from(["inbound", "outbound", None]),
    from_=some,
    to=some,
    start_ms=times,
    answer_ms=times,
    end_ms=times,
    talk_ms=times,
    answered=st.sampled_from([True, False, None]),
    q850=st.none() | st.integers(-(2**63), 2**63 - 1),
    sip=st.none() | st.integers(-(2**63), 2**63 - 1),
    cause=some,
    outcome=st.sampled_from([*Disposition, None]),
    amd=st.sampled_from(["human", "machine", "fax", None]),
    hangup_by=some,
    agent=some,
    recording_url=some,
    notes=st.lists(words, max_size=3).map(tuple),
    wrapup=st.none()
    | st.builds(Wrapup, disposition=some | st.sampled_from(list(Disposition)), notes=some, next_step=some, agent=some),
)
contacts = st.builds(
    ContactState,
    known=st.booleans(),
    tags=st.none() | st.frozensets(words, max_size=3),
    fields=st.none() | st.dictionaries(st.sampled_from(["Budget", "Region"]), words),
    attempts=st.integers(0, 9),
    attempt_tag=st.sampled_from([None, "", "call-attempt-1", "x"]),
    dnd=st.sampled_from([True, False, None]),
    assigned_to=some,
)
ends = st.integers(0, 100) | st.sampled_from(["fast_drop_s", "review_after_s", "max_attempts"])
ranges = st.builds(lambda end, value: {end: value}, st.sampled_from(["min", "max", "above", "below"]), ends)
patterns = st.lists(st.sampled_from(["*", "+1*", "+14155550100", "Ana", "no*"]), min_size=1, max_size=3)


def listed(values: Any, most: int = 3) -> st.SearchStrategy[Any]:
    """A list of some of the values."""
    return st.lists(st.sampled_from(list(values)), min_size=1, max_size=most)


leaves: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "disposition": listed(Disposition),
        "machine_disposition": listed(Disposition),
        "agent_disposition": patterns,
        "wrapup": st.booleans(),
        "next_step": patterns,
        "direction": st.sampled_from(["inbound", "outbound"]),
        "trunk": st.lists(words.filter(str.strip), min_size=1, max_size=2),
        "number": patterns,
        "caller_id": patterns,
        "agent": patterns,
        "talk_s": ranges,
        "ring_s": ranges,
        "answer_latency_s": ranges,
        "attempt": ranges,
        "q850": st.lists(st.integers(1, 127), min_size=1, max_size=3),
        "sip": st.lists(st.integers(100, 699), min_size=1, max_size=3),
        "cause": patterns,
        "hangup_by": patterns,
        "amd": listed(["human", "machine", "fax"], 2),
        "local_time": st.sampled_from([{"from": "09:00", "to": "17:00"}, {"from": "22:00", "to": "09:00"}]),
        "weekday": listed(["mon", "sun"], 2),
        "contact_known": st.booleans(),
        "dnd": st.booleans(),
        "tags": patterns,
        "fields": st.dictionaries(st.sampled_from(["Budget", "Region"]), patterns, min_size=1),
    },
)
conditions: st.SearchStrategy[dict[str, Any]] = st.recursive(
    leaves,
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "all": st.lists(inner, min_size=1, max_size=2),
            "any": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
        },
    ),
    max_leaves=3,
)
workflows = st.sampled_from(["no_answer", "nurture", "unset", "wf-0001", "wf-0002"])
tags = listed(["a", "B", "call-{disposition}", "{direction}", "{trunk}", "n-{{ attempt }}", "{% if amd %}m{% endif %}"])
texts = st.sampled_from(
    ["x", "{{ number }}", "{{ talk_s + agent }}", "{{ fields.Budget }}", "{{ ended }}\n{{ remarks }}"]
)
later: st.SearchStrategy[dict[str, Any]] = st.just({}) | st.builds(
    lambda seconds: {"after_s": seconds}, st.sampled_from([0, 300, 300.5, "review_after_s"])
)


def step(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A step of that kind."""
    return st.fixed_dictionaries({"kind": st.just(kind), **fields})


def deferred(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A step of that kind, now or later."""
    return st.builds(lambda one, when: one | when, step(kind, **fields), later)


steps = st.one_of(
    step("note"),
    step("note", body=texts),
    deferred("add_tags", tags=tags),
    deferred("remove_tags", tags=tags),
    deferred("enrol", workflow=workflows),
    deferred("unenrol", workflow=workflows),
    step(
        "task",
        title=texts,
        body=texts,
        business_days=st.integers(0, 5),
        assign=st.sampled_from(["owner", "agent", "u1"]),
    ),
    step("call_record"),
    step("field", fields=st.dictionaries(st.sampled_from(["A", "B"]), texts, min_size=1)),
    step("opportunity", pipeline=st.sampled_from(["p", "q"]), stage=st.sampled_from(["s", "t"]), name=texts),
    step("dnd", channels=listed(["all", "Call", "SMS"]), on=st.booleans()),
    step("suppress_redial", hours=st.sampled_from([1, 48]), tag=st.sampled_from(["a", "{{ direction }}"])),
    step("review", why=texts),
    step("change_caller_id"),
    deferred("notify", url=st.just("https://example.com/hook"), message=texts),
    step("count_attempt", tag=st.sampled_from(["a", "n-{{ attempt }}"])),
    step("reset_attempts", unenrol=workflows),
)
rules = st.fixed_dictionaries(
    {"do": st.lists(steps, min_size=1, max_size=4)},
    optional={"when": conditions, "enabled": st.booleans(), "group": st.sampled_from(["first", "all"])},
)


def a_book(rules: list[dict[str, Any]]) -> Book:
    """The book of these rules, called R0, R1, ..."""
    named = [{"name": f"R{index}", **rule} for index, rule in enumerate(rules)]
    groups = {"first": "first", "all": "all"}
    return Book.model_validate({"version": 1, "name": "any", "groups": groups, "rules": named})


books = st.lists(rules, max_size=5).map(a_book)
