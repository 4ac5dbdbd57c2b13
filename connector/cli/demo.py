"""`ringback demo`: a shift of calls from four trunks into a local CRM, shown and checked."""

from __future__ import annotations

import asyncio
import secrets
import signal
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson

from connector.cli import out
from connector.clock import now_ms
from connector.demo.check import faults, missing
from connector.demo.play import Dialler, Tally
from connector.demo.processes import Server, ringback
from connector.demo.shift import PEOPLE, TRUNKS, Played, shift

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

LOCATION = "demo-sub-account"
WORKFLOW = "7b1f6c1e-demo-no-answer-sms"
ARRIVE_S = 120.0
"""How long the last call may take to arrive: the CRM's limit of 100 requests in 10 s sets the pace."""
LOOK_S = 0.25


def configure(command: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    command.add_argument("--calls", type=int, default=40, metavar="N", help="calls in the shift (default 40)")
    command.add_argument("--keep", action="store_true", help="leave both servers running until Ctrl-C")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Play it; exit code 0 only if the CRM holds exactly what it should."""
    return asyncio.run(_demo(max(1, args.calls), keep=args.keep))


@dataclass(frozen=True, slots=True)
class Stage:
    """The running pieces: the CRM's and the connector's addresses, and the client that talks to both."""

    crm: str
    connector: str
    session: aiohttp.ClientSession
    secrets: dict[str, str]

    async def contacts(self) -> list[dict[str, Any]]:
        """The CRM's contacts with all that hangs on them."""
        async with self.session.get(f"{self.crm}/_sandbox/state?location={LOCATION}&log=0") as answer:
            state = orjson.loads(await answer.read())
        return list(state["locations"][0]["contacts"])


async def _demo(calls: int, *, keep: bool) -> int:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ringback-demo-")))
        stage = await _set_up(stack, folder)
        played = shift(calls, now_ms=now_ms())
        dialler = Dialler(stage.session, f"{stage.connector}/hooks/{LOCATION}", stage.secrets)
        out.line(f"Playing a shift of {calls} calls through {len(TRUNKS)} trunks ...")
        began = time.monotonic()
        progress = asyncio.create_task(_progress(stage, played, dialler))
        await dialler.play(played, sent=lambda _number: None)
        await dialler.play_badly(played[0])
        await progress
        contacts = await stage.contacts()
        wrong = faults(played, contacts, WORKFLOW)
        _show(contacts, dialler.tally, wrong, calls, time.monotonic() - began)
        out.line(f"\nThe same as a page: {stage.crm}/")
        if keep:
            out.line("Both servers go on running; end them with Ctrl-C.")
            await _until_interrupted()
        else:
            out.line("(gone when the demo ends; `ringback demo --keep` leaves it running)")
        return int(bool(wrong))


async def _set_up(stack: AsyncExitStack, folder: Path) -> Stage:
    words = ["sandbox", "--port", "0", "--location", LOCATION, "--token", "pit-demo", "--seed-contacts", "0"]
    crm = await stack.enter_async_context(Server(words, env={}, log=folder / "sandbox.log"))
    session = await stack.enter_async_context(aiohttp.ClientSession())
    await _fill(session, crm.url)
    env = {"RINGBACK_DATABASE_URL": f"sqlite:///{folder / 'ringback.db'}", "RINGBACK_CRM_URL": crm.url}
    made = {name: secrets.token_hex(24) for name in TRUNKS}
    for number, name in enumerate(TRUNKS):
        first = ["--token", "pit-demo", "--no-answer-workflow", WORKFLOW] if number == 0 else []
        kind = "add" if number == 0 else "set"
        await ringback(["location", kind, LOCATION, "--trunk", name, "--secret", made[name], *first], env=env)
    serve = await stack.enter_async_context(Server(["serve", "--port", "0"], env=env, log=folder / "serve.log"))
    out.line(f"CRM (local sandbox) at {crm.url}, connector at {serve.url}")
    return Stage(crm.url, serve.url, session, made)


async def _fill(session: aiohttp.ClientSession, crm: str) -> None:
    """The sub-account's workflow and the people it knows."""
    about = {
        "id": LOCATION,
        "name": "Demo sub-account",
        "timezone": "America/Chicago",
        "token": "pit-demo",
        "workflows": [{"id": WORKFLOW, "name": "No answer: SMS sequence", "status": "published"}],
    }
    async with session.post(f"{crm}/_sandbox/locations", json=about) as answer:
        answer.raise_for_status()
    known = [{"name": person.name, "phone": person.phone} for person in PEOPLE if person.name is not None]
    async with session.post(f"{crm}/_sandbox/contacts", json={"location": LOCATION, "contacts": known}) as answer:
        answer.raise_for_status()


async def _progress(stage: Stage, played: Sequence[Played], dialler: Dialler) -> None:
    """Shows how far it is until every call has arrived and nothing waits, or time is up."""
    until = time.monotonic() + ARRIVE_S
    last = ""
    while time.monotonic() < until:
        left = missing(played, await stage.contacts())
        waiting = await _waiting(stage)
        answered = sum(dialler.tally.answers.values())
        text = f"  {answered} events answered, {len(played) - left} of {len(played)} calls on their timeline"
        if text != last:
            out.line(text)
            last = text
        if not left and not waiting and dialler.tally.refused:
            return
        await asyncio.sleep(LOOK_S)


async def _waiting(stage: Stage) -> int:
    async with stage.session.get(f"{stage.connector}/metrics") as answer:
        text = await answer.text()
    line = next(line for line in text.splitlines() if line.startswith("ringback_queue_depth "))
    return int(float(line.split()[1]))


def _show(contacts: Sequence[dict[str, Any]], tally: Tally, wrong: Sequence[str], calls: int, seconds: float) -> None:
    for contact in contacts:
        out.line(f"\n{contact['name'] or 'New contact'}  {contact['phone']}  [{', '.join(sorted(contact['tags']))}]")
        for enrolment in contact["enrolments"]:
            out.line(f"  enrolled in {enrolment['workflowId']} ({enrolment['asked']} unanswered)")
        for note in contact["notes"]:
            first, *rest = note["body"].splitlines()
            out.line(f"  - {first}")
            for text in rest[:2]:
                out.line(f"      {text}")
    counts = ", ".join(f"{count} {status}" for status, count in sorted(tally.answers.items()))
    out.line(f"\nThe connector answered: {counts}")
    for refused in tally.refused:
        out.line(f"Not taken: {refused}")
    if wrong:
        out.line(f"\nWRONG, after {seconds:.0f} s:")
        for fault in wrong:
            out.line(f"  {fault}")
    else:
        out.line(f"\nAll {calls} calls are on their contact's timeline, each once. ({seconds:.0f} s)")


async def _until_interrupted() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    sys.stdout.flush()
    await stop.wait()
