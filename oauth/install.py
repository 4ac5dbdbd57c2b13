"""PURE: the way into an installation. The address where an admin consents, and the state that comes back with the code.

The address: https://marketplace.gohighlevel.com/docs/Authorization/authorization_doc. The state: RFC 6749, section
10.12; RFC 9700, section 4.7. It is sealed (so nobody else can make one), bound to the browser that asked for it by a
random word in that browser's cookie, good for a while only, and, by whoever keeps `Ticket.id`, for once.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from urllib.parse import quote, urlencode

from oauth.vault import VaultError

if TYPE_CHECKING:
    from oauth.vault import Vault

STATE_MS: Final = 30 * 60_000
"""How long a state is good: an admin may have to log in and to choose among many sub-accounts first."""
_PLACE: Final = "oauth/state"
_PATH: Final = "/v2/oauth/chooselocation"
_LONGEST_STATE: Final = 2048
_WORD: Final = re.compile(r"[A-Za-z0-9_-]{22,64}")


@dataclass(frozen=True, slots=True)
class App:
    """Our app as the marketplace's portal has it; `scopes` in the order in which they are asked for."""

    client_id: str
    version_id: str
    redirect_uri: str
    scopes: tuple[str, ...]

    @property
    def id(self) -> str:
        """The app's id: what events call `appId`, and the client id before its hyphen."""
        return app_id(self.client_id)


def app_id(client_id: str) -> str:
    """The app's id in its client id (`<app id>-<suffix>`)."""
    return client_id.partition("-")[0]


def consent_url(app: App, *, host: str, state: str | None = None) -> str:
    """Where an admin chooses the sub-accounts and consents.

    Spaces are written as `%20`: a `+` was reported to be taken literally, which asks for other scopes than meant.

    Args:
        app: ours.
        host: `https://...` of the marketplace, or its twin for white-label agencies.
        state: comes back with the code; None for a link that anybody may follow.
    """
    query = {
        "response_type": "code",
        "client_id": app.client_id,
        "redirect_uri": app.redirect_uri,
        "scope": " ".join(app.scopes),
        "version_id": app.version_id,
        "loginWindowOpenMode": "self",
    }
    if state is not None:
        query["state"] = state
    return f"{host.rstrip('/')}{_PATH}?{urlencode(query, quote_via=quote)}"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A state that is ours: its id, to be used once, and the end of its time in epoch milliseconds."""

    id: str
    until_ms: int


class StateError(Exception):
    """The state that came back is not good; `why` it is not."""

    def __init__(self, why: Literal["forged", "expired", "other browser"]) -> None:
        super().__init__(f"the state is not good: {why}")
        self.why = why


def is_browser_word(word: str | None) -> bool:
    """Whether a cookie holds a word that can bind a state: 22 to 64 URL-safe characters, 128 bits or more."""
    return word is not None and _WORD.fullmatch(word) is not None


def make_state(vault: Vault, *, ticket: Ticket, browser: str) -> str:
    """A state for this browser. The ticket's id is random and not used before."""
    content = json.dumps([ticket.id, ticket.until_ms, _bound(ticket.id, browser)])
    return vault.seal(content, bound_to=_PLACE).decode()


def read_state(vault: Vault, state: str, *, browser: str | None, now_ms: int) -> Ticket:
    """The ticket in a state that came back.

    Raises:
        StateError: it was not made here, its time is over, or another browser asked for it.
    """
    try:
        if len(state) > _LONGEST_STATE:
            raise StateError("forged")
        number, until_ms, bound = json.loads(vault.open(state.encode(), bound_to=_PLACE))
    except (VaultError, UnicodeEncodeError):
        raise StateError("forged") from None
    if until_ms <= now_ms:
        raise StateError("expired")
    if browser is None or not hmac.compare_digest(bound, _bound(number, browser)):
        raise StateError("other browser")
    return Ticket(number, until_ms)


def _bound(number: str, browser: str) -> str:
    return hmac.digest(browser.encode(), number.encode(), hashlib.sha256).hex()
