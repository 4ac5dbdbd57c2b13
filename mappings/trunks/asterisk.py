"""Asterisk, which posts nothing by itself: what a dialplan, an AMI listener or an ARI application forwards.

Read are a JSON body made with CURL() in a hangup handler, call detail records (AMI's Cdr event, the columns of
Master.csv as JSON, form or CSV), AMI's channel events as text or JSON, and ARI's channel events.
https://docs.asterisk.org: Call Detail Records (CDR), AMI Events, Asterisk REST Data Models
"""

from __future__ import annotations

import csv
import re
from datetime import timedelta, timezone
from typing import TYPE_CHECKING, Any

import orjson

from mappings.call import Call, Disposition, Event
from mappings.disposition import disposition, worded
from mappings.payload import body, fields, signing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import Trunk

if TYPE_CHECKING:
    from mappings.payload.request import Credentials

_NAME = "asterisk"
_SCRIPT: dict[str | None, Event] = {
    None: "completed",
    "Cdr": "completed",
    "call.completed": "completed",
    "call.started": "initiated",
    "call.answered": "answered",
    "call.extra": "extra",
}
_WORDS = {event: word for word, event in _SCRIPT.items() if word is not None}
# Events of a channel: AMI's `Event`, ARI's `type`. Newstate and ChannelStateChange tell the answer by the state.
_CHANNEL: dict[str, Event] = {
    "Newchannel": "initiated",
    "Newstate": "initiated",
    "Hangup": "completed",
    "ChannelCreated": "initiated",
    "ChannelStateChange": "initiated",
    "ChannelDestroyed": "completed",
}
# Columns of cdr-csv/Master.csv, in their order; the last two only with loguniqueid and loguserfield.
_COLUMNS = (  # noqa: SIM905 - two lines, not eighteen
    "accountcode src dst dcontext clid channel dstchannel lastapp lastdata start answer end duration billsec "
    "disposition amaflags uniqueid userfield"
).split()
# The same fact in a CURL() body, a Master.csv row and an AMI Cdr event.
_ID = ("uuid", "unique_id", "uniqueid", "UniqueID")
_UNIQUE_ID = _ID[1:]
_LINKED = ("linked_id", "linkedid", "Linkedid", "call_id")
_FROM, _TO = ("from", "src", "Source"), ("to", "dst", "Destination")
_START, _ANSWER, _END = ("start", "StartTime"), ("answer", "AnswerTime"), ("end", "EndTime")
_TALK = ("billsec_s", "billsec", "BillableSeconds")
_DISPOSITION = ("disposition", "Disposition")
_CHANNEL_NAME = ("channel", "Channel")

