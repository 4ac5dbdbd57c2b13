"""What an answer that is no success means for what to do next. PURE.

The CRM documents statuses, not words; what its words mean was collected from its pages and issue threads.
A 401 has many causes that a new token does not mend, so its text decides.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import orjson

from connector.crm.errors import (
    ContactGoneError,
    CrmError,
    DuplicateContactError,
    DuplicateConversationError,
    InDoubtError,
    RefusedError,
    ScopeMissingError,
    ThrottledError,
    TriggerInactiveError,
    UnauthorizedError,
    WrongLocationError,
    WrongVersionError,
)
from connector.crm.model import Limits

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.crm.model import Request, Response

_MEANINGS: Final = (
    ({401}, re.compile("version header", re.IGNORECASE), WrongVersionError),
    ({401}, re.compile("not authorized for this scope", re.IGNORECASE), ScopeMissingError),
    ({401, 403}, re.compile("not have access to this location", re.IGNORECASE), WrongLocationError),
    ({401}, re.compile(""), UnauthorizedError),
    (
        {400, 404, 422},
        re.compile(r"contact (with id \S+ )?(is |was )?(not found|deleted)", re.IGNORECASE),
        ContactGoneError,
    ),
    (
        {400, 403, 404, 410, 422},
        re.compile(r"inactive trigger|trigger\b.*\b(inactive|not active|not found|deleted)", re.IGNORECASE),
        TriggerInactiveError,
    ),
    # The router's own answer: this path does not exist under this Version.
    ({404}, re.compile("^cannot ", re.IGNORECASE), WrongVersionError),
)
"""The first row whose status and words fit decides."""

_DUPLICATE: Final = re.compile("duplicate", re.IGNORECASE)
_EXISTS: Final = re.compile("already exists", re.IGNORECASE)
_INTERVAL_S: Final = 10.0
"""The CRM's burst window, for a 429 that does not say how long to wait."""
_LONGEST_WAIT_S: Final = 86_400.0
_LONGEST_MESSAGE: Final = 500


def classify(request: Request, response: Response, *, now_s: float) -> None:
    """Pass a success (any 2xx), raise what else it means; `now_s` is Unix time, for a dated Retry-After.

    Raises:
        CrmError: the subclass says what to do next. A 408, a 5xx and all else that is neither a yes nor a no
            is in doubt: the CRM was seen to write and answer 500.
    """
    if response.status // 100 != 2:  # noqa: PLR2004 - the class of success (RFC 9110, section 15.3)
        raise _verdict(request, response, now_s)


def limits(headers: Mapping[str, str]) -> Limits:
    """The CRM's own count; its header names are uneven ("Limit-Daily", but "Daily-Remaining")."""
    return Limits(
        _count(headers.get("x-ratelimit-max")),
        _count(headers.get("x-ratelimit-remaining")),
        _count(headers.get("x-ratelimit-interval-milliseconds")),
        _count(headers.get("x-ratelimit-limit-daily")),
        _count(headers.get("x-ratelimit-daily-remaining")),
    )


def _verdict(request: Request, response: Response, now_s: float) -> CrmError:
    said = _said(response)
    message = f"{request.verb}: {response.status} {said.message}".rstrip()
    status = response.status
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        wait_s = _retry_after_s(response, now_s)
        return ThrottledError(message, retry_after_s=wait_s, status=status, trace_id=said.trace_id)
    if said.duplicate_of and status == HTTPStatus.BAD_REQUEST and _DUPLICATE.search(said.message):
        return DuplicateContactError(message, contact_id=said.duplicate_of, status=status, trace_id=said.trace_id)
    if said.conversation_id and status == HTTPStatus.BAD_REQUEST and _EXISTS.search(said.message):
        conversation_id = said.conversation_id
        return DuplicateConversationError(
            message, conversation_id=conversation_id, status=status, trace_id=said.trace_id
        )
    return _meaning(status, said.message)(message, status=status, trace_id=said.trace_id)


def _meaning(status: int, words: str) -> type[CrmError]:
    for statuses, pattern, kind in _MEANINGS:
        if status in statuses and pattern.search(words):
            return kind
    refused = status // 100 == 4 and status != HTTPStatus.REQUEST_TIMEOUT  # noqa: PLR2004 - client errors
    return RefusedError if refused else InDoubtError


@dataclass(frozen=True, slots=True)
class _Said:
    """What an error's body tells; all of it optional."""

    message: str = ""
    trace_id: str | None = None
    duplicate_of: str | None = None
    conversation_id: str | None = None


def _said(response: Response) -> _Said:
    try:
        answer = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return _Said()
    if not isinstance(answer, dict):
        return _Said()
    meta = answer.get("meta")
    duplicate_of = meta.get("contactId") if isinstance(meta, dict) else None
    trace_id, conversation_id = _string(answer.get("traceId")), _string(answer.get("conversationId"))
    return _Said(_message(answer), trace_id, _string(duplicate_of), conversation_id)


def _message(answer: dict[str, Any]) -> str:
    """`message` is a string or a list of strings; the newer form nests it in an `error` object."""
    error = answer.get("error")
    message = answer.get("message") or (error.get("message") if isinstance(error, dict) else error)
    if isinstance(message, list):
        message = "; ".join(part for part in message if isinstance(part, str))
    return message[:_LONGEST_MESSAGE] if isinstance(message, str) else ""


def _string(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _retry_after_s(response: Response, now_s: float) -> float:
    """The longer of Retry-After and the CRM's interval, at least a second, at most a day."""
    asked_s = _asked_s(response.headers.get("retry-after"), now_s)
    interval_ms = limits(response.headers).interval_ms
    if asked_s is None and interval_ms is None:
        return _INTERVAL_S
    return min(max(asked_s or 0.0, (interval_ms or 0) / 1000, 1.0), _LONGEST_WAIT_S)


def _asked_s(value: str | None, now_s: float) -> float | None:
    """Retry-After as seconds from now: a number of seconds or an HTTP date (RFC 9110, section 10.2.3)."""
    seconds = _count(value)
    if seconds is not None or value is None:
        return seconds
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now_s)
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return None


def _count(value: str | None) -> int | None:
    """A header's number; None where there is none."""
    if value is None:
        return None
    try:
        return int(value)
    except ValueError:
        return None
