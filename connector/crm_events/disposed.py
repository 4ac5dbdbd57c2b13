"""PURE: how a call went, as an agent said it in the CRM: by a tag, a note, a task ticked off."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable

    from connector.store.inbox import KnownTags

_LONGEST: Final = 2000
"""Characters of a note that are passed on: as much as a note of ours may hold."""
_OURS_FOR_MS: Final = 600_000
"""How long after we wrote a tag an event that shows it is our own doing: a write may wait its turn for minutes."""
_SKEW_MS: Final = 5_000
"""By how much the CRM's clock may be behind ours."""
_LINE_END: Final = re.compile(r"</?(?:br|p|div|li)\b[^<>]*>", re.IGNORECASE)
_MARKUP: Final = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disposed:
    """What an agent said of a call with this contact.

    `key` is the same when it is told again: do it once for each (location, key). `contact_id` is None where the CRM
    does not tell it (a task: look for its id, `ref`). `text` is the tag without its prefix, the note as plain text, or
    the task's title; `at_ms` when it was said, by the CRM's clock.
    """

    key: str
    location: str
    contact_id: str | None
    source: Literal["tag", "note", "task"]
    text: str
    at_ms: int
    ref: str | None = None


OnDisposed: TypeAlias = "Callable[[Disposed], Awaitable[None]]"


async def nobody_listens(_disposed: Disposed) -> None:
    """The subscriber of a connector that does nothing with it."""


def with_prefix(tags: Iterable[str], prefix: str) -> frozenset[str]:
    """Those tags that tell how a call went."""
    start = prefix.strip().lower()
    return frozenset(tag for tag in (one.strip().lower() for one in tags) if tag.startswith(start) and tag != start)


def new_tags(tags: frozenset[str], known: KnownTags, *, at_ms: int, echo: bool) -> list[str]:
    """Those that a person has just put on: not there before, and not written by us.

    Args:
        tags: all such tags that the event shows.
        known: what was known before.
        at_ms: when it happened.
        echo: it may be the answer to a write of ours; then, of a contact of whom nothing is known, nothing is new.
    """
    if known.at_ms is None and echo:
        return []
    if known.at_ms is not None and at_ms < known.at_ms:
        return []  # an older list: what it had and the newer one lacks, was taken off again
    return sorted(tag for tag in tags - known.tags if not _is_ours(known.ours.get(tag), at_ms))


def is_just_after(wrote_ms: int, at_ms: int, within_ms: int) -> bool:
    """Whether what the CRM says of that time may follow from what we did at that one."""
    return wrote_ms - _SKEW_MS <= at_ms <= wrote_ms + within_ms


def plain(body: str) -> str:
    """A note as plain text, its line ends kept, bounded; the CRM gives some back as HTML."""
    text = html.unescape(_MARKUP.sub("", _LINE_END.sub("\n", body[: 4 * _LONGEST])))
    return "\n".join(filter(None, (line.strip() for line in text.splitlines())))[:_LONGEST]


def _is_ours(wrote_ms: int | None, at_ms: int) -> bool:
    return wrote_ms is not None and is_just_after(wrote_ms, at_ms, _OURS_FOR_MS)
