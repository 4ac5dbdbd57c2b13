"""CloudEvents 1.0 over HTTP, in any of the three content modes, whose data is a call in Ringback's own words.

https://github.com/cloudevents/spec: cloudevents/formats/json-format.md (structured, batch),
cloudevents/bindings/http-protocol-binding.md (binary: attributes in `ce-*` headers), and http-webhook.md. The event is
the data's own `event`, else the last word of the type (`com.example.call.completed`); `time` is when it happened.
`source` and `id` together name an event; Ringback knows a call by its id and event, so a repetition is a duplicate.
"""

from __future__ import annotations

import binascii
from base64 import b64decode
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import orjson

from mappings.call import Call, iso
from mappings.payload import body, generic_call, signing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import Trunk

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mappings.payload.request import Credentials

_NAME = "cloudevents"
_MEDIA_TYPE = "application/cloudevents"


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if the request proves a secret: CloudEvents has no signature; its webhooks carry a bearer token.

    Basic auth and the secret path are taken as well.

    Raises:
        UnverifiedError: it does not.
    """
    signing.verify_unsigned(request, credentials)


def parse(request: Request) -> list[Call]:
    """The calls of the event, or of the events of a batch.

    An event of a batch that is no call's becomes a call without an id, which is quarantined; the others are taken.

    Raises:
        NotUnderstoodError: no CloudEvent, or one that is no call's.
    """
    events = list(_events(request))
    if len(events) == 1:
        return [_call(events[0])]
    return [_call_or_gap(event) for event in events]


def _events(request: Request) -> Iterable[dict[str, Any]]:
    """The events, each as in the JSON format whatever the mode it came in."""
    headers = request.headers
    if "ce-specversion" in headers and not headers.get("content-type", "").startswith(_MEDIA_TYPE):
        # Attribute values are percent-encoded in headers (HTTP binding, 3.1.3.2).
        kind, time = (unquote(headers.get(name, "")) for name in ("ce-type", "ce-time"))
        return [{"type": kind, "time": time, "data": body.value(request)}]
    events = body.objects(body.value(request))
    if not all("specversion" in event for event in events):
        raise NotUnderstoodError("not a CloudEvent: it has no specversion")
    return events


def _call_or_gap(event: dict[str, Any]) -> Call:
    try:
        return _call(event)
    except NotUnderstoodError as error:
        return Call(trunk=_NAME, call_id=None, notes=(str(error),))


def _call(event: dict[str, Any]) -> Call:
    return generic_call.enveloped(_data(event), _NAME, kind=event.get("type"), time=event.get("time"))


def _data(event: dict[str, Any]) -> Any:
    """The event's data; JSON that came as text or in base64 is read."""
    data, encoded = event.get("data"), event.get("data_base64")
    if data is None and isinstance(encoded, str):
        try:
            return body.json_value(body.bare(b64decode(encoded, validate=True)))
        except (binascii.Error, ValueError) as error:
            raise NotUnderstoodError("data_base64 is not base64") from error
    return body.json_value(body.bare(data.encode())) if isinstance(data, str) else data


def compose(call: Call, secret: str, url: str, sent_ms: int) -> Request:
    """The event for that call in structured mode, with the secret as its bearer token."""
    event = {
        "specversion": "1.0",
        "id": f"{call.call_id}-{call.event}",
        "source": "/calls",
        "type": f"com.example.call.{call.event}",
        "time": iso(sent_ms),
        "datacontenttype": "application/json",
        "data": generic_call.write(call),
    }
    headers = {"content-type": f"{_MEDIA_TYPE}+json", "authorization": f"Bearer {secret}"}
    return Request(method="POST", url=url, headers=headers, body=orjson.dumps(event), received_ms=sent_ms)


TRUNK = Trunk(
    name=_NAME,
    title="CloudEvents 1.0 (HTTP)",
    verify=verify,
    parse=parse,
    compose=compose,
    proof="a bearer token, basic auth, or a secret path",
    setup=(
        "1. Let your event broker deliver (push) to {url}, in structured, binary or batched mode.\n"
        "2. Let it send the header Authorization: Bearer <secret>.\n"
        "3. Send call events: a type that ends in call.completed (also initiated, answered, extra), with the call\n"
        "   as data, in the fields of the generic trunk."
    ),
)
