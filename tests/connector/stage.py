"""A delivery worker between a store and a real sandbox on loopback, with clocks moved by hand."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.fernet import Fernet

from connector.actions.job import NoTriggers
from connector.crm.catalogue import Catalogue
from connector.crm.client import Crm
from connector.crm.contacts import Contacts
from connector.crm.pace import Pace
from connector.crm.transport import AiohttpTransport
from connector.crm.zones import CrmZones
from connector.delivery import Carrier
from connector.intake import new_event
from connector.locations import LocationBook, LocationConfig, StoredSecrets
from connector.notify import Notify
from connector.notify_secret import SECRET
from connector.observe import Metrics
from connector.planner import Planner
from connector.sandbox.faults import Fault
from connector.sandbox.seed import workflow
from connector.sandbox.serving import serving
from connector.sandbox.state import Sandbox
from connector.worker import Limits, Worker
from mappings.call import Call
from mappings.note import has_marker
from mappings.settle import settle
from oauth.keeper import TOKEN, Keeper
from oauth.vault import Vault, place
from tests.connector.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from connector.actions.job import Triggers
    from connector.store import DeliveryRow, State, Store

LOC = "LocationOne"
OTHER = "LocationTwo"
WORKFLOW = "11111111-2222-3333-4444-555555555555"
ADA = "+14155550111"
NOON = 1_790_000_000_000


@dataclass
class Clock:
    now_ms: int = NOON

    def __call__(self) -> int:
        return self.now_ms

    def pass_s(self, seconds: float) -> None:
        self.now_ms += int(seconds * 1000)


async def at_once(_seconds: float) -> None:
    """For tenacity's short waits."""


@dataclass
class Stage:
    store: Store
    crm: Crm
    sandbox: Sandbox
    clock: Clock
    worker: Worker
    contacts: Contacts
    vault: Vault
    locations: LocationBook
    keeper: Keeper
    url: str
    numbered: int = field(default=0)

    async def register(self, location: str, *, token: str = "", notify_secret: str = "", **config: Any) -> None:
        document = LocationConfig(**{"workflows": {"no_answer": WORKFLOW}} | config).document()
        given = {TOKEN: token or f"pit-{location}"} | ({SECRET: notify_secret} if notify_secret else {})
        secrets = {name: self.vault.seal(text, bound_to=place(location, name)) for name, text in given.items()}
        await self.store.put_location(location, document=document, secrets=secrets, now_ms=self.clock())
        await self.locations.refresh()
        self.keeper.forget_all()

    def call(self, call_id: str = "", *, q850: int = 19, to: str | None = ADA, talk_s: int = 0) -> Call:
        self.numbered += 1
        answered = talk_s > 0
        return Call(
            trunk="generic",
            call_id=call_id or f"call-{self.numbered}",
            direction="outbound",
            from_="+14155550100",
            to=to,
            start_ms=NOON - 60_000,
            answer_ms=NOON - 50_000 if answered else None,
            end_ms=NOON - 50_000 + talk_s * 1000,
            talk_ms=talk_s * 1000,
            answered=answered,
            q850=q850,
        )

    async def record(self, call: Call, location: str = LOC) -> None:
        found = await self.locations.get(location)
        assert found is not None
        await self.store.record([new_event(found, settle(call, received_ms=self.clock()), self.clock())])

    async def work(self) -> None:
        """Carry everything that is due now, and what becomes due by that."""
        while await self.worker.claim():
            await self.worker.settle()

    async def work_for(self, seconds: float) -> None:
        """Let time pass in seconds, carrying what falls due."""
        for _ in range(int(seconds)):
            self.clock.pass_s(1)
            await self.work()

    def fault(
        self, kind: str, path: str, *, method: str | None = None, location: str | None = None, **more: Any
    ) -> None:
        match = {"path": path, "method": method, "location": location}
        self.sandbox.faults.arm(Fault.model_validate({"kind": kind, "match": match, **more}), now_ms=self.clock())

    def contact(self, phone: str = ADA, location: str = LOC) -> Any:
        return self.sandbox.locations[location].find(phone)

    def notes(self, call_id: str, phone: str = ADA) -> list[str]:
        contact = self.contact(phone)
        notes = contact.notes.values() if contact else []
        return [note["body"] for note in notes if has_marker(note["body"], call_id)]

    def asked(self, phone: str = ADA) -> int:
        """How often the contact was to be enrolled."""
        return sum(one.asked for one in self.contact(phone).enrolments.values())

    def requests(self, verb: str) -> int:
        return self.sandbox.journal.by_verb().get(verb, 0)

    async def row(self, call_id: str) -> DeliveryRow:
        return next(row for row in await self.store.list_deliveries(limit=1000) if row.call_id == call_id)

    async def state(self, call_id: str) -> State:
        return (await self.row(call_id)).state


@asynccontextmanager
async def on_stage(
    store: Store | None = None,
    *,
    clock: Clock | None = None,
    pace: Pace | None = None,
    rate: str = "off",
    listening: Callable[[LocationBook, Keeper, str], Triggers] = lambda _locations, _keeper, _url: NoTriggers(),
) -> AsyncIterator[Stage]:
    """Two sub-accounts in the sandbox and in the store; Ada is known to the first.

    `listening` makes what knows of workflows that wait for calls, on the CRM at the address it is given.
    """
    store = store or MemoryStore()
    clock = clock or Clock()
    sandbox = Sandbox(clock_ms=clock, rate=rate, search_lag_ms=0)
    for location in (LOC, OTHER):
        sandbox.register(
            location,
            name=location,
            timezone="America/Chicago",
            workflows=[workflow(location, WORKFLOW, "SMS", "published", sandbox.now())],
        )
        sandbox.grant(f"pit-{location}", location)
    async with serving(sandbox) as url:
        vault = Vault([Fernet.generate_key().decode()])
        locations = LocationBook(store, vault)
        keeper = Keeper(StoredSecrets(store), vault)
        transport = AiohttpTransport(url, timeout_s=2)
        crm = Crm(transport, keeper, pace or Pace(None), sleep=at_once, crm_url=url)
        contacts = Contacts(crm)
        follow_up = getattr(store, "follow_up", None)
        notifier = Notify(StoredSecrets(store), vault, clock, private=True)
        carrier = Carrier(
            store=store,
            crm=crm,
            catalogue=Catalogue(crm),
            people=contacts,
            planner=Planner(crm, CrmZones(crm), clock, follow_up),
            locations=locations,
            now_ms=clock,
            notifier=notifier,
            triggers=listening(locations, keeper, url),
        )
        worker = Worker(
            store=store,
            carrier=carrier,
            metrics=Metrics(),
            timers=follow_up,
            owner="test",
            limits=Limits(settle_s=5),
            now_ms=clock,
            chance=lambda: 0.0,
        )
        stage = Stage(store, crm, sandbox, clock, worker, contacts, vault, locations, keeper, url)
        await stage.register(LOC)
        await stage.register(OTHER)
        await crm.create_contact(LOC, ADA)
        sandbox.journal.clear()
        try:
            yield stage
        finally:
            await worker.drain(5)
            await notifier.close()
            await transport.close()
            await store.close()
