"""Bandwidth: webhooks of the Voice API (BXML), and the hangup of its retired first version.

https://dev.bandwidth.com/docs/voice/webhooks/. No webhook of its plain SIP trunks is known.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from mappings import causes
from mappings.call import Call, Disposition, Event, iso
from mappings.disposition import disposition
from mappings.payload import body, fields, signing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import Trunk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mappings.payload.request import Credentials

_NAME = "bandwidth"
_EVENTS: dict[str, Event] = {
    "initiate": "initiated",
    "answer": "answered",
    "disconnect": "completed",
    "transferAnswer": "answered",
    "transferDisconnect": "completed",
}
# What happens on a call without being its course; conferences are no calls.
_PASSED_OVER = frozenset(
    {
        "bridgeComplete",
        "bridgeTargetComplete",
        "dtmf",
        "gather",
        "mediaStreamRejected",
        "mediaStreamStarted",
        "mediaStreamStopped",
        "realTimeTranscriptionAvailable",
        "realTimeTranscriptionRejected",
        "realTimeTranscriptionStarted",
        "realTimeTranscriptionStopped",
        "recordComplete",
        "redirect",
        "transcriptionAvailable",
        "transferComplete",
    }
)
# What ends a call nobody answered; the list is open, and what names a fault leaves it to the SIP status.
_CAUSES: dict[str, Disposition | None] = {
    "hangup": Disposition.CANCELED,
    "busy": Disposition.BUSY,
    "timeout": Disposition.NO_ANSWER,
    "cancel": Disposition.CANCELED,
    "rejected": Disposition.REJECTED,
    "account-limit": Disposition.CONGESTION,
    "node-capacity-exceeded": Disposition.CONGESTION,
    "callback-error": None,
    "invalid-bxml": None,
    "application-error": None,
    "error": None,
    "unknown": None,
}
_WORDS = {
    Disposition.CONNECTED: "hangup",
    Disposition.VOICEMAIL: "hangup",
    Disposition.BUSY: "busy",
    Disposition.NO_ANSWER: "timeout",
    Disposition.CANCELED: "cancel",
    Disposition.REJECTED: "rejected",
    Disposition.CONGESTION: "account-limit",
}
_B_LEG = "the leg a call was transferred to"


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if the request proves a secret: Bandwidth cannot sign, but logs in (basic auth).

    Raises:
        UnverifiedError: it does not.
    """
    signing.verify_unsigned(request, credentials)


def parse(request: Request) -> list[Call]:
    """The call of the event.

    Raises:
        NotUnderstoodError: an event that is no call's, or of a kind nobody knows.
    """
    item = body.fields(request)
    kind = fields.text(item.get("eventType")) or ""
    event = _EVENTS.get(kind)
    if event is not None:
        return [_course(event, item)]
    if kind == "hangup":
        return [_retired(item)]
    return [_besides(kind, item)]


def _course(event: Event, item: Mapping[str, Any]) -> Call:
    """A leg's beginning, its answer or its end. `eventTime` is later, `enqueuedTime` earlier: neither is used."""
    notes: list[str] = []
    answer_ms = fields.instant(item.get("answerTime"), "answerTime", notes)
    return Call(
        trunk=_NAME,
        event=event,
        **_leg(item),
        **_parties(item, notes),
        start_ms=fields.instant(item.get("startTime"), "startTime", notes),
        answer_ms=answer_ms,
        end_ms=fields.instant(item.get("endTime"), "endTime", notes) if event == "completed" else None,
        **(_ending(item, answer_ms, notes) if event == "completed" else {}),
        notes=tuple(notes),
    )


def _parties(item: Mapping[str, Any], notes: list[str]) -> dict[str, Any]:
    """Who calls whom: on a transferred leg `from` and `to` are still the first leg's."""
    caller, called = ("transferCallerId", "transferTo") if "parentCallId" in item else ("from", "to")
    return {
        "from_": fields.phone(item.get(caller), caller, notes),
        "to": fields.phone(item.get(called), called, notes),
        "direction": fields.direction(item.get("direction"), notes),
    }


