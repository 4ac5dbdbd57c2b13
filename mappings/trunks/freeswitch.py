"""FreeSWITCH: mod_json_cdr, mod_xml_cdr, and hangup events forwarded from the event socket.

https://developer.signalwire.com/freeswitch/FreeSWITCH-Explained/Modules/mod_json_cdr_4653128/. Each record
is one leg, and the direction is the switch's view: the A leg of a user's outgoing call is "inbound".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import orjson

from mappings import causes
from mappings.call import Call, Direction, Disposition, Event
from mappings.disposition import disposition
from mappings.payload import fields, signing, switch_record
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import Trunk

if TYPE_CHECKING:
    from mappings.causes import Cause
    from mappings.payload.request import Credentials
    from mappings.payload.switch_record import Record

_NAME = "freeswitch"
_EVENTS: dict[str | None, Event] = {
    None: "completed",
    "CHANNEL_HANGUP_COMPLETE": "completed",
    "CHANNEL_CREATE": "initiated",
    "CHANNEL_ANSWER": "answered",
}
# A load generator's or template's "%(uuid)s" or "${uuid}" is no id.
_PLACEHOLDER = re.compile(r"[%${}()<>\s]")
_SIP_CAUSE = re.compile(r"(?:sip:)?([1-6][0-9]{2})", re.IGNORECASE)
# In the order of trust; the last is what the other leg of the bridge heard.
_SIP_VARIABLES = (
    "sip_term_status",
    "proto_specific_hangup_cause",
    "sip_invite_failure_status",
    "last_bridge_proto_specific_hangup_cause",
)
_TIMES = (("start", "created_time"), ("answer", "answered_time"), ("end", "hangup_time"))
_ELSEWHERE = {
    "LOSE_RACE": "another leg of the same dial won",
    "PICKED_OFF": "picked up elsewhere",
    "NON_SELECTED_USER_CLEARING": "answered elsewhere",
    "ANSWERED_ELSEWHERE": "answered elsewhere",
}


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if the request proves a secret: FreeSWITCH cannot sign, but logs in or posts to a secret path.

    Raises:
        UnverifiedError: it does not.
    """
    signing.verify_unsigned(request, credentials)


def parse(request: Request) -> list[Call]:
    """The leg of the record.

    Raises:
        NotUnderstoodError: no record, an event of another kind, or a placeholder for an id.
    """
    record = switch_record.read(request)
    event = _EVENTS.get(record.event)
    if event is None:
        raise NotUnderstoodError(f"the event {fields.shown(record.event)} says nothing about a call's state")
    return [_call(record, event)]


def _call(record: Record, event: Event) -> Call:
    notes: list[str] = []
    direction = fields.direction(record.variable("direction") or record.direction, notes)
    word = record.variable("hangup_cause") if event == "completed" else None
    cause = causes.named(word)
    times = _times(record, notes)
    answered = _answered(times, event, word)
    return Call(
        trunk=_NAME,
        call_id=_call_id(record),
        event=event,
        direction=direction,
        from_=_from(record, direction, notes),
        to=fields.phone(_to(record), "to", notes),
        **times,
        answered=answered,
        q850=_q850(record, cause),
        sip=_sip(record) if event == "completed" else None,
        cause=word,
        outcome=cause.disposition if cause is not None and cause.kind == "fs" else None,
        amd=fields.amd(record.variable("amd_result", "amd_status")),
        hangup_by=_hangup_by(record, direction),
        recording_url=record.variable("recording_url"),
        session_id=record.variable("originating_leg_uuid", "call_uuid"),
        notes=tuple(notes),
        aside=_ELSEWHERE.get(word or "") if answered is False else None,
    )


def _call_id(record: Record) -> str | None:
    """The leg's own id; 2009's builds have it in the caller profile only."""
    found = record.variable("uuid") or fields.text(record.profile.get("uuid"))
    if found is not None and _PLACEHOLDER.search(found):
        raise NotUnderstoodError("a placeholder where the uuid should be")
    return found


def _from(record: Record, direction: Direction | None, notes: list[str]) -> str | None:
    """The caller; the ANI on a leg the switch made, whose caller_id_number repeats the destination."""
    caller, ani = record.profile.get("caller_id_number"), record.profile.get("ani")
    user = record.variable("sip_from_user", "effective_caller_id_number", "origination_caller_id_number")
    candidates = (ani, user, caller) if direction == "outbound" else (caller, ani, user)
    given = next((one for one in candidates if fields.text(one)), None)
    return fields.phone(given, "from", notes)


