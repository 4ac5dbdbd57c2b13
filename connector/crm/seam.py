"""The two seams of the CRM client: whoever sends a request, and whoever has the token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from connector.crm.model import Request, Response


class Transport(Protocol):
    """Sends one request, once; with an empty token, without credentials."""

    async def send(self, request: Request, *, token: str) -> Response:
        """The answer, whatever its status.

        Raises:
            NotSentError: the request certainly never left.
            InDoubtError: it was sent (or may have been), and no answer came.
        """


class Tokens(Protocol):
    """Whoever keeps the access tokens (oauth/keeper.py)."""

    async def access_token(self, location: str) -> str:
        """An access token that is valid now for this sub-account.

        Raises:
            LookupError: there is none and none can be had without a person.
            CrmError: none can be had now: nothing was sent.
        """

    async def newer_than(self, location: str, token: str) -> str | None:
        """A token that is newer than this one, which the CRM did not accept; None where there is none.

        Raises:
            LookupError: as above.
            CrmError: as above.
        """
