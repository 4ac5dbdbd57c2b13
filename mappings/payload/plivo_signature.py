"""Plivo's signatures V3, V2 and V1, all base64 of an HMAC with the account's auth token.

https://www.plivo.com/docs/voice/concepts/signature-validation. V3 (SHA-256) covers address, query, fields and a nonce;
V1 (SHA-1) is Twilio's; V2 (SHA-256) covers the address and the nonce alone. None has a timestamp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mappings.payload import body, form_signature, signing
from mappings.payload.request import NotUnderstoodError, UnverifiedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mappings.payload.request import Credentials, Request

V3 = "x-plivo-signature-v3"
V3_NONCE = "x-plivo-signature-v3-nonce"
_V3_MAIN_ACCOUNT = "x-plivo-signature-ma-v3"
_V2 = "x-plivo-signature-v2"
_V2_NONCE = "x-plivo-signature-v2-nonce"
_V1 = "x-plivo-signature"
_MOST_SIGNATURES = 20


def is_signed(request: Request) -> bool:
    """Whether the request claims to be signed by Plivo, in any way."""
    return any(name in request.headers for name in (V3, _V3_MAIN_ACCOUNT, _V2, _V1))


def verify(request: Request, credentials: Credentials) -> None:
    """Nothing if the strongest signature the request claims holds; no weaker one makes up for it.

    A V2 proves a request that has neither fields nor a query, and no other: it says nothing about them.

    Raises:
        UnverifiedError: it does not hold.
    """
    headers = request.headers
    if V3 in headers or _V3_MAIN_ACCOUNT in headers:
        given = f"{headers.get(V3, '')},{headers.get(_V3_MAIN_ACCOUNT, '')}"
        _require(given, text(request, headers.get(V3_NONCE)), credentials)
    elif _V1 in headers:
        suffix = form_signature.joined(request.body) if request.method != "GET" else ""
        form_signature.require(headers[_V1], request, credentials, suffix)
    elif request.body or request.query:
        raise UnverifiedError("a V2 signature, which covers neither fields nor query")
    else:
        _require(headers[_V2], request.url.partition("#")[0] + headers.get(_V2_NONCE, ""), credentials)


def _require(given: str, signed: str, credentials: Credentials) -> None:
    """Nothing if one of the signatures, listed with commas, is that of the text."""
    message = signing.as_bytes(signed)
    expected = [signing.hmac_base64(secret, message) for secret in signing.secrets(credentials)]
    ours = [one.strip() for one in given.split(",")[:_MOST_SIGNATURES]]
    proven = any(signing.same(one, right) for one in ours for right in expected)
    signing.require(proven, "the signature")


def text(request: Request, nonce: str | None) -> str:
    """What V3 signs.

    GET: `address?` and all parameters, sorted, as `name=value` joined by `&`. POST: `address?`, the query likewise,
    a full stop, and the fields, sorted, names and values run together; without a query no full stop stands there.
    Then a full stop and the nonce. Everything unescaped.

    Raises:
        UnverifiedError: no nonce, a body that is no form, or more than a thousand fields.
    """
    if nonce is None:
        raise UnverifiedError("no nonce")
    if not form_signature.is_form(request):
        raise UnverifiedError("a body that is no form")
    address = request.url.partition("#")[0].partition("?")[0]
    asked, posted = _pairs(request.query), _pairs(request.body.decode(errors="replace"))
    if request.method == "GET":
        parts = [_listed([*asked, *posted])]
    else:
        parts = [_listed(asked), "".join(name + value for name, value in sorted(posted))]
    query = ".".join(part for part in parts if part)
    return f"{address}?{query}.{nonce}" if query else f"{address}.{nonce}"


def _pairs(form: str) -> Sequence[tuple[str, str]]:
    try:
        return body.pairs(form)
    except NotUnderstoodError as error:
        raise UnverifiedError(str(error)) from error


def _listed(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))