def _to(record: Record) -> str | None:
    destination = fields.text(record.profile.get("destination_number"))
    return destination or record.variable("sip_to_user", "sip_req_user")


def _times(record: Record, notes: list[str]) -> dict[str, Any]:
    """Microseconds, else seconds, else the call flow's microseconds; never *_stamp, which has no zone."""
    found: dict[str, Any] = {}
    for name, flow in _TIMES:
        given = record.variable(f"{name}_uepoch", f"{name}_epoch") or record.times.get(flow)
        found[f"{name}_ms"] = fields.instant(given, name, notes)
    milliseconds = fields.integer(record.variable("billmsec"))
    talk = fields.duration_ms(record.variable("billsec"))
    found["talk_ms"] = milliseconds if milliseconds is not None and milliseconds >= 0 else talk
    return found


def _answered(times: dict[str, Any], event: Event, cause: str | None) -> bool | None:
    """No, if the leg is over with neither an answer time nor a talk time."""
    over = event == "completed" and (cause is not None or times["end_ms"] is not None)
    return False if over and times["answer_ms"] is None and not times["talk_ms"] else None


def _q850(record: Record, cause: Cause | None) -> int | None:
    """The number as reported (16 for every cause of FreeSWITCH's own), else by the cause's name."""
    stated = fields.integer(record.variable("hangup_cause_q850"))
    return stated or (cause.code if cause is not None and cause.kind == "q850" else None)


def _sip(record: Record) -> int | None:
    for name in _SIP_VARIABLES:
        found = _SIP_CAUSE.fullmatch(record.variable(name) or "")
        if found is not None:
            return int(found[1])
    return None


def _hangup_by(record: Record, direction: Direction | None) -> str | None:
    """recv_*: the far side of this leg; send_*: the switch, for whatever reason."""
    how = record.variable("sip_hangup_disposition") or ""
    if how.startswith("send_"):
        return "switch"
    if how.startswith("recv_") and direction is not None:
        return "caller" if direction == "inbound" else "callee"
    return None


def compose(call: Call, secret: str, url: str, sent_ms: int) -> Request:
    """The mod_json_cdr record the switch would post to `url`, values escaped as is its default, logged in."""
    raw = orjson.dumps(
        {
            "variables": _escaped(_variables(call)),
            "callflow": [
                {
                    "caller_profile": {
                        "ani": call.from_,
                        "caller_id_number": call.from_,
                        "destination_number": call.to,
                        "uuid": call.call_id,
                    }
                }
            ],
        }
    )
    return Request(
        method="POST",
        url=f"{url}?uuid={call.call_id}",
        headers={"content-type": "application/json", "authorization": signing.basic(secret)},
        body=raw,
        received_ms=sent_ms,
    )


def _escaped(variables: dict[str, Any]) -> dict[str, str]:
    return {name: quote(str(given)) for name, given in variables.items() if given is not None}


def _variables(call: Call) -> dict[str, Any]:
    ended = disposition(call)
    known = causes.q850(call.q850)
    return {
        "uuid": call.call_id,
        "direction": call.direction,
        "start_uepoch": (call.start_ms or 0) * 1000,
        "answer_uepoch": (call.answer_ms or 0) * 1000,
        "end_uepoch": (call.end_ms or 0) * 1000,
        "billmsec": call.talk_ms or 0,
        "hangup_cause": call.cause or (known.name if known else causes.USUAL_NAMES.get(ended or Disposition.CONNECTED)),
        "hangup_cause_q850": call.q850,
        "sip_term_status": call.sip,
        "amd_result": call.amd,
        "call_uuid": call.session_id,
        "recording_url": call.recording_url,
    }


TRUNK = Trunk(
    name=_NAME,
    title="FreeSWITCH (mod_json_cdr, mod_xml_cdr, event socket)",
    verify=verify,
    parse=parse,
    compose=compose,
    proof="basic auth (cred), a bearer token, or a secret path",
    setup=(
        'In autoload_configs/json_cdr.conf.xml: <param name="url" value="{url}"/>,\n'
        '<param name="auth-scheme" value="basic"/>, <param name="cred" value="user:secret"/>,\n'
        '<param name="encode" value="false"/>, <param name="log-b-leg" value="false"/>,\n'
        '<param name="retries" value="2"/> and <param name="delay" value="5"/>;\n'
        "then: load mod_json_cdr. The secret is what stands in cred. The same goes for xml_cdr.conf.xml."
    ),
)
