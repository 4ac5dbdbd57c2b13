"""From the CRM's word on who is signed in to a session of ours."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import structlog

from connector.api.route import Refusal
from connector.session.role import Role, role_in
from connector.session.tokens import SESSION_MS, Session
from oauth.sso import SsoError, sealed_user
from oauth.standing import Kind, Standing

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.api.rate import Buckets
    from connector.locations import LocationBook
    from connector.session.tokens import Sessions
    from connector.store.grants import Grants
    from connector.store.once import Once
    from oauth.sso import CrmUser

log = structlog.get_logger()

REMEMBERED_MS: Final = 400 * 24 * 3600 * 1000
"""How long a payload that opened a session is known as used; it says itself no time at which it is too old."""
_TRIED: Final = 10_000
"""How many payloads are known in memory, so that those which opened nothing cost nothing."""

UNUSABLE: Final = (
    "The CRM's word on who is signed in cannot be used here: it was used before, or it was made with another app's "
    "shared secret. Nothing was opened. Load the page again; if it stays so, whoever runs this Ringback compares "
    "RINGBACK_SSO_SECRET with the app's shared secret in the marketplace portal."
)
NOT_SET_UP: Final = (
    "This Ringback cannot tell who is signed in: it has no shared secret yet. Nothing was opened. Whoever runs it "
    "generates the shared secret in the marketplace portal and sets RINGBACK_SSO_SECRET."
)
NOT_SAFE: Final = (
    "This Ringback is reached without encryption, so nobody signs in. Nothing was opened. Whoever runs it sets "
    "RINGBACK_PUBLIC_URL to its https address."
)
NOT_INSTALLED: Final = (
    "Ringback is not connected with this sub-account, or not with its agency. Nothing was opened. An admin installs it "
    "from the marketplace; calls that were taken before are safe."
)
BEING_CONNECTED: Final = "This sub-account is just being connected. Nothing was opened yet: try again in a minute."
NO_SUB_ACCOUNT: Final = (
    "The CRM does not tell which sub-account is open. Nothing was opened. Switch to a sub-account, and open this page "
    "there; only an agency's admins can use it for all of theirs."
)


class SignIn:
    """Opens a session for whoever the CRM says is signed in, once for each time that it says so.

    Args:
        secret: The app's shared secret; None: nobody gets in.
        safe: Whether people reach this service by TLS, or on this machine.
        sessions: Makes the sessions.
        grants: Which installations stand.
        locations: Sub-accounts in use.
        once: Which payloads were used.
        buckets: How often one address may try.
        now_ms: Epoch milliseconds.
    """

    def __init__(
        self,
        secret: str | None,
        *,
        safe: bool,
        sessions: Sessions,
        grants: Grants,
        locations: LocationBook,
        once: Once,
        buckets: Buckets,
        now_ms: Callable[[], int],
    ) -> None:
        self._secret = secret
        self._safe = safe
        self._sessions = sessions
        self.grants = grants
        self._locations = locations
        self._once = once
        self._buckets = buckets
        self._now_ms = now_ms
        self._tried: OrderedDict[bytes, None] = OrderedDict()

    @property
    def trouble(self) -> str | None:
        """Why nobody can sign in here, whoever it is; None where people can."""
        if self._secret is None:
            return NOT_SET_UP
        return None if self._safe else NOT_SAFE

    async def open(self, payload: str, *, address: str) -> Session:
        """The session of whoever a payload tells of.

        Args:
            payload: As the CRM's frame gave it to the page.
            address: Where the request comes from.

        Raises:
            Refusal: 401 the payload is not good or not new; 403 not for them; 429 too often; 503 not now.
            StoreError: it cannot be known now.
        """
        if self.trouble is not None or self._secret is None:
            raise Refusal(503, "Not set up", self.trouble or NOT_SET_UP)
        if wait_s := self._buckets.take(address):
            raise Refusal(
                429,
                "Too many tries",
                "Too many people sign in from your address at once. Nothing was opened: try again in a moment.",
                retry_after_s=math.ceil(wait_s),
            )
        session = await self._session(await self._user(payload, self._secret))
        log.info("signed in", user=session.user, role=session.role.value, kind=session.kind, owner=session.owner)
        return session

    async def _user(self, payload: str, secret: str) -> CrmUser:
        """Who it is. A salt is tried once, whatever comes of it: see oauth/sso.py."""
        try:
            sealed = sealed_user(payload)
            user = sealed.open(secret) if self._is_new(sealed.salt) else None
        except SsoError:
            user = None
        now_ms = self._now_ms()
        if user is None or not await self._once.first(
            f"sso/{sealed.salt.hex()}", now_ms=now_ms, until_ms=now_ms + REMEMBERED_MS
        ):
            raise Refusal(401, "Not signed in", UNUSABLE)
        return user

    def _is_new(self, salt: bytes) -> bool:
        if salt in self._tried:
            return False
        self._tried[salt] = None
        if len(self._tried) > _TRIED:
            self._tried.popitem(last=False)
        return True

    async def _session(self, user: CrmUser) -> Session:
        role = await (self._for_agency(user) if user.location is None else self._in(user.location, user))
        return Session(
            user=user.id,
            role=role,
            location=user.location,
            company=user.company,
            until_ms=self._now_ms() + SESSION_MS,
            name=user.name,
            email=user.email,
        )

    async def _in(self, location: str, user: CrmUser) -> Role:
        found, row = await self._locations.get(location), await self.grants.get(Kind.LOCATION, location)
        if found is None or row is None:
            raise Refusal(403, "Not connected", NOT_INSTALLED)
        if not _belongs(user, row.company_id or found.company):
            raise Refusal(403, "Not connected", NOT_INSTALLED)
        if row.standing is Standing.WANTED:
            raise Refusal(503, "Being connected", BEING_CONNECTED, retry_after_s=30)
        if not await self._sessions.installed("location", location):
            raise Refusal(403, "Not connected", NOT_INSTALLED)
        return role_in(user, found.config.reviewers)

    async def _for_agency(self, user: CrmUser) -> Role:
        if user.level != "agency" or user.role != "admin" or user.company is None:
            raise Refusal(403, "No sub-account", NO_SUB_ACCOUNT)
        if not await self._sessions.installed("company", user.company):
            raise Refusal(403, "Not connected", NOT_INSTALLED)
        return Role.ADMIN


def _belongs(user: CrmUser, company: str | None) -> bool:
    """Whether a sub-account of this agency is one that the user may be in.

    An agency's people come into each of its sub-accounts and into no other's. The CRM may leave out the agency of a
    sub-account's own people; where it tells one, it must be that.
    """
    if user.level == "agency":
        return user.company is not None and user.company == company
    return user.company is None or company is None or user.company == company
