"""The parts of the pages in the CRM's frame, put together."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from connector.api.rate import Buckets, Rate
from connector.crm.errors import ContactGoneError
from connector.install.app import base_url
from connector.pages.app import Pages
from connector.session.sign_in import SignIn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from connector.api.access import Doors
    from connector.crm.client import Crm
    from connector.crm.contacts import Contacts
    from connector.install.service import Installs
    from connector.locations import LocationBook
    from connector.pages.live import Live
    from connector.session.tokens import Sessions
    from connector.settings import Settings
    from connector.store.database import Database

SIGN_INS: Final = Rate(120, 60)
"""How often one address may sign in: a whole office behind one address comes in the morning."""


def make_pages(
    settings: Settings,
    *,
    database: Database,
    locations: LocationBook,
    sessions: Sessions,
    live: Live,
    doors: Doors,
    installs: Installs | None,
    now_ms: Callable[[], int],
) -> Pages:
    """The pages; without RINGBACK_SSO_SECRET they say what is missing."""
    secret = settings.sso_secret
    sign_in = SignIn(
        secret.get_secret_value() if secret else None,
        safe=is_safe(base_url(settings)),
        sessions=sessions,
        grants=database.grants,
        locations=locations,
        once=database.once,
        buckets=Buckets(SIGN_INS, time.monotonic),
        now_ms=now_ms,
    )
    return Pages(
        sign_in=sign_in,
        sessions=sessions,
        live=live,
        doors=doors,
        locations=locations,
        installs=installs,
        frame_hosts=settings.frame_hosts,
        trust_proxy=settings.trust_proxy,
    )


def is_safe(address: str) -> bool:
    """Whether nobody between a browser and this address can read along: TLS, or the same machine."""
    parts = urlsplit(address)
    return parts.scheme == "https" or parts.hostname in {"127.0.0.1", "::1", "localhost"}


def naming(contacts: Contacts, crm: Crm) -> Callable[[str, str], Awaitable[str | None]]:
    """The name of a number's contact, as the CRM has it now; None where it knows none."""

    async def name(location: str, number: str) -> str | None:
        contact = await contacts.who(location, number)
        if contact is None:
            return None
        try:
            return (await crm.get_contact(location, contact)).name
        except ContactGoneError:
            contacts.forget(location, number)
            return None

    return name
