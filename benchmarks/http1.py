"""Where one HTTP/1.1 message ends: all that a stub and a load generator need to know of it. PURE.

RFC 9112, section 6: a body is as long as Content-Length says. Neither side of a benchmark sends chunks.
"""

from __future__ import annotations

from typing import Final

_HEAD_ENDS: Final = b"\r\n\r\n"
_LENGTH: Final = b"\r\ncontent-length:"


def first_message(buffer: bytes) -> tuple[int, int]:
    """Where the first message's body begins and where it ends, in bytes; (0, 0) while it is not whole."""
    end_of_head = buffer.find(_HEAD_ENDS)
    if end_of_head < 0:
        return 0, 0
    body = end_of_head + len(_HEAD_ENDS)
    end = body + content_length(buffer[:end_of_head])
    return (body, end) if len(buffer) >= end else (0, 0)


def content_length(head: bytes) -> int:
    """The length a message's head gives, in bytes; 0 where it gives none."""
    _, found, rest = head.lower().partition(_LENGTH)
    return int(rest.partition(b"\r\n")[0]) if found else 0


def answer(status: bytes, payload: bytes) -> bytes:
    """A whole answer with JSON in it, on a connection that stays; `status` such as b"200 OK"."""
    return b"HTTP/1.1 %b\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
        status,
        len(payload),
        payload,
    )
