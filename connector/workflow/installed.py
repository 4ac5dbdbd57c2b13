"""Whether the CRM speaks of a sub-account that is ours: registered, and installed or given a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from connector.api.route import Refusal
from oauth.outcome import NeedsReconnectError, NoTokenError, PausedError, UnopenedError
from oauth.refusal import LaterError

if TYPE_CHECKING:
    from connector.locations import Location, LocationBook

_NOT_OURS: Final = (
    "This sub-account is not registered, or not installed any more. Nothing was kept or done, no workflow of it will "
    "be started: install the app there, then publish the workflow again."
)


class Tokens(Protocol):
    """Whoever knows which sub-accounts may be asked about (oauth/keeper.py)."""

    async def access_token(self, location: str) -> str:
        """A token; NoTokenError where there is none, LaterError where there is none just now."""


class Installed:
    """Looks at both: who was uninstalled may be registered still."""

    def __init__(self, locations: LocationBook, tokens: Tokens) -> None:
        self._locations = locations
        self._tokens = tokens

    async def location(self, location: str) -> Location:
        """The sub-account.

        Raises:
            Refusal: 404, it is none of ours.
        """
        found = await self._locations.get(location)
        if found is None:
            raise Refusal(404, "Not found", _NOT_OURS)
        try:
            await self._tokens.access_token(location)
        except (NeedsReconnectError, PausedError, UnopenedError, LaterError):
            pass  # installed, though its token does not work now: that mends, and the workflow is still there
        except NoTokenError:
            raise Refusal(404, "Not found", _NOT_OURS) from None
        return found
