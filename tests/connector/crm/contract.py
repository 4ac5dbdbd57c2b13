"""The form of one verb's contract, and what the rows have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connector.crm.client import Crm

LOCATION = "loc000000000000000A1"
CONTACT = "con000000000000000B2"
WORKFLOW = "5c1f9a50-0000-4000-8000-00000000c0de"
NUMBER = "+14155550123"
DUE_MS = 1_700_000_000_250


@dataclass(frozen=True)
class Verb:
    """One verb's contract; `sent` is the JSON body it must send, None for no body."""

    name: str
    call: Callable[[Crm], Awaitable[Any]]
    method: str
    target: str
    status: int
    answer: dict[str, Any]
    means: Any
    sent: Any = None
    repeatable: bool = True
    of_contact: bool = True
    needs: tuple[str, ...] = ()
    """Answers with 2xx that lack what this verb needs."""


BROKEN = ("<html>", "[]", "null", "")
NO_ID = (
    *BROKEN,
    "{}",
    '{"note":{},"contact":{"name":"x"},"task":{},"location":{},"customField":{},"conversation":{},"opportunity":{}}',
)
NO_LIST = (
    *BROKEN,
    "{}",
    '{"notes":{},"tasks":"x","workflows":[1],"tags":["x"],"customFields":{},"users":null,"opportunities":1}',
    '{"notes":[{}],"tasks":[{}],"workflows":[{}],"tags":[{}],"customFields":[{}],"users":[{}],"opportunities":[{}]}',
)
