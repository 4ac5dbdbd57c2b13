"""FreeSWITCH's record of one leg, from any of the forms in which it leaves the switch.

mod_json_cdr (JSON, or a form's `cdr=`, urlencoded or base64), mod_xml_cdr (the same in XML), and events of
the event socket as text or JSON. https://developer.signalwire.com/freeswitch/, mod_json_cdr, mod_xml_cdr,
mod_event_socket
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote
from xml.etree.ElementTree import ParseError

from defusedxml import ElementTree

from mappings.payload import body, fields
from mappings.payload.request import NotUnderstoodError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from xml.etree.ElementTree import Element

    from mappings.payload.request import Request

_ESCAPE = re.compile(r"%[0-9A-Fa-f]{2}")
# The switch escapes these when it escapes at all (SWITCH_URL_UNSAFE in switch_utils.c).
_RAW = re.compile(r'[\r\n "#&+:;<=>?@\[\\\]^`{|}]')
_VARIABLE = "variable_"


@dataclass(frozen=True, slots=True)
class Record:
    """One leg: channel variables, the newest caller profile and its times, the switch's view of direction.

    `event` is the event's name where the record came over the event socket; None for a CDR.
    """

    variables: Mapping[str, Any]
    profile: Mapping[str, Any]
    times: Mapping[str, Any]
    direction: str | None
    encoded: bool
    event: str | None = None

    def variable(self, *names: str) -> str | None:
        """The first of these channel variables that is set and not empty, decoded."""
        for name in names:
            given = fields.text(self.variables.get(name))
            if given is not None:
                return unquote(given) if self.encoded and "%" in given else given
        return None


def read(request: Request) -> Record:
    """The record a request carries.

    Raises:
        NotUnderstoodError: it carries none.
    """
    return _read(body.bare(request.body))


def _read(raw: bytes, *, wrapped: bool = False) -> Record:
    if raw[:1] in (b"{", b"["):
        return _of_json(body.json_value(raw))
    if raw[:1] == b"<":
        return _of_xml(raw)
    if wrapped:
        raise NotUnderstoodError("cdr= holds neither JSON nor XML")
    text = raw.decode(errors="replace")
    if "\n" in text:
        return _of_event({name: unquote(value) for name, value in body.lines(text).items()})
    return _read(_unwrapped(body.form(text).get("cdr")), wrapped=True)


def _unwrapped(cdr: Any) -> bytes:
    if not isinstance(cdr, str) or not cdr:
        raise NotUnderstoodError("neither a CDR nor an event")
    if cdr.lstrip()[:1] in ("{", "[", "<"):
        return body.bare(cdr.encode())
    try:
        # The switch does not escape base64's plus, which a form turns into a space.
        return body.bare(b64decode(cdr.replace(" ", "+").encode(), validate=True))
    except binascii.Error as error:
        raise NotUnderstoodError("cdr= is not base64") from error


def _mapping(found: Any) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}


def _of_json(document: Any) -> Record:
    if not isinstance(document, dict):
        raise NotUnderstoodError("not one record")
    if "Event-Name" in document:
        return _of_event(document)
    variables = document.get("variables")
    if not isinstance(variables, dict):
        raise NotUnderstoodError("a record without variables")
    flow = document.get("callflow")
    newest = _mapping(flow[0] if isinstance(flow, list) and flow else flow)
    return Record(
        variables=variables,
        profile=_mapping(newest.get("caller_profile")),
        times=_mapping(newest.get("times") or document.get("times")),
        direction=fields.text(_mapping(document.get("channel_data")).get("direction")),
        encoded=_is_encoded(variables),
    )


def _is_encoded(variables: Mapping[str, Any]) -> bool:
    """Whether the values are percent-encoded: some are, and none holds what would have been escaped."""
    values = [given for given in variables.values() if isinstance(given, str)]
    return any(_ESCAPE.search(one) for one in values) and not any(_RAW.search(one) for one in values)


_MOST_TAGS = 20_000
"""The most tags an XML record may have: a long one of a switch has 2,000."""


def _of_xml(raw: bytes) -> Record:
    if raw.count(b"<") > _MOST_TAGS:
        raise NotUnderstoodError("XML with too many tags")
    try:
        root: Element = ElementTree.fromstring(raw, forbid_dtd=True)
    except (ParseError, ValueError, LookupError) as error:  # DefusedXmlException is a ValueError
        raise NotUnderstoodError(f"not XML as a switch sends it: {error}") from error
    variables = _children(root.find("variables"))
    if not variables:
        raise NotUnderstoodError("a record without variables")
    return Record(
        variables=variables,
        profile=_children(root.find("callflow/caller_profile")),
        times=_children(root.find("callflow/times")),
        direction=_children(root.find("channel_data")).get("direction"),
        encoded=_is_encoded(variables),
    )


def _children(element: Element | None) -> dict[str, str]:
    return {} if element is None else {child.tag: child.text or "" for child in element}


def _of_event(headers: Mapping[str, Any]) -> Record:
    """An event's headers: channel variables carry a prefix, the caller profile has names of its own."""
    event = fields.text(headers.get("Event-Name"))
    if event is None:
        raise NotUnderstoodError("neither a CDR nor an event")
    variables = {name[len(_VARIABLE) :]: given for name, given in headers.items() if name.startswith(_VARIABLE)}
    variables.setdefault("hangup_cause", headers.get("Hangup-Cause"))
    return Record(
        variables=variables,
        profile={
            "uuid": headers.get("Unique-ID"),
            "ani": headers.get("Caller-ANI"),
            "caller_id_number": headers.get("Caller-Caller-ID-Number"),
            "destination_number": headers.get("Caller-Destination-Number"),
        },
        times={
            "created_time": headers.get("Caller-Channel-Created-Time"),
            "answered_time": headers.get("Caller-Channel-Answered-Time"),
            "hangup_time": headers.get("Caller-Channel-Hangup-Time"),
        },
        direction=fields.text(headers.get("Call-Direction")),
        encoded=False,
        event=event,
    )
