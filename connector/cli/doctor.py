"""`ringback doctor`: settings with their origin, database, CRM, clock: what is missing."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from pydantic import SecretStr

from connector.cli import out
from connector.crm.errors import CrmError
from connector.crm.model import Request
from connector.crm.transport import AiohttpTransport
from connector.errors import RingbackError
from connector.keys import open_vault
from connector.locations import open_location
from connector.settings import PREFIX, Settings, load, origins, unknown_names
from connector.store import StoreError
from connector.store.open import open_store
from oauth.vault import VaultError

if TYPE_CHECKING:
    import argparse

    from oauth.vault import Vault

CLOCK_TOLERANCE_S = 30
MASK = "********"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `ok`, `warn` (works, but look), or `fail` (calls will not get through)."""

    level: Literal["ok", "warn", "fail"]
    what: str
    found: str


def configure(command: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    command.add_argument("--json", action="store_true", help="as JSON")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Look at everything; exit code 1 if calls would not get through."""
    settings = load()
    shown = _settings(settings)
    findings = asyncio.run(_look(settings))
    if args.json:
        out.as_json({"settings": shown, "findings": [asdict(one) for one in findings]})
    else:
        out.table(["SETTING", "ORIGIN", "VALUE"], [[one["name"], one["origin"], one["value"]] for one in shown])
        out.line()
        out.table(["", "LOOKED AT", "FOUND"], [[one.level, one.what, one.found] for one in findings])
    return int(any(one.level == "fail" for one in findings))


def _settings(settings: Settings) -> list[dict[str, Any]]:
    origin = origins()
    return [
        {"name": f"{PREFIX}{name.upper()}", "origin": origin[name], "value": _masked(name, getattr(settings, name))}
        for name in Settings.model_fields
    ]


def _masked(name: str, value: Any) -> str:
    if isinstance(value, SecretStr) or name == "secret_keys":
        return MASK if value else "not set"
    if value is None:
        return "not set"
    text = str(value)
    password = urlsplit(text).password if name == "database_url" else None
    return text.replace(f":{password}@", f":{MASK}@") if password else text


async def _look(settings: Settings) -> list[Finding]:
    findings = [Finding("warn", "environment", f"{name} is no setting: misspelt?") for name in unknown_names()]
    if settings.public_url is None:
        findings.append(
            Finding("warn", "public address", "RINGBACK_PUBLIC_URL is not set: trunks that sign the URL may be refused")
        )
    findings += await _database(settings)
    findings += await _crm(settings)
    return findings


async def _database(settings: Settings) -> list[Finding]:
    try:
        vault = open_vault(settings)
        store = await open_store(settings.database_url)
    except (StoreError, VaultError, RingbackError) as error:
        return [Finding("fail", "database", str(error))]
    try:
        await store.check()
        depth = await store.depth()
        found = f"can be written; {depth.waiting} waiting, {depth.parked} parked, {depth.quarantined} quarantined"
        level: Literal["ok", "warn"] = "warn" if depth.parked or depth.quarantined else "ok"
        rows = await store.list_locations(limit=1000)
        return [Finding(level, "database", found), _locations(rows, vault)]
    except StoreError as error:
        return [Finding("fail", "database", str(error))]
    finally:
        await store.close()


def _locations(rows: list[Any], vault: Vault) -> Finding:
    if not rows:
        return Finding("warn", "sub-accounts", "none is registered: add one with `ringback location add`")
    broken = []
    for row in rows:
        try:
            open_location(row, vault)
        except VaultError:
            broken.append(row.id)
    if broken:
        return Finding("fail", "sub-accounts", f"secrets do not open with the keys at hand: {', '.join(broken[:5])}")
    return Finding("ok", "sub-accounts", f"{len(rows)} registered, their secrets open")


async def _crm(settings: Settings) -> list[Finding]:
    """Any answer at all shows that the CRM is there; its Date header shows how far our clock is off."""
    transport = AiohttpTransport(settings.crm_url, timeout_s=min(settings.crm_timeout_s, 5.0))
    try:
        answer = await transport.send(
            Request(verb="doctor", method="GET", path="/", version="2021-07-28"),
            token="none",  # noqa: S106 - any answer will do, a refusal too
        )
    except CrmError as error:
        return [Finding("fail", "CRM", f"{settings.crm_url}: {error}")]
    finally:
        await transport.close()
    found = [Finding("ok", "CRM", f"{settings.crm_url} answers (status {answer.status})")]
    date = answer.headers.get("date")
    if date is not None:
        found.append(_clock(date))
    return found


def _clock(date: str) -> Finding:
    try:
        off_s = time.time() - parsedate_to_datetime(date).timestamp()
    except ValueError:
        return Finding("warn", "clock", f"the CRM's Date header cannot be read: {date!r}")
    if abs(off_s) > CLOCK_TOLERANCE_S:
        return Finding("warn", "clock", f"{off_s:+.0f} s off the CRM's: signed events may be refused, set the clock")
    return Finding("ok", "clock", "agrees with the CRM's")
