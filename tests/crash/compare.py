"""What the CRM holds against what was acknowledged."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import aiohttp

    from connector.sandbox.state import Sandbox
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


def compare(sandbox: Sandbox, trunk: Trunk, report: Report) -> None:
    """Fill the report."""
    held: Counter[str] = Counter()
    unanswered: Counter[str] = Counter()
    contacts = sandbox.locations["LOC"].contacts.values()
    for contact in contacts:
        calls = [note["body"].splitlines()[-1].removeprefix("Call ID: ") for note in contact.notes.values()]
        held.update(calls)
        no_answer = sum("No Answer" in note["body"].splitlines()[0] for note in contact.notes.values())
        unanswered[contact.id] = no_answer
        wanted = {"call-no-answer"} if no_answer else set()
        wanted |= {"call-connected"} if len(calls) > no_answer else set()
        asked = sum(one.asked for one in contact.enrolments.values())
        if set(contact.tags) != wanted or asked < no_answer:
            report.partial.append(f"{contact.id}: tags {contact.tags}, {asked} enrolments for {no_answer} calls")
        report.enrolments_repeated += max(0, asked - no_answer)
    report.acknowledged, report.duplicates = len(trunk.acked), trunk.duplicates
    report.applied = len(held)
    report.lost = sorted(set(trunk.acked) - set(held))
    report.doubled = sorted(call for call, count in held.items() if count > 1)
    report.unacknowledged = len(set(held) - set(trunk.acked))
