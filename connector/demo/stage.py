"""The demo's stage: a local CRM and a connector, each a real process, the one installed in the other by OAuth."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import orjson

from connector.clock import now_ms
from connector.demo.follow_up import Kept
from connector.demo.install import install
from connector.demo.processes import Server, free_port
from connector.demo.shift import AGENT, CALLER_IDS, PEOPLE, TRUNKS, ZONE
from connector.errors import RingbackError
from connector.sandbox.apps import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET
from connector.store.open import open_store
from mappings.call import Disposition

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.demo.install import Connected
    from connector.store.database import Database

LOCATION: Final = "demo-sub-account"
WORKFLOW: Final = "7b1f6c1e-demo-no-answer-sms"
REVIEW_AFTER_S: Final = 8
"""How long the demo's agents have for a disposition; a real sub-account's have five minutes."""
LAST_KNOWN: Final = "twilio"
"""The trunk whose secret is set last: a connector that knows it knows all that was set."""
_SOON_MS: Final = 60_000
_HOST: Final = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Stage:
    """The running pieces: addresses of the CRM and the connector, a client of both, the connector's store."""

    crm: str
    connector: str
    session: aiohttp.ClientSession
    database: Database
    connected: Connected
    secrets: dict[str, str]
    api_key: str

    @property
    def hooks(self) -> str:
        """The trunks' address, up to their name: as the connected page shows it for the first one."""
        return self.connected.trunk_url.removesuffix("/generic")

    async def contacts(self) -> list[dict[str, Any]]:
        """The CRM's contacts with all that hangs on them."""
        async with self.session.get(f"{self.crm}/_sandbox/state?location={LOCATION}&log=0") as answer:
            state = orjson.loads(await answer.read())
        return list(state["locations"][0]["contacts"])

    async def events(self) -> list[dict[str, Any]]:
        """What the CRM told the connector of itself, when all of it was answered: `type`, `status`."""
        async with self.session.get(f"{self.crm}/_sandbox/marketplace?settle=1") as answer:
            return list(orjson.loads(await answer.read())["events"])

    async def kept(self, *, since_ms: int) -> Kept:
        """What the connector's store has of the sub-account."""
        follow_up = self.database.follow_up
        return Kept(
            histories=await follow_up.dial_histories(LOCATION, [person.phone for person in PEOPLE]),
            caller_ids=await follow_up.caller_ids(LOCATION, since_ms=since_ms),
            reviews=await follow_up.list_reviews(LOCATION, limit=10_000),
            timers=await follow_up.list_timers(LOCATION, limit=10_000),
        )

    async def open_work(self) -> int:
        """Deliveries that wait, and timers that fall due soon."""
        depth = await self.database.depth()
        timers = await self.database.follow_up.list_timers(LOCATION, limit=10_000)
        return depth.waiting + sum(timer.due_ms < now_ms() + _SOON_MS for timer in timers)

    async def configure(self) -> None:
        """The sub-account's settings and its other trunks, by the API.

        Raises:
            RingbackError: it refused.
        """
        settings = {
            "trunks": {name: {} for name in TRUNKS},
            "workflows": {"no_answer": WORKFLOW},
            "time_zone": ZONE,
            "review_after_s": REVIEW_AFTER_S,
            "caller_ids": CALLER_IDS,
        }
        await self.ask("PATCH", "", settings)
        for name in (*(one for one in TRUNKS[1:] if one != LAST_KNOWN), LAST_KNOWN):
            await self.ask("POST", f"/trunks/{name}/secret", {"secret": self.secrets[name]})

    async def wrap_up(self, call_id: str, remarks: str) -> None:
        """What the call's agent adds, as an agent's own tool would: by the API."""
        said = {"disposition": Disposition.CONNECTED.value, "notes": remarks, "agent": AGENT}
        await self.ask("POST", f"/calls/{call_id}/wrapup", said)

    async def ask(self, method: str, path: str, body: dict[str, Any]) -> None:
        """One request to the connector's API about the sub-account.

        Raises:
            RingbackError: it refused.
        """
        url = f"{self.connector}/api/v1/locations/{LOCATION}{path}"
        headers = {"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json"}
        async with self.session.request(method, url, data=orjson.dumps(body), headers=headers) as answer:
            if answer.status >= HTTPStatus.BAD_REQUEST:
                raise RingbackError(
                    f"{method} {path or 'configuration'} was refused: {await answer.text()}",
                    means="the demo keeps everything in a temporary folder; nothing of yours was touched.",
                    do="read what it says.",
                )


@contextlib.asynccontextmanager
async def on_stage(folder: Path) -> AsyncIterator[Stage]:
    """Start both, fill the CRM, install, configure.

    Raises:
        RingbackError: one of these failed.
    """
    port = free_port(_HOST)
    url = f"http://{_HOST}:{port}"
    words = ["sandbox", "--port", "0", "--location", LOCATION, "--seed-contacts", "0"]
    crm = Server([*words, "--webhook-url", f"{url}/crm/events"], env={}, log=folder / "sandbox.log")
    async with crm, aiohttp.ClientSession() as session:
        await _fill(session, crm.url)
        api_key, database_url = secrets.token_hex(24), f"sqlite:///{folder / 'ringback.db'}"
        async with session.get(f"{crm.url}/_sandbox/webhook-key") as answer:
            event_key = await answer.text()
        env = {
            "RINGBACK_DATABASE_URL": database_url,
            "RINGBACK_PUBLIC_URL": url,
            "RINGBACK_CRM_URL": crm.url,
            "RINGBACK_OAUTH_HOST": crm.url,
            "RINGBACK_CLIENT_ID": DEFAULT_CLIENT_ID,
            "RINGBACK_CLIENT_SECRET": DEFAULT_CLIENT_SECRET,
            "RINGBACK_CRM_EVENT_KEYS": event_key,
            "RINGBACK_API_KEY": api_key,
        }
        serve = ["serve", "--host", _HOST, "--port", str(port)]
        async with Server(serve, env=env, log=folder / "serve.log") as connector:
            database = await open_store(database_url)
            try:
                connected = await install(connector.url, LOCATION)
                made = {name: secrets.token_hex(24) for name in TRUNKS} | {TRUNKS[0]: connected.trunk_secret}
                stage = Stage(crm.url, connector.url, session, database, connected, made, api_key)
                await stage.configure()
                yield stage
            finally:
                await database.close()


async def _fill(session: aiohttp.ClientSession, crm: str) -> None:
    """The sub-account's workflow and the people it knows."""
    about = {
        "id": LOCATION,
        "name": "Demo sub-account",
        "timezone": ZONE,
        "workflows": [{"id": WORKFLOW, "name": "No answer: SMS sequence", "status": "published"}],
    }
    async with session.post(f"{crm}/_sandbox/locations", json=about) as answer:
        answer.raise_for_status()
    known = [{"name": person.name, "phone": person.phone} for person in PEOPLE if person.name is not None]
    async with session.post(f"{crm}/_sandbox/contacts", json={"location": LOCATION, "contacts": known}) as answer:
        answer.raise_for_status()
