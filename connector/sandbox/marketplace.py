"""The marketplace: apps, who installed them where, and what the installs' tokens may do.

Source: the vendor's pages on app distribution and OAuth.
"""

from __future__ import annotations

import secrets
from collections import Counter, OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from connector.sandbox.apps import DEFAULT_APP
from connector.sandbox.exchange import Refusal
from connector.sandbox.tokens import Grant, Spent, Tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from connector.sandbox.apps import App
    from connector.sandbox.events import Outbox
    from connector.sandbox.state import Location, Record, Sandbox
    from connector.sandbox.tokens import Pair

ADMIN: Final = "SandboxAdminUser0001"
"""The user who installs."""
_CODES: Final = 1_000


@dataclass(slots=True, kw_only=True)
class Install:
    """One app in one sub-account, or (`location_id` None) in an agency.

    `locations` are the sub-accounts it covers, with the time of install in epoch milliseconds; `whole`: it
    is the agency's own and covers all. `future`: sub-accounts made later are covered too.
    """

    client_id: str
    company_id: str
    location_id: str | None
    whole: bool = False
    everywhere: bool = False
    future: bool = False
    exchanged: bool = False
    scopes: frozenset[str] = frozenset()
    locations: dict[str, int] = field(default_factory=dict)

    @property
    def bulk(self) -> bool:
        """Whether an agency installed it for sub-accounts."""
        return self.location_id is None and not self.whole

    def covers(self, location: Location) -> bool:
        """Whether its tokens may be used or minted for that sub-account."""
        return location.company_id == self.company_id and (self.whole or location.id in self.locations)


@dataclass(frozen=True, slots=True)
class _Code:
    install: Install
    redirect_uri: str
    expires_ms: int
    announced: tuple[str | None, ...]
    """What INSTALL is yet to be said for: sub-accounts, None the agency."""


