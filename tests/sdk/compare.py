"""What two clients sent for the same verb, held against the differences that are known and explained."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.sdk.recorder import differences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.sdk.scenario import Played

KNOWN = Path(__file__).with_name("differences.toml")
FAILED = 400


@dataclass(frozen=True, slots=True)
class Difference:
    """One part of a request that an SDK sends otherwise than we do."""

    sdk: str
    verb: str
    part: str
    theirs: str
    ours: str


@dataclass(frozen=True, slots=True)
class Compared:
    """One SDK beside our client: all the differences by verb, and what is wrong, in words."""

    differences: tuple[Difference, ...]
    faults: tuple[str, ...]

    def of(self, verb: str) -> list[str]:
        """The parts in which that verb differs."""
        return [one.part for one in self.differences if one.verb == verb]


def known(text: str) -> dict[Difference, str]:
    """The differences that are written down, each with its reason."""
    return {
        Difference(sdk, verb, entry["part"], entry["theirs"], entry["ours"]): entry["why"]
        for entry in tomllib.loads(text)["difference"]
        for sdk in entry["sdks"]
        for verb in entry["verbs"]
    }


def compared(sdk: str, theirs: Played, ours: Played, explained: dict[Difference, str]) -> Compared:
    """Whether the sandbox took what they sent, and whether it differs from ours only where that is explained."""
    faults, found = [], []
    for one, own in zip(theirs.done, ours.done, strict=True):
        refused = [sent.status for sent in (*one.sent, *own.sent) if sent.status >= FAILED]
        if refused or one.error:
            faults.append(f"{one.verb}: refused ({refused}): {one.error}")
        if len(one.sent) != len(own.sent):
            faults.append(f"{one.verb}: {len(one.sent)} requests, ours are {len(own.sent)}")
        for sent, told in zip(one.sent, own.sent, strict=False):
            found += [Difference(sdk, one.verb, part, *values) for part, values in differences(sent, told).items()]
    if theirs.left != ours.left:
        faults.append(f"the CRM's contacts are not the same afterwards: {theirs.left} and ours {ours.left}")
    return Compared(tuple(found), (*faults, *_unexplained(sdk, found, explained)))


def _unexplained(sdk: str, found: Sequence[Difference], explained: dict[Difference, str]) -> list[str]:
    new = [one for one in found if one not in explained]
    gone = [one for one in explained if one.sdk == sdk and one not in found]
    return [
        *(f"{one.verb}: {one.part} is {one.theirs}, ours is {one.ours}, and nothing explains that" for one in new),
        *(f"{one.verb}: {one.part} differs no more as {KNOWN.name} has it" for one in gone),
    ]