_DIALSTATUS = {
    "ANSWER": Disposition.CONNECTED,
    "BUSY": Disposition.BUSY,
    "CANCEL": Disposition.CANCELED,
    "CONGESTION": Disposition.CONGESTION,
    "DONTCALL": Disposition.REJECTED,
    "NOANSWER": Disposition.NO_ANSWER,
    "TORTURE": Disposition.REJECTED,
}
# Causes that end calls of any kind; 127 is what Asterisk says of a SIP status it has no cause for.
_VAGUE_Q850 = frozenset({None, 16, 31, 127})
_HALF_OF_LOCAL = re.compile(r"Local/.*;[12]")
_ZONELESS = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9:.]+")
_CREATION = re.compile(r"(?:.*-)?([0-9]{9,10})\.[0-9]+")
_QUARTER_MS = 15 * 60 * 1000
_FARTHEST_ZONE = 56  # quarters of an hour: +14:00
_SKEW_MS = 60_000
_NEVER = "0.000000"


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if the request proves a secret: Asterisk cannot sign, but CURL() sets a header or posts to a secret path.

    Raises:
        UnverifiedError: it does not.
    """
    signing.verify_unsigned(request, credentials)


def parse(request: Request) -> list[Call]:
    """The calls of the records or events.

    Raises:
        NotUnderstoodError: one is neither, or an event of another kind.
    """
    return [_call(item) for item in _items(request)]


def _items(request: Request) -> list[dict[str, Any]]:
    raw = body.bare(request.body)
    if raw[:1] == b'"':
        rows = csv.reader(raw.decode(errors="replace").splitlines())
        try:
            return [dict(zip(_COLUMNS, row, strict=False)) for row in rows if row]
        except csv.Error as error:
            raise NotUnderstoodError(f"not a CDR line: {error}") from error
    if raw[:7] == b"Event: ":  # AMI ends an event with an empty line
        return body.objects([body.lines(event) for event in _events(raw)])
    return body.objects(body.value(request))


def _events(raw: bytes) -> list[str]:
    """As many as are read at all, and one more, so that it is known if there are more."""
    return re.split(r"\r?\n\r?\n", raw.decode(errors="replace"), maxsplit=body.MOST_OBJECTS)[: body.MOST_OBJECTS + 1]


def _call(item: dict[str, Any]) -> Call:
    name = fields.text(item.get("type"))
    if name is not None:
        return _of_ari(item, name)
    name = fields.text(item.get("event") or item.get("Event"))
    if name in _CHANNEL:
        return _of_ami(item, name)
    event = _SCRIPT.get(name)
    if event is None:
        raise NotUnderstoodError(f"the event {fields.shown(name)} says nothing about a call's state")
    if name is None and not any(one in item for one in _DISPOSITION):
        raise NotUnderstoodError("neither a call detail record nor an event")
    return _record(item, event)


def _first(item: dict[str, Any], names: tuple[str, ...]) -> Any:
    return next((item[name] for name in names if name in item), None)


def _record(item: dict[str, Any], event: Event) -> Call:
    """A call detail record, or the body a dialplan made of one."""
    notes: list[str] = []
    zone = _zone(item, notes)
    over = event == "completed"
    talk_ms = fields.duration_ms(_first(item, _TALK))
    q850 = fields.integer(item.get("q850_cause")) or None
    outcome = _outcome(item, q850) if over else None
    answer = _first(item, _ANSWER)
    answered = outcome is Disposition.CONNECTED or not fields.is_nothing(answer) or bool(talk_ms)
    if answered and outcome not in (None, Disposition.CONNECTED):
        notes.append(f"the channel was answered, though the dial ended as {outcome}")
    start_ms = fields.instant(_first(item, _START), "start", notes, zone=zone)
    end_ms = fields.instant(_first(item, _END), "end", notes, zone=zone)
    if over and not answered and start_ms is not None and end_ms is not None and end_ms - start_ms <= 1:
        notes.append("start is that of the end: Asterisk does not tell when this call began")
    return Call(
        trunk=_NAME,
        call_id=fields.text(_first(item, _ID)),
        event=event,
        direction=fields.direction(item.get("direction"), notes),
        from_=fields.phone(_first(item, _FROM), "from", notes),
        to=fields.phone(_first(item, _TO), "to", notes),
        start_ms=start_ms,
        answer_ms=fields.instant(answer, "answer", notes, zone=zone),
        end_ms=end_ms,
        talk_ms=talk_ms,
        answered=answered if over else None,
        q850=q850,
        cause=fields.text(item.get("dialstatus")) or fields.text(_first(item, _DISPOSITION)),
        outcome=outcome,
        amd=fields.amd(item.get("amd")),
        agent=fields.text(item.get("agent")),
        recording_url=fields.text(item.get("recording_url")),
        session_id=fields.text(_first(item, _LINKED)),
        notes=tuple(notes),
        aside=_aside(_first(item, _CHANNEL_NAME)),
    )


def _zone(item: dict[str, Any], notes: list[str]) -> timezone | None:
    """The server's zone, for the times of a CDR, which have none: start (local) less the channel's creation (UTC).

    None where the times need no zone, or nothing places them (they are then read as UTC, and that is noted).
    """
    start = _first(item, _START)
    if not isinstance(start, str) or not _ZONELESS.fullmatch(start):
        return None
    created = _CREATION.fullmatch(fields.text(_first(item, _UNIQUE_ID)) or "")
    local = fields.instant(start, "start", [])
    if created is None or local is None:
        return None
    ahead = local - int(created[1]) * 1000
    quarters = round(ahead / _QUARTER_MS)
    if abs(quarters) > _FARTHEST_ZONE or abs(ahead - quarters * _QUARTER_MS) > _SKEW_MS:
        return None
    notes.append("times have no zone: the server's is taken from the channel's unique id")
    return timezone(timedelta(minutes=15 * quarters))


def _outcome(item: dict[str, Any], q850: int | None) -> Disposition | None:
    """What DIALSTATUS says, else the disposition; a cause that is specific comes before a word that is not."""
    dialled = (fields.text(item.get("dialstatus")) or "").upper()
    if dialled in _DIALSTATUS:
        return _DIALSTATUS[dialled]
    vague = q850 in _VAGUE_Q850
    if dialled:  # CHANUNAVAIL, INVALIDARGS
        return Disposition.FAILED if vague else None
    word = worded(fields.text(_first(item, _DISPOSITION)))
    # A CDR says NO ANSWER of every channel that was not answered, refused and unknown numbers included.
    return None if word is Disposition.FAILED or (word is Disposition.NO_ANSWER and not vague) else word


def _aside(channel: Any) -> str | None:
    return "half of a local channel" if isinstance(channel, str) and _HALF_OF_LOCAL.match(channel) else None


def _of_ami(item: dict[str, Any], name: str) -> Call:
    """A channel's event of the manager interface; times only where it is told to stamp its events."""
    notes: list[str] = []
    state = fields.text(item.get("ChannelState"))
    up = None if state is None else state == "6" or item.get("ChannelStateDesc") == "Up"
    call_id, linked = fields.text(item.get("Uniqueid")), fields.text(item.get("Linkedid"))
    other = "another leg of a call" if linked is not None and linked != call_id else None
    time = item.get("Timestamp")
    return Call(
        trunk=_NAME,
        call_id=call_id,
        from_=fields.phone(item.get("CallerIDNum"), "CallerIDNum", notes),
        to=fields.phone(_dialled(item.get("Exten"), item.get("ConnectedLineNum")), "to", notes),
        **_moment(_CHANNEL[name], time, time if name == "Newchannel" else None, up=up, notes=notes),
        **_ending(item, "Cause", "Cause-txt") if name == "Hangup" else {},
        session_id=linked,
        notes=tuple(notes),
        aside=_aside(item.get("Channel")) or other,
    )


