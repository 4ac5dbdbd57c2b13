"""Any sender that can post JSON: Ringback's own payload (docs/design.md, "Outer surface").

One call, or a list of calls:

    {"call_uuid", "from", "to", "start", "answer", "end", "duration", "hangup_cause", "direction",
     "event", "sip_code", "recording_url", "agent", "amd", "hangup_by"}

A call needs `call_uuid` and, once completed, something that tells how it ended (an answer, a cause or an
end); everything else may be missing, and unknown fields are passed over. A call without them is
quarantined; the others of its list are taken. `answer` null, empty, 0 or missing means "not answered",
unless `duration` (talk time in seconds) is above 0 and the cause allows an answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from mappings.payload import body, generic_call, signing, standard_webhooks
from mappings.payload.request import Request
from mappings.trunks import Trunk

if TYPE_CHECKING:
    from mappings.call import Call
    from mappings.payload.request import Credentials

_NAME = "generic"
_SIGNATURE = "x-ringback-signature"


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if the request proves a secret: the strongest proof it claims must hold, no weaker one counts.

    In this order: `X-Ringback-Signature`, Standard Webhooks headers, `Authorization`, the secret path.

    Raises:
        UnverifiedError: it does not.
    """
    header = request.headers.get(_SIGNATURE)
    if header is not None:
        signing.verify_stamped(header, request, credentials)
    elif standard_webhooks.is_signed(request):
        standard_webhooks.verify(request, credentials)
    else:
        signing.verify_unsigned(request, credentials)


def parse(request: Request) -> list[Call]:
    """The calls of the body.

    Raises:
        NotUnderstoodError: not JSON objects, or one names an unknown event.
    """
    return [generic_call.read(item, _NAME) for item in body.objects(body.value(request))]


def compose(call: Call, secret: str, url: str, sent_ms: int) -> Request:
    """The request for that call, signed as of `sent_ms`."""
    raw = orjson.dumps(generic_call.write(call))
    signature = signing.hmac_hex(signing.as_bytes(secret), b"%d.%b" % (sent_ms // 1000, raw))
    headers = {"content-type": "application/json", _SIGNATURE: f"t={sent_ms // 1000},v1={signature}"}
    return Request(method="POST", url=url, headers=headers, body=raw, received_ms=sent_ms)


TRUNK = Trunk(
    name=_NAME,
    title="Generic webhook (JSON)",
    verify=verify,
    parse=parse,
    compose=compose,
    proof="X-Ringback-Signature (HMAC-SHA256), Standard Webhooks, a bearer token, basic auth, a secret path",
    setup=(
        "Let your switch, script or automation tool post one JSON object per finished call to {url}.\n"
        "Sign it with the header X-Ringback-Signature: t=<unix seconds>,v1=<hex HMAC-SHA256>,\n"
        "the HMAC being over '<t>.<raw body>' with the secret as its key.\n"
        "If it cannot sign, send Authorization: Bearer <secret>."
    ),
)
