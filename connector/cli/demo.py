"""`ringback demo`: installed by OAuth, a shift of calls from four trunks into a local CRM, shown and checked."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
import time
from collections import Counter
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from connector.cli import out
from connector.clock import now_ms
from connector.demo.check import faults, missing
from connector.demo.follow_up import followed
from connector.demo.play import Dialler, Tally
from connector.demo.shift import TRUNKS, latest, shift
from connector.demo.stage import LAST_KNOWN, WORKFLOW, Stage, on_stage
from connector.errors import RingbackError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from connector.demo.follow_up import Followed
    from connector.demo.shift import Played

ARRIVE_S = 120.0
"""How long the last call may take to arrive: the CRM's limit of 100 requests in 10 s sets the pace."""
KNOWN_S = 15.0
"""How long the connector may take to notice its new trunks: it looks every second."""
LOOK_S = 0.25
REMARKS = "Agent's notes:"
SEEN = 3
"""How many people are shown for each workflow."""


def configure(command: argparse.ArgumentParser) -> None:
    """The command's arguments."""
    command.add_argument("--calls", type=int, default=40, metavar="N", help="calls in the shift (default 40)")
    command.add_argument("--keep", action="store_true", help="leave both servers running until Ctrl-C")
    command.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Play it; exit code 0 only if the CRM and the connector's store hold exactly what they should."""
    return asyncio.run(_demo(max(1, args.calls), keep=args.keep))


async def _demo(calls: int, *, keep: bool) -> int:
    with tempfile.TemporaryDirectory(prefix="ringback-demo-") as folder:
        async with on_stage(Path(folder)) as stage:
            _tell(stage)
            began = time.monotonic()
            wrong = await _play(stage, calls, began)
            out.line(f"\nThe same as a page: {stage.crm}/")
            if keep:
                out.line("Both servers go on running; end them with Ctrl-C.")
                await _until_interrupted()
            else:
                out.line("(gone when the demo ends; `ringback demo --keep` leaves it running)")
            return int(wrong)


def _tell(stage: Stage) -> None:
    out.line(f"CRM (local sandbox) at {stage.crm}, connector at {stage.connector}")
    out.line(f"Installed from its marketplace: {stage.connected.name} is connected.")
    out.line(f"  Webhook address of its phone provider: {stage.connected.trunk_url} (with a secret of its own)")


async def _play(stage: Stage, calls: int, began: float) -> bool:
    """The shift, and what became of it; whether anything is wrong."""
    dialler = Dialler(stage.session, stage.hooks, stage.secrets, stage.wrap_up)
    await _known(dialler)
    played = shift(calls, now_ms=now_ms())
    out.line(f"Playing a shift of {calls} calls through {len(TRUNKS)} trunks ...")
    progress = asyncio.create_task(_progress(stage, played, calls, dialler))
    await dialler.play(played)
    played.append(latest(calls, now_ms=now_ms()))
    await dialler.play(played[-1:])
    await dialler.play_badly(played[0])
    await progress
    contacts = await stage.contacts()
    wrong = faults(played, contacts, WORKFLOW)
    kept = await stage.kept(since_ms=played[0].call.start_ms or 0)
    workflows = followed(played, contacts, kept, WORKFLOW)
    _show(contacts, dialler.tally)
    _show_workflows(workflows)
    wrong += [f"{one.workflow}: {fault}" for one in workflows for fault in one.faults]
    wrong += await _events(stage)
    _conclude(wrong, calls, time.monotonic() - began)
    return bool(wrong)


async def _known(dialler: Dialler) -> None:
    """Wait until the connector knows every trunk.

    Raises:
        RingbackError: it does not in time.
    """
    until = time.monotonic() + KNOWN_S
    while not await dialler.is_known(LAST_KNOWN, latest(1, now_ms=now_ms()).call):
        if time.monotonic() > until:
            raise RingbackError(
                f"The connector does not take calls from {LAST_KNOWN}.",
                means="the demo keeps everything in a temporary folder; nothing of yours was touched.",
                do="run it again; if it stays so, please report it.",
            )
        await asyncio.sleep(LOOK_S)


async def _progress(stage: Stage, played: Sequence[Played], calls: int, dialler: Dialler) -> None:
    """Shows how far it is until every call has arrived and nothing is open, or time is up."""
    until = time.monotonic() + ARRIVE_S
    last = ""
    while time.monotonic() < until:
        done = len(played) - missing(played, await stage.contacts())
        answered = sum(dialler.tally.answers.values())
        text = f"  {answered} events answered, {done} of {calls} calls on their timeline"
        if text != last:
            out.line(text)
            last = text
        if dialler.tally.done and done == calls and not await stage.open_work():
            return
        await asyncio.sleep(LOOK_S)


def _show(contacts: Sequence[dict[str, Any]], tally: Tally) -> None:
    for contact in contacts:
        out.line(f"\n{contact['name'] or 'New contact'}  {contact['phone']}  [{', '.join(sorted(contact['tags']))}]")
        for enrolment in contact["enrolments"]:
            out.line(f"  {_enrolled(enrolment)}")
        for note in contact["notes"]:
            first, *rest = note["body"].splitlines()
            out.line(f"  - {first}")
            for text in (*rest[:2], *(line for line in rest[2:] if line.startswith(REMARKS))):
                out.line(f"      {text}")
    counts = ", ".join(f"{count} {status}" for status, count in sorted(tally.answers.items()))
    out.line(f"\nThe connector answered: {counts}")
    for refused in tally.refused:
        out.line(f"Not taken: {refused}")


def _enrolled(enrolment: dict[str, Any]) -> str:
    stands = "enrolled in" if enrolment["active"] else "taken out of"
    return f"{stands} {enrolment['workflowId']} ({enrolment['asked']} unanswered)"


def _show_workflows(workflows: Sequence[Followed]) -> None:
    out.line("\nWhat followed, in the CRM and in the connector's store:")
    for one in workflows:
        if not one.calls:
            out.line(f"\n{one.workflow}: no such call in so short a shift")
            continue
        mark = "WRONG" if one.faults else "as it should be"
        out.line(f"\n{one.workflow}: {one.calls} {'call' if one.calls == 1 else 'calls'}, {mark}")
        for text in one.seen[:SEEN]:
            out.line(f"  {text}")
        if len(one.seen) > SEEN:
            out.line(f"  ... and {len(one.seen) - SEEN} more people")
        if one.besides:
            out.line(f"  {one.besides}")


def _conclude(wrong: Sequence[str], calls: int, seconds: float) -> None:
    if wrong:
        out.line(f"\nWRONG, after {seconds:.0f} s:")
        for fault in wrong:
            out.line(f"  {fault}")
    else:
        out.line(f"\nAll {calls} calls are on their contact's timeline, each once. ({seconds:.0f} s)")


async def _events(stage: Stage) -> list[str]:
    """What the CRM told of itself by signed events; what is wrong with that."""
    events = await stage.events()
    kinds = Counter(str(one["type"]) for one in events)
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    out.line(f"\nThe CRM told of itself, signed: {told or 'nothing'}")
    refused = [f"event {one['type']}: answered {one['status']}" for one in events if one["status"] != HTTPStatus.OK]
    return refused if kinds["INSTALL"] else [*refused, "the CRM did not tell of the installation"]


async def _until_interrupted() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    sys.stdout.flush()
    await stop.wait()