def _dialled(exten: Any, connected: Any) -> Any:
    """The extension that was dialled, unless it is one of the dialplan's own (s, h, i, t)."""
    word = fields.text(exten)
    return connected if word is None or word.isalpha() else word


def _of_ari(item: dict[str, Any], name: str) -> Call:
    """A channel's event of the REST interface; one shape met in the wild has the cause inside the channel."""
    channel = item.get("channel")
    if name not in _CHANNEL or not isinstance(channel, dict):
        raise NotUnderstoodError(f"the event {fields.shown(name)} says nothing about a call's state")
    notes: list[str] = []
    state = fields.text(channel.get("state"))
    talk_ms = fields.duration_ms(item.get("duration")) if name == "ChannelDestroyed" else None
    if talk_ms is not None:
        notes.append("duration is not ARI's: taken as talk time, but not to place the answer")
    caller, connected, plan = (_mapping(channel.get(part)) for part in ("caller", "connected", "dialplan"))
    time, created = item.get("timestamp"), channel.get("creationtime")
    up = (bool(talk_ms) or None) if state is None else state == "Up"
    return Call(
        trunk=_NAME,
        call_id=fields.text(channel.get("id")),
        from_=fields.phone(caller.get("number"), "caller", notes),
        to=fields.phone(_dialled(plan.get("exten"), connected.get("number")), "to", notes),
        **_moment(_CHANNEL[name], time, created, up=up, notes=notes),
        talk_ms=talk_ms,
        undated=True if talk_ms is not None else None,
        **_ending(item if "cause" in item else channel, "cause", "cause_txt") if name == "ChannelDestroyed" else {},
        notes=tuple(notes),
        aside=_aside(channel.get("name")),
    )


