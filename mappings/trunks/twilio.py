"""Twilio: status callbacks, the action callback of <Dial>, callbacks of recordings and of machine detection.

https://www.twilio.com/docs/voice/api/call-resource#statuscallback,
https://www.twilio.com/docs/voice/twiml/dial#action,
https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from mappings.payload import body, form_signature, signing, status_callback
from mappings.payload.request import Request, UnverifiedError
from mappings.trunks import Trunk

if TYPE_CHECKING:
    from mappings.call import Call
    from mappings.payload.request import Credentials

_NAME = "twilio"
_SIGNATURE = "x-twilio-signature"
_BODY_HASH = re.compile(r"(?:^|&)bodySHA256=([0-9a-fA-F]{64})(?:&|$)")
_DIALECT = status_callback.Dialect(_NAME)


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if `X-Twilio-Signature` holds: base64 HMAC-SHA1 over the URL and the sorted form fields.

    The URL counts with and without its port, as senders and proxies differ. A body that is no form must be
    the one whose SHA-256 stands in the signed query (`bodySHA256`).

    Raises:
        UnverifiedError: it does not hold.
    """
    given = request.headers.get(_SIGNATURE)
    if given is None:
        raise UnverifiedError("no X-Twilio-Signature")
    form_signature.require(given, request, credentials, _signed_fields(request))


def _signed_fields(request: Request) -> str:
    """What of the body is signed as text behind the URL: the form's fields, nothing of a hashed body."""
    if request.method == "GET":
        return ""
    digest = _BODY_HASH.search(request.query)
    if digest is not None:
        right = hashlib.sha256(request.body).hexdigest()
        signing.require(signing.same(right, digest[1].lower()), "the hash of the body")
        return ""
    if not form_signature.is_form(request):
        raise UnverifiedError("a body that is no form, and no bodySHA256 in the URL")
    return form_signature.joined(request.body)


def parse(request: Request) -> list[Call]:
    """The call of a status callback, the dialled leg of a Dial action callback, or what another callback adds.

    Raises:
        NotUnderstoodError: none of these, or a status Twilio does not document.
    """
    return [status_callback.read(body.fields(request), _DIALECT)]


def compose(call: Call, secret: str, url: str, sent_ms: int) -> Request:
    """The status callback Twilio would post to `url`; times in whole seconds, as Twilio's are."""
    form = status_callback.form(call, _DIALECT)
    return Request(
        method="POST",
        url=url,
        headers={
            "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
            _SIGNATURE: form_signature.sign(secret, url, form),
        },
        body=form,
        received_ms=sent_ms,
    )


TRUNK = Trunk(
    name=_NAME,
    title="Twilio Programmable Voice",
    verify=verify,
    parse=parse,
    compose=compose,
    proof="X-Twilio-Signature: HMAC-SHA1 over the URL and the form, with the account's auth token",
    setup=(
        "Twilio console > Phone Numbers > your number > Voice: 'Call status changes' is {url}, HTTP POST.\n"
        "For calls you make by API: StatusCallback={url} and StatusCallbackEvent=completed.\n"
        "For forwarded calls: give {url} as the action of <Dial>, or statusCallback of <Number> and <Sip>.\n"
        "The secret is the auth token of the account (console > Account > API keys & tokens)."
    ),
    methods=frozenset({"POST", "GET"}),
)
