"""One webhook request as a value, and the two ways in which it can be refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class UnverifiedError(Exception):
    """The request does not prove that it comes from the configured trunk: 401, nothing is kept.

    The text is for the operator's log at debug level; the sender is never told which check failed.
    """


class NotUnderstoodError(Exception):
    """The request is authentic but is not a call as this adapter knows it: quarantined, raw bytes kept."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the trunk sent.

    `headers` with lower-case names, `url` whole and as the provider saw it (public scheme and host, path and
    query as received), `body` the raw bytes, `received_ms` epoch milliseconds. A `recorded` request was read from a
    file: its `received_ms` bounds the times in it, but says nothing of when the event came.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    received_ms: int
    recorded: bool = False

    @property
    def query(self) -> str:
        """The raw query string, without the question mark; empty where there is none."""
        return self.url.partition("#")[0].partition("?")[2]


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a sub-account configured for one trunk.

    Secrets newest first (any may match, for rotation), the replay window in seconds, and, for trunks that
    cannot sign, the key of the secret path as it was received.
    """

    secrets: tuple[str, ...] = field(repr=False)
    window_s: int = 300
    path_key: str | None = field(default=None, repr=False)
