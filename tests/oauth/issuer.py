"""A CRM that gives out tokens and is strict about them; as a transport, so that no socket is needed."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import orjson

from connector.crm.errors import InDoubtError, NotSentError
from connector.crm.model import Request, Response
from oauth.grant import Client, Grant
from oauth.standing import Kind

if TYPE_CHECKING:
    from collections.abc import Callable

GRACE_MS = 30_000
COMPANY = "TheAgency"
SCOPES = "contacts.readonly contacts.write"
CLIENT = Client("app-0001", "client-secret-of-the-app")


@dataclass
class Clock:
    """Moved by hand, and by those who sleep."""

    now_ms: int = 1_790_000_000_000
    slept: asyncio.Event = field(default_factory=asyncio.Event)

    def __call__(self) -> int:
        return self.now_ms

    def pass_s(self, seconds: float) -> None:
        self.now_ms += int(seconds * 1000)

    async def sleep(self, seconds: float) -> None:
        self.pass_s(seconds)
        self.slept.set()
        await asyncio.sleep(0)


@dataclass
class Pair:
    """One access token and the refresh token beside it."""

    access: str
    refresh: str | None
    until_ms: int
    spent_ms: int | None = None
    before: Pair | None = None


@dataclass
class Issuer:
    """Each refresh makes a new pair and kills the old one, which is repeated for 30 s only. Counts what it did.

    `faults` are taken one by one, each by the next request for a token: `down` (not reached), `lost` (done, no answer),
    a status with words, or raw bytes as a 200.
    """

    clock: Callable[[], int]
    life_s: float = 86_399
    mints_refresh: bool = False
    pairs: dict[str, Pair] = field(default_factory=dict)
    minted_by: dict[str, str] = field(default_factory=dict)
    inactive: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    faults: deque[str | bytes | tuple[int, str]] = field(default_factory=deque)
    requests: list[Request] = field(default_factory=list)
    hold: asyncio.Event | None = None
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    _issued: int = 0

    def install(self, kind: Kind, grant_id: str, *, company: str = COMPANY) -> Grant:
        """A grant as a code exchange would bring it."""
        pair = self._new(grant_id, refresh=True)
        return Grant(
            kind=kind,
            company_id=company,
            location_id=grant_id if kind is Kind.LOCATION else None,
            access_token=pair.access,
            refresh_token=pair.refresh,
            obtained_ms=self.clock(),
            expires_ms=self.clock() + int(self.life_s * 1000),
            scopes=tuple(SCOPES.split()),
        )

    def accepts(self, grant_id: str, token: str) -> bool:
        """Whether this is the access token of that agency or sub-account, and has not expired."""
        pair = self.pairs.get(grant_id)
        return pair is not None and pair.access == token and self.clock() < pair.until_ms

    async def send(self, request: Request, *, token: str) -> Response:
        """See the CRM client's `Transport`."""
        self.requests.append(request)
        if not request.path.startswith("/oauth/"):
            return self._api(request, token)
        self.reached.set()
        if self.hold is not None:
            await self.hold.wait()
        fault = self.faults.popleft() if self.faults else None
        if fault == "down":
            raise NotSentError
        if isinstance(fault, bytes):
            return Response(200, {}, fault)
        if isinstance(fault, tuple):
            return _no(*fault)
        form = dict(parse_qsl((request.body or b"").decode()))
        answer = self._token(form) if request.path == "/oauth/token" else self._mint(form, token)
        if fault == "lost":
            raise InDoubtError
        return answer

    def _token(self, form: dict[str, str]) -> Response:
        if form.get("client_secret", form.get("clientSecret")) != CLIENT.client_secret:
            return _no(401, "Invalid client: client credentials are invalid")
        asked = form.get("refresh_token", form.get("refreshToken"))
        for grant_id, pair in self.pairs.items():
            if grant_id in self.inactive and self._is(pair, asked):
                return _no(400, "Location is not active")
            if pair.refresh == asked:
                self.counts["refreshes"] += 1
                return self._yes(grant_id, self._rotate(grant_id, pair))
            if self._is(pair, asked):
                self.counts["repeats"] += 1
                return self._yes(grant_id, pair)
        self.counts["lost"] += 1
        return _no(400, f"Invalid grant: refresh token {asked} is invalid")

    def _mint(self, form: dict[str, str], token: str) -> Response:
        if not self.accepts(form["companyId"], token):
            return _no(401, "Invalid JWT")
        location = form["locationId"]
        if location in self.inactive:
            return _no(400, "Location is not active")
        if self.minted_by.get(location) != form["companyId"]:
            return _no(400, "Location not found")
        self.counts["minted"] += 1
        return self._yes(location, self._new(location, refresh=self.mints_refresh))

    def _api(self, request: Request, token: str) -> Response:
        location = request.path.rpartition("/")[2]
        if self.accepts(location, token):
            return Response(200, {}, orjson.dumps({"location": {"id": location, "name": "Acme"}}))
        self.counts["401"] += 1
        return _no(401, "Invalid JWT")

    def _is(self, pair: Pair, asked: str | None) -> bool:
        """Whether it is this pair's refresh token, or the one that brought it, not too long ago."""
        if pair.refresh == asked:
            return True
        before = pair.before
        if before is None or before.spent_ms is None or before.refresh != asked:
            return False
        return self.clock() - before.spent_ms < GRACE_MS

    def _rotate(self, grant_id: str, old: Pair) -> Pair:
        old.spent_ms = self.clock()
        new = self._new(grant_id, refresh=True)
        new.before = old
        return new

    def _new(self, grant_id: str, *, refresh: bool) -> Pair:
        self._issued += 1
        pair = Pair(
            f"access-{grant_id}-{self._issued}",
            f"refresh-{grant_id}-{self._issued}" if refresh else None,
            self.clock() + int(self.life_s * 1000),
        )
        self.pairs[grant_id] = pair
        return pair

    def _yes(self, grant_id: str, pair: Pair) -> Response:
        answer = {
            "access_token": pair.access,
            "token_type": "Bearer",
            "expires_in": max(1, (pair.until_ms - self.clock()) // 1000),
            "scope": SCOPES,
            "userType": "Company" if grant_id == COMPANY else "Location",
            "companyId": COMPANY,
            "userId": "u1",
        }
        if pair.refresh is not None:
            answer["refresh_token"] = pair.refresh
        if grant_id != COMPANY:
            answer["locationId"] = grant_id
        return Response(200, {}, orjson.dumps(answer))


def _no(status: int, message: str) -> Response:
    return Response(status, {}, orjson.dumps({"statusCode": status, "message": message}))
