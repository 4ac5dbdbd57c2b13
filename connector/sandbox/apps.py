"""Apps as their developers register them with the marketplace.

Source: the vendor's pages on app distribution and OAuth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

SCOPES: Final = frozenset(
    [
        "calendars.readonly",
        "calendars/events.readonly",
        "calendars/events.write",
        "campaigns.readonly",
        "companies.readonly",
        "contacts.readonly",
        "contacts.write",
        "conversations.readonly",
        "conversations.write",
        "conversations/message.readonly",
        "conversations/message.write",
        "locations.readonly",
        "locations/customFields.readonly",
        "locations/customFields.write",
        "locations/customValues.readonly",
        "locations/customValues.write",
        "locations/tags.readonly",
        "locations/tags.write",
        "locations/tasks.readonly",
        "locations/tasks.write",
        "marketplace-installer-details.readonly",
        "oauth.readonly",
        "oauth.write",
        "opportunities.readonly",
        "opportunities.write",
        "users.readonly",
        "workflows.readonly",
    ]
)
"""The scopes the sandbox knows; one that is misspelt is never granted."""

_LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """An app as its developer registered it.

    `order` tells whether INSTALL is sent before the code is handed out or after it was exchanged, `twice`
    whether each event is delivered two times. `access_s` and `code_s` are lifetimes in seconds.
    """

    client_id: str
    client_secret: str
    name: str = "Ringback"
    redirect_uris: tuple[str, ...] = ()
    scopes: frozenset[str] = SCOPES
    webhook_url: str | None = None
    target: Literal["sub-account", "agency"] = "sub-account"
    installers: Literal["both", "agency"] = "both"
    bulk: bool = True
    order: Literal["after", "before"] = "after"
    twice: bool = False
    access_s: int = 86_399
    code_s: int = 600

    @property
    def app_id(self) -> str:
        """The client id up to its first hyphen; the version's id is the same."""
        return self.client_id.partition("-")[0]

    def redirects_to(self, uri: str) -> bool:
        """Whether it may be sent there: exactly as registered.

        A registered loopback URI without a port stands for every loopback host and port (RFC 8252, 7.3).
        """
        return uri in self.redirect_uris or any(_loopback(uri, one) for one in self.redirect_uris)


DEFAULT_CLIENT_ID: Final = "sandbox-app-0001"
DEFAULT_CLIENT_SECRET: Final = "sandbox-client-secret"  # noqa: S105 - opens nothing but invented data
DEFAULT_APP: Final = App(
    client_id=DEFAULT_CLIENT_ID,
    client_secret=DEFAULT_CLIENT_SECRET,
    redirect_uris=("http://127.0.0.1/oauth/callback",),
)


def _loopback(uri: str, registered: str) -> bool:
    try:
        asked, known = urlsplit(uri), urlsplit(registered)
        if known.hostname not in _LOOPBACK or known.port is not None or asked.hostname not in _LOOPBACK:
            return False
    except ValueError:  # half an address
        return False
    return "@" not in asked.netloc and (asked.scheme, asked.path, asked.query, asked.fragment) == known[:1] + known[2:]
