"""PURE: what it means when the CRM does not answer with a grant. The docstring is the default message.

The CRM documents the statuses (400, 401, 422), not the words; which words are known was collected from its issue
threads. A refusal we misread must not lose a grant: whoever keeps grants keeps a refused one, and asks again seldom.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable


class GrantError(Exception):
    """No grant was given."""

    def __init__(self, message: str | None = None, *, status: int | None = None) -> None:
        super().__init__(message or self.__doc__)
        self.status = status


class RefusedGrantError(GrantError):
    """The CRM refuses this code, refresh token or sub-account: only a person can give a new grant."""


class InactiveError(GrantError):
    """The CRM says that the sub-account is not active (suspended, or not paid for): its grant may work again later."""


class MisconfiguredError(GrantError):
    """The CRM does not accept our client id, secret, redirect address or form of request: the operator must act."""


class LaterError(GrantError):
    """The CRM gave no answer that can be used now: try again later. `wait_s` is how long, where it said."""

    wait_s: float | None = None


class MalformedGrantError(GrantError):
    """The CRM said yes in a form that cannot be read."""


_INACTIVE: Final = re.compile(r"\b(location|sub-?account|company|agency)\b.*\bnot active\b|\binactive\b", re.IGNORECASE)
_OURS: Final = re.compile(
    r"invalid[ _]client|unauthorized[ _]client|client[ _-]?(credentials?|secret|id)|clientsecret|clientid"
    r"|version header|redirect|parameter|should not (exist|be empty)|must be|unsupported[ _]grant|grant[ _]?type",
    re.IGNORECASE,
)
_REFUSALS: Final = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}
_LONGEST: Final = 300
_SHORTEST_SECRET: Final = 4
_LIKE_A_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/=-]{40,}")
"""Longer than any id or UUID of the CRM."""


def is_success(status: int) -> bool:
    """Whether an answer of this status may hold a grant at all: any 2xx, and nothing else."""
    return status // 100 == 2  # noqa: PLR2004 - the class of success (RFC 9110, section 15.3)


def is_later(status: int) -> bool:
    """Whether it says nothing about the grant: 408, 429, 5xx, redirects."""
    return status // 100 != 4 or status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}  # noqa: PLR2004


def refusal(status: int, body: bytes, *, hide: Iterable[str] = ()) -> GrantError:
    """The error that a 4xx answer to a request for a grant means, to be raised.

    Args:
        status: For which `is_success` and `is_later` are false.
        body: As received: Nest's form (`message` a string or a list) or OAuth's (`error`, `error_description`).
        hide: What was sent and must not be shown, should the answer repeat it.
    """
    words = said(body, hide=hide)
    message = f"{status} {words}".rstrip()
    if _INACTIVE.search(words):
        return InactiveError(message, status=status)
    if _OURS.search(words) or status not in _REFUSALS:
        return MisconfiguredError(message, status=status)
    return RefusedGrantError(message, status=status)


def said(body: bytes, *, hide: Iterable[str] = ()) -> str:
    """The words of an error's body, one line, without what is to be hidden or looks like a token; empty for none."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    words = "; ".join(_words(answer)) if isinstance(answer, dict) else ""
    for secret in hide:
        if len(secret) >= _SHORTEST_SECRET:
            words = words.replace(secret, "***")
    words = _LIKE_A_TOKEN.sub("***", words)
    return " ".join(words.split())[:_LONGEST]


def _words(answer: dict[str, Any]) -> Iterable[str]:
    """OAuth's code says more than Nest's `error` ("Bad Request"), so all of them are shown."""
    for name in ("error", "error_description", "message"):
        value = answer.get(name)
        if isinstance(value, dict):
            value = value.get("message")
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from (part for part in value if isinstance(part, str))
