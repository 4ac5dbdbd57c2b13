"""`python -m tests.sdk [--newest]`: the vendor's own SDKs against the sandbox, and beside our client."""

from __future__ import annotations

import argparse
import asyncio
import sys

from connector.cli import out
from tests.sdk.compare import KNOWN, Compared, compared, known
from tests.sdk.ours import ours
from tests.sdk.packages import PINNED, npm, pypi
from tests.sdk.scenario import VERBS, Played, play


def main() -> int:
    """Exit code 0 only if the sandbox takes all they send, and we send the same but for what is explained."""
    parser = argparse.ArgumentParser(prog="python -m tests.sdk", description=__doc__)
    parser.add_argument("--newest", action="store_true", help="the registries' newest versions, not the pinned ones")
    args = parser.parse_args()
    return asyncio.run(_compare(newest=args.newest))


async def _compare(*, newest: bool) -> int:
    explained = known(KNOWN.read_text(encoding="utf-8"))
    rows: dict[str, Compared] = {}
    requests: Played | None = None
    for sdk, install in (("npm", npm), ("pypi", pypi)):
        version, client = install(None if newest else PINNED[sdk])
        own = await play(ours(v3=sdk == "pypi"))  # that one speaks v3 only: tokens are compared in that form
        rows[f"{sdk} {version}"] = compared(sdk, await play(client), own, explained)
        requests = requests or own
    if requests is not None:
        _show(rows, requests)
    out.line()
    for why in dict.fromkeys(explained[one] for row in rows.values() for one in row.differences if one in explained):
        parts = sorted({one.part for one, reason in explained.items() if reason == why})
        out.line(f"{', '.join(parts)}: {why}")
    faults = [f"{name}: {fault}" for name, row in rows.items() for fault in row.faults]
    for fault in faults:
        out.line(f"WRONG: {fault}")
    out.line(f"\n{len(VERBS)} verbs, {len(rows)} SDKs: {f'{len(faults)} faults' if faults else 'as explained'}")
    return int(bool(faults))


def _show(rows: dict[str, Compared], requests: Played) -> None:
    cells = [
        [
            one.verb,
            f"{one.sent[0].method} {one.sent[0].path}",
            *(f"differs in {', '.join(parts)}" if (parts := row.of(one.verb)) else "same" for row in rows.values()),
        ]
        for one in requests.done
    ]
    out.table(["VERB", "OUR REQUEST", *rows], cells)


if __name__ == "__main__":
    sys.exit(main())
