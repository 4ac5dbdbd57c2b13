"""The calls of the model, and how the trunk's events of them look to the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from connector.store import NewEvent
from mappings.call import Call
from mappings.numbers import lane
from tests.connector.stage import NOON

if TYPE_CHECKING:
    from collections.abc import Iterable

Q850_NORMAL, Q850_NO_ANSWER = 16, 19


@dataclass(frozen=True)
class Sent:
    """A call the trunk was told is kept."""

    call: Call
    location: str
    phone: str

    @property
    def tag(self) -> str:
        return "call-connected" if self.call.answered else "call-no-answer"

    def has_task(self, tasks: Iterable[str]) -> bool:
        return any(line.startswith(f"Call ID: {self.call.call_id} (task:") for line in tasks)

    def event(self, now_ms: int) -> NewEvent:
        return NewEvent(
            location=self.location,
            trunk=self.call.trunk,
            call_id=str(self.call.call_id),
            event=self.call.event,
            lane=lane(self.call, None),
            call=self.call.to_json(),
            received_ms=now_ms,
        )


def call(call_id: str, phone: str, *, answered: bool) -> Call:
    """A call of half a minute, or one nobody answered."""
    return Call(
        trunk="generic",
        call_id=call_id,
        direction="outbound",
        from_="+14155550100",
        to=phone,
        start_ms=NOON - 60_000,
        answer_ms=NOON - 50_000 if answered else None,
        end_ms=NOON - 20_000,
        talk_ms=30_000 if answered else 0,
        answered=answered,
        q850=Q850_NORMAL if answered else Q850_NO_ANSWER,
    )
