"""One process of the connector, over a store and a CRM that outlive it: it may die, or its disk fail, at any step."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from cryptography.fernet import Fernet

from connector.crm.catalogue import Catalogue
from connector.crm.client import Crm
from connector.crm.contacts import Contacts
from connector.crm.pace import Pace
from connector.crm.zones import CrmZones
from connector.delivery import Carrier
from connector.locations import LocationBook, LocationConfig, StoredSecrets
from connector.observe import Metrics
from connector.planner import Planner
from connector.store import Store, StoreError, StoreFullError
from connector.worker import Limits, Worker
from oauth.keeper import TOKEN, Keeper
from oauth.vault import Vault, place
from tests.crash.mine import Mine, MinedStore, MinedTransport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from connector.crm.seam import Transport
    from tests.connector.stage import Clock

SETTLE_S = 5
WORKFLOW = "WF"
MOST_ROUNDS = 200
_VAULT = Vault([Fernet.generate_key().decode()])
_METRICS = Metrics()


class ProcessDiedError(BaseException):
    """The process is no more. Not an Exception: nobody in it can do anything about it."""


class Fuse(Mine):
    """Ends the process at its `dies_at`th step from now, fails the store at its `full_at`th; 0 is never.

    Steps are those of a mine: before and after each use of the store and each request to the CRM.
    """

    def __init__(self, dies_at: int = 0, full_at: int = 0) -> None:
        super().__init__(None)
        self.dead = False
        self._death = ""
        self._full = ""
        self.set(dies_at, full_at)

    def set(self, dies_at: int = 0, full_at: int = 0) -> None:
        """Burn from now."""
        self._dies_in = dies_at
        self._full_in = full_at

    def die_at(self, point: str) -> None:
        """End the process at this point."""
        self._death = point

    def fill_at(self, point: str) -> None:
        """Fail the store at this point, once."""
        self._full = point

    def step(self, point: str) -> None:
        """We are here: for the last time, it may be."""
        self._dies_in -= 1
        if self.dead or self._dies_in == 0 or point == self._death:
            self.dead = True
            raise ProcessDiedError(point)
        if point.startswith("store.") and point.endswith(":before"):
            self._full_in -= 1
            if self._full_in == 0 or point == self._full:
                self._full = ""
                raise StoreFullError("the disk is full")


class Process:
    """The connector from its start to its end: wired as connector/app.py wires it, on clocks moved by hand."""

    def __init__(
        self, store: Store, transport: Transport, clock: Clock, fuse: Fuse, name: str, *, lease_s: float = 120
    ) -> None:
        self.fuse = fuse
        self.store = cast("Store", MinedStore(store, fuse))
        self.clock = clock
        locations = LocationBook(self.store, _VAULT)
        self._locations = locations
        keeper = Keeper(StoredSecrets(self.store), _VAULT, timer=self._seconds)
        crm = Crm(
            MinedTransport(transport, fuse),
            keeper,
            Pace(None, patience_s=0, clock=self._seconds),
            sleep=_at_once,
            clock=self._seconds,
            now_s=self._seconds,
        )
        carrier = Carrier(
            store=self.store,
            crm=crm,
            catalogue=Catalogue(crm, timer=self._seconds),
            people=Contacts(crm, timer=self._seconds),
            planner=Planner(crm, CrmZones(crm, timer=self._seconds), clock, getattr(store, "follow_up", None)),
            locations=locations,
            now_ms=clock,
        )
        self._worker = Worker(
            store=self.store,
            carrier=carrier,
            metrics=_METRICS,
            owner=name,
            limits=Limits(settle_s=SETTLE_S, lease_s=lease_s),
            now_ms=clock,
            timers=getattr(store, "follow_up", None),
            chance=lambda: 0.0,
        )

    async def start(self) -> None:
        """As the service starts: end the leases of the dead, then take up where they stopped."""
        try:
            now_ms = self.clock()
            await self.store.release_all(now_ms=now_ms, due_ms=now_ms + SETTLE_S * 1000)
            await self._locations.refresh()
            await self._worker.start()
        except ProcessDiedError:
            pass

    async def work(self) -> int:
        """Carry all that is due, and what becomes due by that; how many rounds it took."""
        rounds = 0
        try:
            while rounds < MOST_ROUNDS and await self._worker.claim():
                rounds += 1
                await self._worker.settle()
        except (StoreError, ProcessDiedError):
            pass  # the running service tries again a second later, or it is no more
        await self._worker.settle()
        return rounds

    def _seconds(self) -> float:
        return self.clock() / 1000


async def register(store: Store, locations: Sequence[str], **more: str) -> None:
    """Sub-accounts as an installer leaves them: a token, and a workflow for calls nobody answered."""
    for location in locations:
        config = LocationConfig.model_validate({"workflows": {"no_answer": WORKFLOW}, "max_attempts": None, **more})
        sealed = _VAULT.seal(f"pit-{location}", bound_to=place(location, TOKEN))
        document = config.document()
        await store.put_location(location, document=document, secrets={TOKEN: sealed}, now_ms=1)


async def _at_once(_seconds: float) -> None:
    """For tenacity's short waits."""
