"""Firing the workflow triggers that a person put into a workflow. PURE.

Each subscription brings its own address to post to, and the sub-account's token goes with the post: so the address
must be the CRM's own, or nothing is sent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from connector.crm.errors import ForeignTriggerError
from connector.crm.wire import write

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.crm.model import Request

CRM_URL: Final = "https://services.leadconnectorhq.com"
PREFIX: Final = "/workflows-marketplace/triggers/execute/"
_REST: Final = re.compile(r"[A-Za-z0-9_-]+(?:/[A-Za-z0-9_-]+){0,3}")
"""Documented are two segments, the sub-account's id and the trigger's; no dots, queries or escapes in any case."""


def fire_trigger(target_url: str, payload: Mapping[str, Any], *, crm_url: str) -> Request:
    """Start the workflows behind this subscription. Nothing tells afterwards whether they ran: not repeatable.

    Raises:
        ForeignTriggerError: the address is not one of the CRM's trigger addresses.
    """
    start = crm_url.rstrip("/")
    if not target_url.startswith(start + PREFIX) or not _REST.fullmatch(target_url, len(start + PREFIX)):
        raise ForeignTriggerError
    return write("fire_trigger", "POST", target_url.removeprefix(start), dict(payload))
