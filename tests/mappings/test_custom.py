"""Trunks without code: what a mapping document makes of a payload, and the three that ship."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.call import Call
from mappings.custom import custom_trunk, read_mapping
from mappings.disposition import disposition, standing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.settle import settle
from mappings.trunks import read, trunk
from tests.mappings.trunks.signed import flipped, holds

if TYPE_CHECKING:
    from mappings.trunks import Trunk

SECRET = "user:a shared s\u00e9cret"
URL = "https://crm.example.com/h"
NOW_MS = 1_777_903_300_000
PAYLOAD = {
    "what": "finished",
    "legs": [{"sip.id": "c-1", "a": "12025550101", "b": "+12025550102"}],
    "times": {"invite": 1_777_903_200_000, "ok": 0, "bye": "2026-05-04T16:00:20"},
    "length": 0,
    "why": "besetzt",
}
DOCUMENT: dict[str, Any] = {
    "name": "pbx",
    "title": "Our PBX",
    "auth": {
        "scheme": "hmac-sha256",
        "signature_header": "X-Sign",
        "signature_item": "v1",
        "timestamp_item": "t",
        "prefix": "sha256=",
    },
    "event": {
        "path": "what",
        "initiated": ["dialled"],
        "answered": ["up"],
        "completed": ["finished"],
        "extra": ["more"],
    },
    "fields": {
        "call_id": 'legs[0]["sip.id"]',
        "session_id": "session",
        "from": ["legs[0].from", "legs[0].a"],
        "to": "legs[0].b",
        "direction": "way",
        "start": "times.invite",
        "answer": "times.ok",
        "end": "times.bye",
        "duration": "length",
        "cause": "why",
        "q850": "codes.q850",
        "sip": "codes.sip",
        "amd": "amd",
        "hangup_by": "who",
        "agent": "agent.name",
        "recording_url": "recordings[-1]",
    },
    "times": {
        "start": {"format": "ms"},
        "answer": {"format": "us"},
        "end": {"format": "iso", "zone": "Europe/Berlin"},
    },
    "causes": {"Besetzt": "Busy", "niemand da": "No Answer"},
}


def mapped(**changes: Any) -> Trunk:
    document = {name: value for name, value in (DOCUMENT | changes).items() if value is not None}
    return custom_trunk(read_mapping(json.dumps(document), "json"))


def post(item: Any, **headers: str) -> Request:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method="POST", url=URL, headers=named, body=json.dumps(item).encode(), received_ms=NOW_MS)


def one(adapter: Trunk, **changes: Any) -> Call:
    (call,) = read(adapter, post(PAYLOAD | changes))
    return call


def times(**changes: Any) -> dict[str, Any]:
    return {**PAYLOAD["times"], **changes}  # type: ignore[dict-item]  # the payload's values are of several types


def test_each_fact_is_found_at_its_path() -> None:
    call = one(mapped())
    assert (call.trunk, call.call_id, call.from_, call.to) == ("pbx", "c-1", "12025550101", "+12025550102")
    assert (call.facts()["start"], call.facts()["answer"], call.facts()["end"]) == (
        "2026-05-04T14:00:00.000Z",
        None,
        "2026-05-04T14:00:20.000Z",
    )
    assert (call.cause, disposition(call), call.notes) == ("besetzt", "Busy", ())


@pytest.mark.parametrize(
    ("word", "event"), [("dialled", "initiated"), ("up", "answered"), ("finished", "completed"), ("more", "extra")]
)
def test_a_word_is_an_event(word: str, event: str) -> None:
    assert one(mapped(), what=word).event == event


@pytest.mark.parametrize("word", ["exploded", None, 7, ["finished"]])
def test_a_word_the_document_does_not_have_is_not_understood(word: Any) -> None:
    with pytest.raises(NotUnderstoodError):
        one(mapped(), what=word)


def test_a_word_the_document_does_not_have_may_have_a_default() -> None:
    assert one(mapped(event={"path": "what", "extra": ["more"], "default": "completed"})).event == "completed"


def test_without_words_every_payload_is_a_finished_call() -> None:
    assert one(mapped(event={})).event == "completed"


def test_a_document_without_words_writes_none() -> None:
    adapter = mapped(event={})
    assert "what" not in json.loads(adapter.compose(one(adapter), SECRET, URL, NOW_MS).body)


def test_an_earlier_event_knows_nothing_of_the_end() -> None:
    call = one(mapped(), what="dialled")
    assert (call.start_ms, call.end_ms, call.cause, call.outcome) == (1_777_903_200_000, None, None, None)


def test_an_extra_tells_only_what_was_learnt() -> None:
    call = one(mapped(), what="more", amd="machine", recordings=["https://media.example.com/1"])
    assert (call.amd, call.recording_url, call.start_ms) == ("machine", "https://media.example.com/1", None)


def test_an_answer_is_read_in_its_own_unit() -> None:
    call = one(mapped(), times=times(ok=1_777_903_205_123_456), why=None, length=14.877)
    assert (call.answer_ms, call.duration_s, disposition(call)) == (1_777_903_205_123, 14.877, "Connected")


@pytest.mark.parametrize(
    ("form", "written", "ms"),
    [
        ("auto", 1_777_903_220, 1_777_903_220_000),
        ("auto", "Mon, 04 May 2026 14:00:20 +0000", 1_777_903_220_000),
        ("s", "1777903220.5", 1_777_903_220_500),
        ("s", "2026-05-04T14:00:20Z", None),
        ("ms", "1777903220500", 1_777_903_220_500),
        ("ms", 1777903220500.0, None),
        ("us", 1_777_903_220_500_999, 1_777_903_220_500),
        ("iso", "2026-05-04T14:00:20Z", 1_777_903_220_000),
        ("iso", 1_777_903_220, None),
    ],
)
def test_a_time_is_read_as_the_document_says(form: str, written: Any, ms: int | None) -> None:
    call = one(mapped(times={"format": form}), times={"bye": written})
    assert call.end_ms == ms
    assert bool(call.notes) is (ms is None)


@pytest.mark.parametrize(
    ("zone", "end"),
    [("Europe/Berlin", "14:00:20"), ("+05:30", "10:30:20"), ("-03:00", "19:00:20"), ("UTC", "16:00:20")],
)
def test_a_time_without_a_zone_is_in_the_documents(zone: str, end: str) -> None:
    assert one(mapped(times={"zone": zone}), times=times(invite=None)).facts()["end"] == f"2026-05-04T{end}.000Z"


@pytest.mark.parametrize(
    ("form", "length", "talk_s"),
    [({"unit": "s"}, "3.5", 3.5), ({"unit": "ms"}, 3500, 3.5), ({"unit": "ms"}, "3.5", None)],
)
def test_a_duration_is_read_in_its_unit(form: dict[str, Any], length: Any, talk_s: float | None) -> None:
    call = one(mapped(duration=form, constants={"answered": True}), length=length, times={}, why=None)
    assert call.duration_s == talk_s


@pytest.mark.parametrize(
    ("given", "start_ms", "end_ms"),
    [
        ({"bye": "2026-05-04T16:00:20"}, 1_777_903_195_000, 1_777_903_220_000),
        ({"invite": 1_777_903_200_000}, 1_777_903_200_000, 1_777_903_225_000),
        ({}, None, None),
    ],
)
def test_a_duration_with_the_ringing_gives_the_start_or_the_end(
    given: dict[str, Any], start_ms: int | None, end_ms: int | None
) -> None:
    call = one(mapped(duration={"includes_ringing": True}), times=given, length=25)
    assert (call.start_ms, call.end_ms, call.duration_s) == (start_ms, end_ms, 0)


@pytest.mark.parametrize(
    ("changes", "ended", "q850", "sip"),
    [
        ({"why": "NIEMAND DA"}, "No Answer", None, None),
        ({"why": 21}, "Rejected", 21, None),
        ({"why": "sip:404"}, "Invalid Number", None, 404),
        ({"why": "ORIGINATOR_CANCEL"}, "Canceled", None, None),
        ({"why": None, "codes": {"q850": 34}}, "Congestion", 34, None),
        ({"why": None, "codes": {"sip": "603"}}, "Rejected", None, 603),
        ({"why": "besetzt", "codes": {"sip": 487}}, "Busy", None, 487),
        ({"why": "?"}, "Failed", None, None),
    ],
)
def test_a_cause_is_a_word_of_the_document_or_one_everybody_knows(
    changes: dict[str, Any], ended: str, q850: int | None, sip: int | None
) -> None:
    call = one(mapped(), **changes)
    assert (disposition(call), call.q850, call.sip) == (ended, q850, sip)


def test_a_cause_missing_in_the_documents_vocabulary_is_noted() -> None:
    assert one(mapped(), why="?").notes == ("unknown cause '?'",)


def test_without_a_vocabulary_an_unknown_cause_is_no_news() -> None:
    assert one(mapped(causes={}), why="?").notes == ()


@pytest.mark.parametrize(
    ("changes", "answered"),
    [
        ({}, False),
        ({"length": 5, "why": None}, True),
        ({"why": "answered"}, True),
        ({"why": None, "codes": {"sip": 200}}, True),
        ({"times": times(ok=1_777_903_205_000_000), "codes": {"sip": 486}}, False),
    ],
)
def test_a_call_was_answered_if_anything_says_so_and_its_status_does_not_deny_it(
    changes: dict[str, Any], *, answered: bool
) -> None:
    assert one(mapped(), **changes).answered is answered


def test_constants_are_true_of_every_call() -> None:
    call = one(mapped(constants={"direction": "inbound", "answered": False}), times=times(ok=1_777_903_205_000_000))
    assert (call.direction, call.answered) == ("inbound", False)


def test_a_direction_in_the_payload_comes_before_the_constant() -> None:
    assert one(mapped(constants={"direction": "inbound"}), way="outgoing").direction == "outbound"


def test_numbers_may_be_e164_without_their_plus() -> None:
    assert one(mapped(numbers="e164_digits")).from_ == "+12025550101"


def test_a_document_says_what_a_finished_call_awaits() -> None:
    assert one(mapped(awaits=["answer"])).awaits == ("answer",)
    assert one(mapped(awaits=["answer"]), what="up").awaits == ()


def test_a_list_holds_several_calls() -> None:
    assert len(read(mapped(), post([PAYLOAD, PAYLOAD]))) == 2


def test_a_form_is_read_as_well() -> None:
    request = replace(post({}), body=b"id=c-1&from=%2B12025550101&sip=486")
    paths = {"call_id": "id", "from": "from", "sip": "sip"}
    (call,) = read(mapped(event={}, fields=paths), request)
    assert (call.call_id, call.from_, disposition(call)) == ("c-1", "+12025550101", "Busy")


def test_a_call_without_an_id_is_quarantined() -> None:
    assert standing(one(mapped(), legs=[])).status == "quarantined"


SCHEMES: dict[str, dict[str, Any]] = {
    "list": DOCUMENT["auth"],
    "headers": {
        "scheme": "hmac-sha256",
        "signature_header": "X-Signature",
        "timestamp_header": "X-Timestamp",
        "encoding": "base64",
    },
    "body": {"scheme": "hmac-sha256", "signature_header": "X-Signature", "prefix": "sha256="},
    "bearer": {"scheme": "bearer"},
    "basic": {"scheme": "basic"},
    "unsigned": {"scheme": "unsigned"},
}


@pytest.mark.parametrize("auth", SCHEMES.values(), ids=SCHEMES.keys())
def test_a_composed_request_is_believed_with_its_secret_only(auth: dict[str, Any]) -> None:
    adapter = mapped(auth=auth)
    request = adapter.compose(one(mapped()), SECRET, URL, NOW_MS)
    assert holds(adapter, request, "new", SECRET)
    assert not holds(adapter, request, "another")
    assert not holds(adapter, request, "")


@pytest.mark.parametrize("name", ["list", "headers", "body"])
def test_changing_any_byte_of_a_signed_request_is_refused(name: str) -> None:
    adapter = mapped(auth=SCHEMES[name])
    request = adapter.compose(one(mapped()), SECRET, URL, NOW_MS)
    for header in request.headers.keys() - {"content-type"}:
        assert not any(holds(adapter, changed, SECRET) for changed in flipped(request, header))


@pytest.mark.parametrize("name", ["list", "headers"])
def test_a_signature_outside_the_window_is_refused(name: str) -> None:
    adapter = mapped(auth=SCHEMES[name])
    request = adapter.compose(one(mapped()), SECRET, URL, NOW_MS)
    assert not holds(adapter, replace(request, received_ms=NOW_MS + 301_000), SECRET)


@pytest.mark.parametrize("name", ["list", "headers", "body"])
def test_a_signature_proves_nothing_about_a_query(name: str) -> None:
    adapter = mapped(auth=SCHEMES[name])
    request = adapter.compose(one(mapped()), SECRET, URL, NOW_MS)
    assert not holds(adapter, replace(request, method="GET"), SECRET)


@pytest.mark.parametrize(
    "header", ["", "t=1", "v1=00", "t=1777903300,t=1777903300,v1=00", "t=\u0661,v1=00", "t=1777903300,v1=\ud800"]
)
def test_a_malformed_signature_is_refused(header: str) -> None:
    assert not holds(mapped(), post({}, x_sign=header), SECRET)


@pytest.mark.parametrize("name", ["list", "headers", "body"])
def test_a_signed_trunk_takes_no_weaker_proof(name: str) -> None:
    request = post({}, authorization=f"Bearer {SECRET}")
    assert not holds(mapped(auth=SCHEMES[name]), request, SECRET, path_key=SECRET)


def test_a_secret_path_is_a_proof_where_the_document_says_so() -> None:
    assert holds(mapped(auth={"scheme": "path"}), post({}, authorization="Bearer x"), SECRET, path_key=SECRET)
    assert not holds(mapped(auth={"scheme": "path"}), post({}, authorization=f"Bearer {SECRET}"), SECRET)
    assert not holds(mapped(auth={"scheme": "bearer"}), post({}), SECRET, path_key=SECRET)
    assert not holds(mapped(auth={"scheme": "basic"}), post({}, authorization=f"Bearer {SECRET}"), SECRET)


def test_a_request_for_a_secret_path_has_the_secret_in_its_path() -> None:
    request = mapped(auth={"scheme": "path"}).compose(one(mapped()), "a/b", URL, NOW_MS)
    assert (request.url, "authorization" in request.headers) == (f"{URL}/a%2Fb", False)


ENDINGS = [("besetzt", "Busy"), ("niemand da", "No Answer"), ("NORMAL_CLEARING", "Canceled"), ("sip:603", "Rejected")]
TIMES = [{"format": form} for form in ("auto", "iso", "s", "ms", "us")]


@given(
    answered=st.booleans(),
    ending=st.sampled_from(ENDINGS),
    ring=st.integers(1, 100_000),
    talk=st.integers(1, 10_000_000),
    form=st.sampled_from(TIMES),
    duration=st.fixed_dictionaries({"unit": st.sampled_from(["s", "ms"]), "includes_ringing": st.booleans()}),
    event=st.sampled_from(["initiated", "answered", "completed", "extra"]),
)
def test_what_a_document_writes_it_reads_back(
    *,
    answered: bool,
    ending: tuple[str, str],
    ring: int,
    talk: int,
    form: dict[str, str],
    duration: dict[str, Any],
    event: Any,
) -> None:
    adapter = mapped(times=form, duration=duration)
    start = 1_777_800_000_123
    answer = start + ring if answered or event == "answered" else None
    course: dict[str, dict[str, Any]] = {
        "extra": {},
        "initiated": {"start_ms": start},
        "answered": {"start_ms": start, "answer_ms": answer},
        "completed": {
            "start_ms": start,
            "answer_ms": answer,
            "end_ms": start + ring + (talk if answered else 0),
            "answered": answered,
            "cause": "answered" if answered else ending[0],
        },
    }
    common = Call(
        trunk="pbx", call_id="c-1", event=event, direction="outbound", from_="1001", to="+12025550102", agent="dana",
        session_id="s-1", recording_url="https://media.example.com/1", amd="human" if answered else None,
    )  # fmt: skip
    told = settle(replace(common, **course[event]), received_ms=NOW_MS)
    (found,) = read(adapter, adapter.compose(told, SECRET, URL, NOW_MS))
    names = [name for name in course[event] if name != "cause"]
    names += ["call_id", "event", "direction", "from_", "to", "agent", "session_id", "recording_url", "amd"]
    assert {name: getattr(found, name) for name in names} == {name: getattr(told, name) for name in names}
    if event == "completed":
        assert disposition(found) == ("Connected" if answered else ending[1])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
        | st.sampled_from(["finished", "2026-05-04T16:00:20"]),
        lambda inner: st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["what", "legs", "times", "invite", "bye", "why", "sip.id", "a"]), inner),
    )
)  # fmt: skip
def test_any_payload_is_read_or_not_understood(item: Any) -> None:
    try:
        calls = read(mapped(), post(item))
    except NotUnderstoodError:
        return
    assert {call.trunk for call in calls} == {"pbx"}


@pytest.mark.parametrize(
    ("name", "proof"),
    [
        ("opensips", "a bearer token, basic auth, or a secret path"),
        ("telesign", "a bearer token, basic auth, or a secret path"),
        ("elevenlabs", "elevenlabs-signature (HMAC-SHA256 over time and body)"),
    ],
)
def test_a_shipped_document_is_a_trunk_like_any_other(name: str, proof: str) -> None:
    assert (trunk(name).name, trunk(name).proof) == (name, proof)


@pytest.mark.parametrize(
    ("auth", "proof"),
    [
        ({"scheme": "path"}, "a secret path"),
        (SCHEMES["body"], "x-signature (HMAC-SHA256 over the body)"),
    ],
)
def test_a_trunk_says_how_it_is_proven(auth: dict[str, Any], proof: str) -> None:
    assert mapped(auth=auth).proof == proof


def test_a_shipped_trunks_signed_request_is_believed_and_reads_as_the_same_call() -> None:
    call = settle(
        Call(trunk="elevenlabs", call_id="el-1", direction="outbound", to="+12025550102", end_ms=NOW_MS, sip=486),
        received_ms=NOW_MS,
    )
    request = trunk("elevenlabs").compose(call, SECRET, URL, NOW_MS)
    (found,) = read(trunk("elevenlabs"), request)
    assert holds(trunk("elevenlabs"), request, SECRET)
    assert (found.call_id, found.to, found.end_ms, disposition(found)) == ("el-1", "+12025550102", NOW_MS, "Busy")


@pytest.mark.parametrize("kind", ["post_call_transcription", "post_call_audio"])
def test_an_event_of_a_conversation_is_no_call_of_elevenlabs(kind: str) -> None:
    with pytest.raises(NotUnderstoodError):
        read(trunk("elevenlabs"), post({"type": kind, "data": {}}))
