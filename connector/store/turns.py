"""Taking turns, the same in every engine."""

from __future__ import annotations

from itertools import chain, islice, zip_longest
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

T = TypeVar("T")


def take_turns(queues: Iterable[Sequence[T]], limit: int) -> list[T]:
    """At most `limit`: the first of each queue, then the second of each, and so on."""
    rounds = chain.from_iterable(zip_longest(*queues))
    return list(islice((item for item in rounds if item is not None), limit))