def _mapping(found: Any) -> dict[str, Any]:
    return found if isinstance(found, dict) else {}


def _moment(event: Event, time: Any, created: Any, *, up: bool | None, notes: list[str]) -> dict[str, Any]:
    """What happened to a channel and when; whether it was answered is its state at that time (`up`)."""
    at_ms = fields.instant(time, "the event's time", notes)
    start_ms = fields.instant(created, "creationtime", notes)
    if event == "initiated":
        return {"event": "answered" if up else event, "start_ms": start_ms, "answer_ms": at_ms if up else None}
    if up is None:
        notes.append("the event does not say whether the channel was answered")
    awaits = [name for name, told in (("start", start_ms is not None), ("answer", up is False)) if not told]
    return {"event": event, "start_ms": start_ms, "end_ms": at_ms, "answered": up, "awaits": tuple(awaits)}


def _ending(item: dict[str, Any], cause: str, text: str) -> dict[str, Any]:
    """Cause 0 is Asterisk's word for none. `tech_cause` is the SIP status, where a newer Asterisk tells it."""
    given = fields.integer(item.get(cause))
    return {
        "q850": given or None,
        "sip": fields.integer(item.get("tech_cause")) or None,
        "cause": fields.text(item.get(text)) or fields.text(item.get(cause)),
    }


def compose(call: Call, secret: str, url: str, sent_ms: int) -> Request:
    """The body a hangup handler as in the set-up steps posts to `url`."""
    ended = disposition(call) or Disposition.FAILED
    item = {
        "event": _WORDS[call.event],
        "uuid": call.call_id,
        "linked_id": call.session_id,
        "direction": call.direction,
        "from": call.from_,
        "to": call.to,
        "start": _seconds(call.start_ms),
        "answer": _seconds(call.answer_ms),
        "end": _seconds(call.end_ms),
        "billsec_s": (call.talk_ms or 0) / 1000,
        "disposition": "ANSWERED" if call.answered else "NO ANSWER",
        "dialstatus": _dialstatus(ended, answered=bool(call.answered)),
        "q850_cause": call.q850 or 0,
        "amd": call.amd,
        "agent": call.agent,
        "recording_url": call.recording_url,
    }
    headers = {"content-type": "application/json", "authorization": f"Bearer {secret}"}
    return Request(method="POST", url=url, headers=headers, body=orjson.dumps(item), received_ms=sent_ms)


def _seconds(ms: int | None) -> str:
    return _NEVER if ms is None else f"{ms // 1000}.{ms % 1000:03d}000"


def _dialstatus(ended: Disposition, *, answered: bool) -> str:
    if answered:
        return "ANSWER"
    return next((word for word, means in _DIALSTATUS.items() if means is ended and word.isalpha()), "CHANUNAVAIL")


TRUNK = Trunk(
    name=_NAME,
    title="Asterisk (CURL, AMI, ARI, CDR)",
    verify=verify,
    parse=parse,
    compose=compose,
    proof="a bearer token, basic auth, or a secret path",
    setup=(
        "1. In extensions.conf, at the start of each call: Set(CHANNEL(hangup_handler_push)=hook,s,1) and\n"
        "   Set(UU=${UUID()}).\n"
        "2. In [hook], build a JSON object with uuid, direction, from, to, start, answer, end (CDR(...,u)),\n"
        "   billsec_s (CDR(billsec,f)), disposition, dialstatus (DIALSTATUS) and q850_cause (HANGUPCAUSE).\n"
        "3. Set(CURLOPT(httpheader)=Content-Type: application/json), Set(CURLOPT(httpheader)=Authorization:\n"
        "   Bearer <secret>), Set(CURLOPT(httptimeout)=2), then Set(R=${CURL({url},${J})}).\n"
        "4. Or let an AMI listener or an ARI application post Hangup, Cdr or ChannelDestroyed events to {url}."
    ),
)
