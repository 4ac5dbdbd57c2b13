"""What the CRM holds against what was acknowledged."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connector.store.open import open_store

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import aiohttp

    from connector.sandbox.state import Contact, Sandbox
    from tests.crash.trunk import Trunk

PATIENCE_S = 600.0


@dataclass
class Report:
    """What became of it; `lost`, `doubled` and `partial` must be empty."""

    kills: int = 0
    mined: Counter[str] = field(default_factory=Counter)
    acknowledged: int = 0
    duplicates: int = 0
    applied: int = 0
    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    partial: list[str] = field(default_factory=list)
    unacknowledged: int = 0
    """Calls in the CRM whose acknowledgement the kill cut off: kept, which is allowed."""
    enrolments_repeated: int = 0
    """In doubt and done again, as when_in_doubt = "repeat" says; the CRM ignores re-entry."""

    def lines(self) -> Iterable[str]:
        """For people."""
        yield f"kills {self.kills}, of these at named points {self.mined.total()} ({len(self.mined)} different)"
        yield f"acknowledged {self.acknowledged}, sent again {self.duplicates}, applied {self.applied}"
        yield f"lost {len(self.lost)}, doubled {len(self.doubled)}, partial {len(self.partial)}"
        yield f"kept though unanswered {self.unacknowledged}, enrolments repeated {self.enrolments_repeated}"

    @property
    def clean(self) -> bool:
        """Nothing lost, doubled or partial."""
        return not (self.lost or self.doubled or self.partial)


async def until_nothing_waits(session: aiohttp.ClientSession, url: str) -> None:
    """Until every delivery is done or parked."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            await asyncio.sleep(1.1)  # the gauge is set once a second
            async with session.get(f"{url}/metrics") as answer:
                text = await answer.text()
            if "\nringback_queue_depth 0.0" in text:
                return


async def compare(sandbox: Sandbox, trunk: Trunk, report: Report, database: Path | None = None) -> None:
    """Fill the report; where the connector's database is given, its review queue is looked at, too."""
    location = sandbox.locations["LOC"]
    held: Counter[str] = Counter()
    tasks: Counter[str] = Counter()
    for contact in location.contacts.values():
        held.update(_call_ids(contact))
        tasks.update(line for task in contact.tasks.values() for line in (task["body"] or "").splitlines()[-1:])
        _contact(contact, report)
    records = Counter(message["altId"] for message in location.messages.values())
    reviewed = Counter[str]() if database is None else await _reviewed(database)
    report.acknowledged, report.duplicates = len(trunk.acked), trunk.duplicates
    report.applied = len(held)
    report.lost = sorted(set(trunk.acked) - set(held))
    written = (held, "noted"), (tasks, "a task"), (records, "a record"), (reviewed, "up for review")
    report.doubled = sorted(f"{key}: {count} times {what}" for all_, what in written for key, count in _twice(all_))
    if database is not None:
        report.partial += [f"{call}: noted, no record" for call in sorted(set(held) - set(records))]
        told = {call: talk_s for call, talk_s in trunk.acked.items() if call in held}
        report.partial += [
            f"{call}: not reviewed" for call, talk_s in told.items() if (talk_s > 45) != (call in reviewed)
        ]
    report.unacknowledged = len(set(held) - set(trunk.acked))


def _contact(contact: Contact, report: Report) -> None:
    """Its tags, tasks and enrolments against its notes, which are in the order of its calls."""
    headlines = [note["body"].splitlines()[0] for note in contact.notes.values()]
    unanswered = sum("No Answer" in line for line in headlines)
    attempts = 0
    for line in headlines:
        # A voicemail neither counts nor ends the count; a conversation ends it.
        attempts = attempts + 1 if "No Answer" in line else attempts if "20 s" in line else 0
    wanted = {f"call-attempt-{attempts}"} if attempts else set()
    wanted |= {"call-no-answer"} if unanswered else set()
    wanted |= {"call-connected"} if len(headlines) > unanswered else set()
    asked = sum(one.asked for one in contact.enrolments.values())
    if set(contact.tags) - {"voicemail-left"} != wanted or asked < unanswered or len(contact.tasks) != unanswered:
        report.partial.append(
            f"{contact.id}: tags {contact.tags} for {sorted(wanted)}; "
            f"{asked} enrolments, {len(contact.tasks)} tasks for {unanswered} calls"
        )
    report.enrolments_repeated += max(0, asked - unanswered)


def _call_ids(contact: Contact) -> list[str]:
    return [note["body"].splitlines()[-1].removeprefix("Call ID: ") for note in contact.notes.values()]


def _twice(counted: Counter[str]) -> list[tuple[str, int]]:
    return [(key, count) for key, count in counted.items() if count > 1]


async def _reviewed(database: Path) -> Counter[str]:
    store = await open_store(f"sqlite:///{database}")
    try:
        found: Counter[str] = Counter()
        after = 0
        while rows := await store.follow_up.list_reviews("LOC", limit=500, after=after):
            found.update(row.call_id for row in rows)
            after = rows[-1].id
        return found
    finally:
        await store.close()
