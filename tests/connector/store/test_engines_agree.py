"""Whatever is asked, in whatever order: the file and the memory answer alike."""

from __future__ import annotations

import asyncio
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from connector.store import ActionResult, Applied, Ending, Lease, Pause, State
from connector.store.sqlite import SqliteStore
from tests.connector.store.build import NOW, event, request
from tests.connector.store.memory import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from connector.store import Delivery, NewEvent, Store

LOCATIONS = st.sampled_from(["loc-a", "loc-b"])
EVENTS = st.builds(
    event,
    st.sampled_from([f"call-{n}" for n in range(6)]),
    location=LOCATIONS,
    kind=st.sampled_from(["answered", "completed"]),
    lane=st.sampled_from(["+1", "+2", "+3"]),
)
RESULTS = st.builds(
    ActionResult,
    st.sampled_from(["note", "tags", "task"]),
    st.sampled_from(Applied),
    st.none() | st.just("crm-1"),
    st.none() | st.just("why"),
)
SPANS_MS = st.sampled_from([0, 1, 10, 100])
ENDINGS = st.builds(
    Ending,
    st.sampled_from(State),
    st.none() | st.just("why"),
    st.none() | st.sampled_from([NOW, NOW + 50, NOW + 200]),
    st.booleans(),
)
IDS = st.integers(min_value=1, max_value=8)


class Engines(RuleBasedStateMachine):
    """Both stores, one clock that never goes back, and all leases that were ever given."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = tempfile.TemporaryDirectory()
        self.now_ms = NOW
        self.per_location = 1
        self.leases: list[Lease] = []
        self.memory: Store = MemoryStore()
        self.sqlite: Store = self.runner.run(SqliteStore.open(Path(self.folder.name) / "ringback.db"))

    def both(self, ask: Callable[[Store], Coroutine[Any, Any, Any]]) -> Any:
        """The answer, which must be the same from both."""
        expected = self.runner.run(ask(self.memory))
        assert self.runner.run(ask(self.sqlite)) == expected
        return expected

    @initialize(per_location=st.sampled_from([1, 2, 9]))
    def may_hold(self, per_location: int) -> None:
        self.per_location = per_location

    @rule(span_ms=SPANS_MS)
    def wait(self, span_ms: int) -> None:
        self.now_ms += span_ms

    @rule(events=st.lists(EVENTS, min_size=1, max_size=4))
    def record(self, events: Sequence[NewEvent]) -> None:
        self.both(lambda store: store.record(events))

    @rule(owner=st.sampled_from(["worker-1", "worker-2"]), lease_ms=st.sampled_from([1, 50]))
    def claim(self, owner: str, lease_ms: int) -> None:
        async def ask(store: Store) -> dict[str, list[Delivery]]:
            # Which sub-account comes first is each engine's own choice, and so is whom a small claim serves.
            by_location = defaultdict(list)
            claimed = await store.claim(
                owner, now_ms=self.now_ms, lease_ms=lease_ms, limit=99, per_location=self.per_location
            )
            for delivery in claimed:
                by_location[delivery.location].append(delivery)
            return by_location

        claimed = self.both(ask)
        self.leases += [delivery.lease for deliveries in claimed.values() for delivery in deliveries]

    @rule(
        data=st.data(),
        contact_id=st.none() | st.just("contact-1"),
        plan=st.none() | st.just(b"[]"),
        results=st.lists(RESULTS, max_size=2),
        ending=st.none() | ENDINGS,
    )
    def write_down(
        self,
        data: st.DataObject,
        contact_id: str | None,
        plan: bytes | None,
        results: list[ActionResult],
        ending: Ending | None,
    ) -> None:
        lease = data.draw(st.sampled_from(self.leases or [Lease(1, "worker-1", 1)]))
        self.both(
            lambda store: store.write_down(
                lease, now_ms=self.now_ms, contact_id=contact_id, plan=plan, results=results, ending=ending
            )
        )

    @rule(location=LOCATIONS, span_ms=st.none() | SPANS_MS)
    def pause(self, location: str, span_ms: int | None) -> None:
        pause = None if span_ms is None else Pause(self.now_ms + span_ms, "throttled", 1)
        self.both(lambda store: store.pause(location, pause))

    @rule(span_ms=SPANS_MS)
    def release_all(self, span_ms: int) -> None:
        self.both(lambda store: store.release_all(now_ms=self.now_ms, due_ms=self.now_ms + span_ms))

    @rule(delivery=IDS)
    def replay(self, delivery: int) -> None:
        self.both(lambda store: store.replay(delivery, now_ms=self.now_ms))

    @rule(body=st.sampled_from([b"", b"?", b"!"]), location=LOCATIONS)
    def quarantine(self, body: bytes, location: str) -> None:
        self.both(lambda store: store.quarantine(request(body, location=location)))

    @rule(quarantined=IDS)
    def release(self, quarantined: int) -> None:
        self.both(lambda store: store.release(quarantined))

    @rule(
        location=LOCATIONS,
        secrets=st.dictionaries(st.sampled_from(["token", "trunk"]), st.none() | st.binary(max_size=2)),
    )
    def put_location(self, location: str, secrets: dict[str, bytes | None]) -> None:
        self.both(lambda store: store.put_location(location, document=b"{}", secrets=secrets, now_ms=self.now_ms))

    @rule(location=LOCATIONS)
    def remove_location(self, location: str) -> None:
        self.both(lambda store: store.remove_location(location))

    @rule(location=st.none() | LOCATIONS, state=st.none() | st.sampled_from(State), limit=IDS, after=IDS)
    def list_deliveries(self, location: str | None, state: State | None, limit: int, after: int) -> None:
        self.both(lambda store: store.list_deliveries(location=location, state=state, limit=limit, after=after))

    @rule(delivery=IDS)
    def ledger(self, delivery: int) -> None:
        self.both(lambda store: store.ledger(delivery))

    @invariant()
    def all_that_shows_is_alike(self) -> None:
        self.both(lambda store: store.list_deliveries())
        self.both(lambda store: store.list_quarantined())
        self.both(lambda store: store.list_locations())
        self.both(lambda store: store.depth())
        self.both(lambda store: store.pauses())
        self.both(lambda store: store.next_due_ms(now_ms=self.now_ms))
        self.both(lambda store: store.locations_revision())

    def teardown(self) -> None:
        self.runner.run(self.sqlite.close())
        self.runner.close()
        self.folder.cleanup()


TestEnginesAgree = Engines.TestCase
# Each step is a commit to a disk: how long that takes says nothing about the store.
TestEnginesAgree.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
