"""Standard Webhooks: a signed envelope `{"type", "timestamp", "data"}` whose data is a call in Ringback's own words.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md. The event is the data's
own `event`, else the last word of the type (`call.completed`); `timestamp` is when it happened. `webhook-id` stays the
same when a message is sent again; Ringback knows a call by its id and event, so a repetition is a duplicate.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from mappings.call import iso
from mappings.payload import body, generic_call, signing, standard_webhooks
from mappings.payload.request import Request
from mappings.trunks import Trunk

if TYPE_CHECKING:
    from mappings.call import Call
    from mappings.payload.request import Credentials

_NAME = "standardwebhooks"


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if a v1 signature over `id.timestamp.body` holds and its time is within the window.

    Raises:
        UnverifiedError: it does not hold, or the body is not what was sent (a GET).
    """
    signing.require(request.method == "POST", "the method")
    standard_webhooks.verify(request, credentials)


def parse(request: Request) -> list[Call]:
    """The call in the envelope.

    Raises:
        NotUnderstoodError: no envelope, or what is in it is no event of a call.
    """
    envelope = body.fields(request)
    kind, time = envelope.get("type"), envelope.get("timestamp")
    return [generic_call.enveloped(envelope.get("data"), _NAME, kind=kind, time=time)]


def compose(call: Call, secret: str, url: str, sent_ms: int) -> Request:
    """The message for that call, signed as of `sent_ms`."""
    happened_ms = {"initiated": call.start_ms, "answered": call.answer_ms, "completed": call.end_ms}.get(call.event)
    envelope = {
        "type": f"call.{call.event}",
        "timestamp": iso(happened_ms or sent_ms),
        "data": generic_call.write(call),
    }
    raw = orjson.dumps(envelope)
    message_id, timestamp = f"msg_{call.call_id}_{call.event}", str(sent_ms // 1000)
    key = standard_webhooks.key(signing.as_bytes(secret))
    signature = signing.hmac_base64(key, signing.as_bytes(f"{message_id}.{timestamp}.") + raw)
    headers = {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
    }
    return Request(method="POST", url=url, headers=headers, body=raw, received_ms=sent_ms)


TRUNK = Trunk(
    name=_NAME,
    title="Standard Webhooks",
    verify=verify,
    parse=parse,
    compose=compose,
    proof="webhook-signature (v1: HMAC-SHA256 over id, timestamp and body)",
    setup=(
        "1. In the sender, add a webhook endpoint: {url}\n"
        "2. Let it send call events: type call.completed (also call.initiated, call.answered, call.extra), with\n"
        "   the call as data, in the fields of the generic trunk.\n"
        "3. Copy the endpoint's signing secret (whsec_...): it is this trunk's secret."
    ),
)
