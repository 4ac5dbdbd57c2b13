"""Twilio's signature, and that of those who took it over: base64 HMAC-SHA1 over the URL and the sorted form fields.

https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mappings.payload import body, signing
from mappings.payload.request import NotUnderstoodError, UnverifiedError

if TYPE_CHECKING:
    from mappings.payload.request import Credentials, Request

_PORTS = {"https": 443, "http": 80}
_PORT = re.compile(r":[0-9]+$")


def require(given: str, request: Request, credentials: Credentials, suffix: str) -> None:
    """Nothing if `given` signs the URL, written in any of its ways, followed by `suffix`.

    Raises:
        UnverifiedError: it does not.
    """
    proven = any(
        signing.same(given, signing.hmac_base64(secret, signing.as_bytes(url + suffix), "sha1"))
        for secret in signing.secrets(credentials)
        for url in urls(request.url)
    )
    signing.require(proven, "the signature")


def sign(secret: str, url: str, form: bytes) -> str:
    """The signature of a form posted to that URL."""
    text = signing.as_bytes(url.partition("#")[0] + joined(form))
    return signing.hmac_base64(signing.as_bytes(secret), text, "sha1")


def is_form(request: Request) -> bool:
    """Whether the body can be a form: it does not begin as JSON or XML does."""
    return body.bare(request.body)[:1] not in (b"{", b"[", b"<")


def joined(form: bytes) -> str:
    """Names and values by name in code point order; of a repeated name each value once, sorted.

    Raises:
        UnverifiedError: more than a thousand fields.
    """
    try:
        pairs = body.pairs(form.decode(errors="replace"))
    except NotUnderstoodError as error:
        raise UnverifiedError(str(error)) from error
    return "".join(name + value for name, value in sorted(set(pairs)))


def urls(url: str) -> list[str]:
    """The URL as it may have been signed: as it is, without its port, with the scheme's own port.

    Senders and proxies differ in it. An apostrophe in the query may have been written %27 before signing (WHATWG
    URL, 4.1, "special-query"). The fragment is never signed.
    """
    url = url.partition("#")[0]
    scheme, _, rest = url.partition("://")
    end = len(rest.partition("/")[0].partition("?")[0])
    host, path = rest[:end], rest[end:]
    bare = _PORT.sub("", host)
    hosts = dict.fromkeys((host, bare, f"{bare}:{_PORTS.get(scheme, 443)}"))
    paths = dict.fromkeys((path, path.replace("'", "%27")))
    return [f"{scheme}://{one}{path}" for path in paths for one in hosts]
