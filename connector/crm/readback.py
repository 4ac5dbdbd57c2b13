"""Whether what the CRM shows is what we wrote: for writes whose outcome is unknown. PURE."""

from __future__ import annotations

import html
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from connector.crm.model import CallMessage, CallRecord

_MARKUP: Final = re.compile(r"</?(?:br|p|div)\b[^<>]*>", re.IGNORECASE)
_SAME_S: Final = 1.0
"""The CRM may keep whole seconds."""


def same_call(shown: CallMessage, written: CallRecord) -> bool:
    """Whether this message is that call record.

    Our id decides where the CRM shows it (its schema does not promise that); else direction and date, and the
    numbers as far as they are shown. Its status does not count: the CRM may call it differently.
    """
    if shown.alt_id is not None:
        return shown.alt_id == written.alt_id
    if shown.direction != written.direction or not _same_second(shown.date, written.date):
        return False
    numbers = ((shown.from_number, written.from_number), (shown.to_number, written.to_number))
    return all(one is None or one == other for one, other in numbers)


def has_line(body: str | None, line: str) -> bool:
    """Whether the text has this line, given back as it was written or as HTML."""
    wanted = " ".join(line.split())
    forms = (body or "", html.unescape(_MARKUP.sub("\n", body or "")))
    return any(" ".join(one.split()) == wanted for form in forms for one in form.splitlines())


def _same_second(one: str | None, other: str) -> bool:
    if one is None:
        return False
    try:
        return abs((_instant(one) - _instant(other)).total_seconds()) < _SAME_S
    except ValueError:
        return False


def _instant(text: str) -> datetime:
    """A date without an offset is taken as UTC."""
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
