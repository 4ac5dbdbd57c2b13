"""A recorded payload as the request it came with."""

from __future__ import annotations

import re

from mappings.payload.request import Request

_ORIGIN = "https://recorded.invalid"  # RFC 2606: a name that never resolves
_TARGET = re.compile(rb"\s*(?:GET\s+)?(/\S*)(?:\s+HTTP/[0-9.]+)?\s*")


def recorded(raw: bytes, received_ms: int) -> Request:
    """The request a file's bytes stand for: a GET for a request target (`/path?query`), else a POST of them.

    Args:
        raw: the file's content.
        received_ms: when it is taken to have come, epoch milliseconds.
    """
    target = _TARGET.fullmatch(raw)
    if target is None:
        return Request(method="POST", url=_ORIGIN, headers={}, body=raw, received_ms=received_ms, recorded=True)
    url = _ORIGIN + target[1].decode(errors="replace")
    return Request(method="GET", url=url, headers={}, body=b"", received_ms=received_ms, recorded=True)