class Marketplace:
    """Apps and installs of one sandbox; `counts` are read by tests (`lost`: a dead refresh token came back)."""

    def __init__(self, sandbox: Sandbox, outbox: Outbox) -> None:
        self._sandbox = sandbox
        self.outbox = outbox
        self.tokens = Tokens(sandbox.clock_ms)
        self.apps: dict[str, App] = {DEFAULT_APP.client_id: DEFAULT_APP}
        self.installs: dict[tuple[str, str, str | None], Install] = {}
        self.counts: Counter[str] = Counter()
        self.callbacks: dict[str, str] = {}
        """Where each app was last installed from."""
        self._codes: OrderedDict[str, _Code] = OrderedDict()

    def register(self, app: App) -> None:
        """Add an app, or change one: its installs and tokens stay."""
        self.apps[app.client_id] = app

    def consent(
        self,
        client_id: str,
        *,
        redirect_uri: str,
        locations: Iterable[str] = (),
        company_id: str | None = None,
        bulk: bool = False,
        future: bool = False,
        scope: str | None = None,
    ) -> str:
        """An administrator says yes; the code that tells the app. `scope` None: all the app is registered with.

        One sub-account without `bulk` or `future` is installed by its own administrator; all else by the
        agency, for `locations` or (none named) for all it has.

        Raises:
            Refusal: nothing is chosen, or this app cannot be installed that way (400).
        """
        app, chosen = self.apps[client_id], self._chosen(locations)
        agency = bulk or future or len(chosen) > 1 or "agency" in {app.target, app.installers}
        if not agency and not chosen:
            raise Refusal(400, "Choose a sub-account.")
        if agency and app.target != "agency" and not app.bulk:
            raise Refusal(400, "This app is installed in one sub-account at a time.")
        company = self._company(chosen, company_id)
        install = self._install(app, company, None if agency else chosen[0].id)
        scopes = app.scopes if scope is None else app.scopes.intersection(scope.split(" "))
        install.scopes = scopes
        announced = self._cover(install, chosen, future=future)
        self.callbacks[client_id] = redirect_uri
        if app.order == "before":
            self._announce(install, announced)
            announced = ()
        return self._code(_Code(install, redirect_uri, self._sandbox.clock_ms() + app.code_s * 1000, announced))

    def exchange(self, app: App, code: str, redirect_uri: str | None) -> Pair:
        """The first tokens of an install; those of an earlier one of the same kind die.

        Raises:
            Refusal: the code is unknown, used or too old, or the sub-account is suspended (400).
        """
        held = self._codes.get(code)
        install = held.install if held else None
        if held is None or install is None or install.client_id != app.client_id or not self._stands(install):
            raise self._refused("code_refusals", "Invalid grant: authorization code is invalid")
        if redirect_uri not in {None, held.redirect_uri}:
            raise self._refused("code_refusals", "Invalid grant: redirect URI does not match")
        if self._sandbox.clock_ms() >= held.expires_ms:
            raise self._refused("code_refusals", "Invalid grant: authorization code has expired")
        self._active(install.location_id, "code_refusals")
        del self._codes[code]
        self.tokens.drop(lambda one: one.install is install and one.location_id == install.location_id)
        install.exchanged = True
        self.counts["code_exchanges"] += 1
        self._announce(install, held.announced)
        return self.tokens.issue(_grant(install, install.location_id), life_s=app.access_s)

    def refresh(self, app: App, token: str) -> Pair:
        """The next pair.

        Raises:
            Refusal: the token is dead or unknown, or the sub-account is suspended (400; it is not spent then).
        """
        grant = self.tokens.holder(token)
        if grant is None or grant.install is None or grant.install.client_id != app.client_id:
            raise self._refused("refresh_refusals", "Invalid grant: refresh token is invalid")
        self._active(grant.location_id, "refresh_refusals")
        try:
            pair, repeated = self.tokens.rotate(token, life_s=app.access_s)
        except Spent:
            self.counts["lost"] += 1
            raise
        self.counts["refresh_repeats" if repeated else "refreshes"] += 1
        return pair

    def mint(self, install: Install, location: Location, *, refreshable: bool) -> Pair:
        """A sub-account's token out of an agency's.

        Raises:
            Refusal: the install does not cover it, or it is suspended (400).
        """
        if not install.covers(location):
            raise Refusal(400, "Location not found")
        if not location.active:
            raise Refusal(400, "Location is not active")
        self.counts["minted"] += 1
        life_s = self.apps[install.client_id].access_s
        return self.tokens.issue(_grant(install, location.id), life_s=life_s, refreshable=refreshable)

    def uninstall(self, client_id: str, *, location: str | None = None, company: str | None = None) -> bool:
        """From a sub-account, or from an agency with all of its sub-accounts; False where it is not installed."""
        if location is not None:
            gone = self._leave(client_id, location)
        else:
            keys = [key for key in self.installs if key[:2] == (client_id, company)]
            gone = [self.installs.pop(key) for key in keys]
        self.revoke(client_id, location=location, company=company)
        if gone:
            whose = {"companyId": company} if location is None else {"locationId": location}
            self.say(self.apps[client_id], "UNINSTALL", whose)
        return bool(gone)

    def revoke(self, client_id: str, *, location: str | None = None, company: str | None = None) -> None:
        """Their tokens die, and nobody is told; a `company` means all of the agency's and its sub-accounts'."""
        self.tokens.drop(
            lambda one: (
                one.install is not None
                and one.install.client_id == client_id
                and (one.location_id == location if location is not None else one.company_id == company)
            )
        )

    def expire(self, *, client_id: str | None = None, location: str | None = None) -> int:
        """Access tokens expire now: of one app, of one sub-account, or all; how many."""
        return self.tokens.expire(
            lambda one: (
                one.install is not None
                and client_id in {None, one.install.client_id}
                and location in {None, one.location_id}
            )
        )

    def joined(self, location: Location) -> None:
        """A sub-account was made: installs for future ones cover it, and say so without naming anybody."""
        for install in self.installs.values():
            if install.future and install.company_id == location.company_id:
                install.locations[location.id] = self._sandbox.clock_ms()
                facts = {"installType": "Location", "locationId": location.id}
                self.say(self.apps[install.client_id], "INSTALL", facts)

    def covered(self, client_id: str, location: Location) -> int | None:
        """Since when the app is installed there, in epoch milliseconds; None where it is not."""
        own = self.installs.get((client_id, location.company_id, location.id))
        agency = self.installs.get((client_id, location.company_id, None))
        return next((one.locations[location.id] for one in (own, agency) if one and location.id in one.locations), None)

    def listeners(self, location: Location) -> Sequence[App]:
        """The apps that hear of changes there: installed, with a webhook URL and the scope for contacts."""
        if not self.installs:
            return ()
        hearing = (one for one in self.apps.values() if one.webhook_url and "contacts.readonly" in one.scopes)
        return [app for app in hearing if self.covered(app.client_id, location) is not None]

    def say(self, app: App, kind: str, fields: Record) -> None:
        """Send an event in the CRM's flat form; nothing where the app has no webhook URL."""
        if app.webhook_url:
            own = {"appId": app.app_id, "versionId": app.app_id, "timestamp": self._sandbox.now()}
            self.outbox.put(app.webhook_url, fields | {"type": kind} | own, twice=app.twice)

    def forget(self) -> None:
        """Clear what was counted and logged; apps, installs and tokens stay."""
        self.counts.clear()
        self.outbox.forget()

    def _chosen(self, locations: Iterable[str]) -> list[Location]:
        known, chosen = self._sandbox.locations, list(dict.fromkeys(locations))
        if unknown := [one for one in chosen if one not in known]:
            raise Refusal(400, f"There is no sub-account {unknown[0]}.")
        return [known[one] for one in chosen]

    def _company(self, chosen: list[Location], company_id: str | None) -> str:
        companies = {one.company_id for one in chosen} or {company_id or self.companies()[0]}
        if len(companies) > 1:
            raise Refusal(400, "These sub-accounts belong to different agencies.")
        return companies.pop()

    def companies(self) -> list[str]:
        """The agencies that the sub-accounts belong to."""
        return list(dict.fromkeys(one.company_id for one in self._sandbox.locations.values())) or ["SandboxAgency"]

    def _install(self, app: App, company_id: str, location_id: str | None) -> Install:
        key = (app.client_id, company_id, location_id)
        whole = app.target == "agency"
        return self.installs.setdefault(
            key, Install(client_id=app.client_id, company_id=company_id, location_id=location_id, whole=whole)
        )

    def _cover(self, install: Install, chosen: list[Location], *, future: bool) -> tuple[str | None, ...]:
        """Install it there; what INSTALL is to be said for: the agency first."""
        install.future |= future
        if install.whole:
            return (None,)
        if install.location_id is None and not chosen:
            install.everywhere = True
            every = self._sandbox.locations.values()
            chosen = [one for one in every if one.company_id == install.company_id]
        for one in chosen:
            install.locations.setdefault(one.id, self._sandbox.clock_ms())
        ids = tuple(one.id for one in chosen)
        return (None, *ids) if install.location_id is None else ids

    def _announce(self, install: Install, announced: Iterable[str | None]) -> None:
        for location_id in announced:
            facts: Record = {
                "installType": "Company" if location_id is None else "Location",
                **({} if location_id is None else {"locationId": location_id}),
                "companyId": install.company_id,
                "userId": ADMIN,
                "companyName": install.company_id,
                "isWhitelabelCompany": False,
                "whitelabelDetails": {},
            }
            self.say(self.apps[install.client_id], "INSTALL", facts)

    def _code(self, code: _Code) -> str:
        text = secrets.token_hex(20)
        self._codes[text] = code
        if len(self._codes) > _CODES:
            self._codes.popitem(last=False)
        return text

    def _stands(self, install: Install) -> bool:
        return self.installs.get((install.client_id, install.company_id, install.location_id)) is install

    def _leave(self, client_id: str, location_id: str) -> list[Install]:
        left = []
        for key, install in list(self.installs.items()):
            if install.client_id == client_id and install.locations.pop(location_id, None) is not None:
                left.append(install)
                if install.location_id is not None:
                    del self.installs[key]
        return left

    def _active(self, location_id: str | None, counted: str) -> None:
        if location_id is not None and not self._sandbox.locations[location_id].active:
            raise self._refused(counted, "Location is not active")

    def _refused(self, counted: str, message: str) -> Refusal:
        self.counts[counted] += 1
        return Refusal(400, message)


def _grant(install: Install, location_id: str | None) -> Grant:
    return Grant(location_id, install.scopes, install.company_id, None, install)