def _leg(item: Mapping[str, Any]) -> dict[str, Any]:
    parent = fields.text(item.get("parentCallId"))
    return {
        "call_id": fields.text(item.get("callId")),
        "session_id": parent,
        "aside": _B_LEG if parent else None,
    }


def _ending(item: Mapping[str, Any], answer_ms: int | None, notes: list[str]) -> dict[str, Any]:
    """Cause and outcome; without an `answerTime` nobody answered."""
    word = fields.text(item.get("cause"))
    if word is not None and word not in _CAUSES:
        notes.append(f"unknown cause {fields.shown(word)}")
    answered = answer_ms is not None
    return {
        "cause": word,
        "sip": fields.integer(item.get("sipResponseCode")),
        "answered": answered,
        "outcome": None if answered else _CAUSES.get(word or ""),
    }


def _retired(item: Mapping[str, Any]) -> Call:
    """The hangup of API v1: FreeSWITCH's cause names, the time of the end, and nothing of an answer."""
    notes: list[str] = []
    word = fields.text(item.get("cause"))
    cause = causes.named(word)
    normal = word == "NORMAL_CLEARING"
    if normal:
        notes.append("answered by NORMAL_CLEARING; this event does not tell when")
    return Call(
        trunk=_NAME,
        **_leg(item),
        **_parties(item, notes),
        end_ms=fields.instant(item.get("time"), "time", notes),
        cause=word,
        q850=cause.code if cause is not None and cause.kind == "q850" else None,
        outcome=Disposition.CONNECTED if normal else None,
        notes=tuple(notes),
    )


def _besides(kind: str, item: Mapping[str, Any]) -> Call:
    """What an event adds to a call besides its course: who answered, a recording, or nothing."""
    notes: list[str] = []
    told = _leg(item)
    if kind == "machineDetectionComplete":
        result = item.get("machineDetectionResult")
        word = result.get("value") if isinstance(result, dict) else result
        told["amd"] = fields.amd(word)
        if told["amd"] is None:
            notes.append(f"machine detection without a result: {fields.shown(word)}")
    elif kind == "recordingAvailable":
        told["recording_url"] = fields.text(item.get("mediaUrl"))
    elif kind in _PASSED_OVER:
        told["aside"] = f"{kind} adds nothing to the call's record"
    else:
        raise NotUnderstoodError(f"unknown eventType {kind!r:.60}")
    return Call(trunk=_NAME, event="extra", **told, notes=tuple(notes))


def compose(call: Call, secret: str, url: str, sent_ms: int) -> Request:
    """The webhook Bandwidth would post to `url`, logged in."""
    raw = orjson.dumps({name: given for name, given in _fields(call, sent_ms).items() if given is not None})
    headers = {"content-type": "application/json", "authorization": signing.basic(secret)}
    return Request(method="POST", url=url, headers=headers, body=raw, received_ms=sent_ms)


def _fields(call: Call, sent_ms: int) -> dict[str, object]:
    over = call.event == "completed"
    ended = disposition(call)
    return {
        "eventType": {"initiated": "initiate", "answered": "answer"}.get(call.event, "disconnect"),
        "eventTime": iso(sent_ms),
        "callId": call.call_id,
        "from": call.from_,
        "to": call.to,
        "direction": call.direction,
        "startTime": iso(call.start_ms),
        "answerTime": iso(call.answer_ms),
        "endTime": iso(call.end_ms) if over else None,
        "cause": (_WORDS.get(ended, "error") if ended else "unknown") if over else None,
        "sipResponseCode": call.sip,
    }


TRUNK = Trunk(
    name=_NAME,
    title="Bandwidth Voice API",
    verify=verify,
    parse=parse,
    compose=compose,
    proof="basic auth (the user name and password of the application); else a bearer token or a secret path",
    setup=(
        "1. Bandwidth dashboard > Applications > your voice application: the call status callback URL is {url}, POST,\n"
        "   with a user name and a password.\n"
        "2. Calls you make by API: disconnectUrl={url}, with username and password.\n"
        "3. Transfers: transferDisconnectUrl={url}. Recordings: recordingAvailableUrl={url}.\n"
        "4. The secret is the password, or user:password."
    ),
    methods=frozenset({"POST", "GET"}),
)
