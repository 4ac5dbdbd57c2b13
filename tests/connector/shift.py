"""Calls of a shift and what follows them, on a stage whose store keeps what follows; time is moved by hand."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from connector.store import FIX, TIMER, State
from connector.store.sqlite import SqliteStore
from mappings.call import Call, Wrapup
from tests.connector.stage import ADA, LOC, Clock, Stage, on_stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from connector.store import DeliveryRow
    from connector.store.follow_up import DialRecord, ReviewRow, TimerRow

OURS = "+14155550100"
HOUR_S = 3600


@dataclass
class Shift:
    """A stage, the database behind it, and the calls so far."""

    stage: Stage
    database: SqliteStore
    calls: int = 0

    def ended(self, talk_s: float | None, *, latency_s: float = 10, call_id: str = "", **facts: Any) -> Call:
        """A call that ended just now: answered for so long, or not at all. Its id is the next of c1, c2, ..."""
        self.calls += 1
        end_ms = self.stage.clock()
        answer_ms = None if talk_s is None else end_ms - round(talk_s * 1000)
        start_ms = end_ms - 25_000 if answer_ms is None else answer_ms - round(latency_s * 1000)
        told: dict[str, Any] = {"direction": "outbound", "from_": OURS, "to": ADA, "q850": 19 if talk_s is None else 16}
        return Call(
            trunk="generic",
            call_id=call_id or f"c{self.calls}",
            start_ms=start_ms,
            answer_ms=answer_ms,
            end_ms=end_ms,
            **told | facts,
        )

    async def call(self, talk_s: float | None, *, latency_s: float = 10, **facts: Any) -> str:
        """Such a call, carried as far as it goes now; its id."""
        call = self.ended(talk_s, latency_s=latency_s, **facts)
        await self.take(call)
        return str(call.call_id)

    async def take(self, call: Call) -> None:
        """Record an event of a call, and carry what is due."""
        await self.stage.record(call)
        await self.stage.work()

    async def wrap_up(self, call_id: str, disposition: str | None = None, **texts: str) -> None:
        """What the agent adds now."""
        await self.take(self.wrapped(call_id, disposition, **texts))

    def wrapped(self, call_id: str, disposition: str | None = None, **texts: Any) -> Call:
        """The event of that."""
        wrapup = Wrapup(disposition=disposition, at_ms=self.stage.clock(), **texts)
        return Call(trunk="generic", call_id=call_id, event="wrapup", wrapup=wrapup)

    async def tell(self, call_id: str, **facts: Any) -> None:
        """Something the trunk tells late."""
        await self.take(Call(trunk="generic", call_id=call_id, event="extra", **facts))

    async def pass_s(self, seconds: float) -> None:
        """Let time pass at once, to the millisecond, and carry what is due then."""
        self.stage.clock.now_ms += round(seconds * 1000)
        await self.stage.work()

    async def timers(self, call_id: str | None = None) -> list[TimerRow]:
        return await self.database.follow_up.list_timers(LOC, call_id=call_id)

    async def reviews(self, **which: Any) -> list[ReviewRow]:
        return await self.database.follow_up.list_reviews(LOC, **which)

    async def history(self, number: str = ADA) -> DialRecord:
        return (await self.database.follow_up.dial_histories(LOC, [number]))[number]

    async def rows(self, call_id: str, begins: str = "") -> list[DeliveryRow]:
        rows = await self.database.list_deliveries(limit=1000)
        return [row for row in rows if row.call_id == call_id and row.event.startswith(begins)]

    async def fixes(self, call_id: str) -> list[State]:
        return [row.state for row in await self.rows(call_id, FIX)]

    async def fired(self, call_id: str) -> list[tuple[str, State, str | None]]:
        rows = await self.rows(call_id, TIMER)
        return [(row.event.removeprefix(TIMER), row.state, row.reason) for row in rows]

    async def end(self, call_id: str) -> DeliveryRow:
        """How the delivery of the call's end stands."""
        (row,) = await self.rows(call_id, "completed")
        return row

    async def replay(self, call_id: str) -> None:
        assert await self.database.replay((await self.end(call_id)).id, now_ms=self.stage.clock())
        await self.stage.work()

    async def lines(self, call_id: str) -> dict[str, str]:
        """The ledger of the call's end: what became of each action."""
        return {line.key: line.applied.value for line in await self.database.ledger((await self.end(call_id)).id)}

    @property
    def tags(self) -> list[str]:
        """Ada's."""
        return sorted(self.stage.contact().tags)

    @property
    def tasks(self) -> list[dict[str, Any]]:
        """Ada's."""
        return list(self.stage.contact().tasks.values())

    def note(self, call_id: str) -> str:
        """The one note of this call."""
        (note,) = self.stage.notes(call_id)
        return note

    def asked(self) -> list[str]:
        """The verbs of the requests since the last time, as they were."""
        verbs = [entry.verb for entry in self.stage.sandbox.journal.entries]
        self.stage.sandbox.journal.clear()
        return verbs

    async def met(self) -> None:
        """A first call, so that number, contact and zone are known; one that no workflow has anything to do with."""
        await self.call(None, q850=17, call_id="first")
        self.stage.contact().tags.clear()
        self.asked()


@asynccontextmanager
async def on_shift(folder: Path, *, now_ms: int | None = None, clock: Clock | None = None) -> AsyncIterator[Shift]:
    """A shift that begins; a second one in the same folder goes on with what the first one left."""
    database = await SqliteStore.open(folder / "ringback.db")
    clock = clock or (Clock() if now_ms is None else Clock(now_ms))
    async with on_stage(database, clock=clock) as stage:
        yield Shift(stage, database)


def book(*rules: dict[str, Any]) -> dict[str, Any]:
    """A rule book of these rules, called R0, R1, ..."""
    named = [{"name": f"R{index}", **rule} for index, rule in enumerate(rules)]
    return {"version": 1, "name": "test", "rules": named}
