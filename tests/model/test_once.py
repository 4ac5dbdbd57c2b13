"""Once, under every fault: hypothesis looks for a course of events that breaks a promise.

RINGBACK_TEST_EXAMPLES sets how many courses of events it tries over the store in memory (a tenth of it over SQLite);
without it, the same few each time.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from tests.model.machine import Once, OnceOnDisk

_LONG = os.environ.get("RINGBACK_TEST_EXAMPLES")
_EXAMPLES = int(_LONG or 80)


def _so_many(examples: int) -> settings:
    # How long a step takes says nothing about the promise; in `make test` a failure must come again for whoever looks.
    return settings(
        max_examples=examples,
        stateful_step_count=40,
        deadline=None,
        derandomize=_LONG is None,
        database=None,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
    )


TestOnce = Once.TestCase
TestOnce.settings = _so_many(_EXAMPLES)

TestOnceOnDisk = OnceOnDisk.TestCase
TestOnceOnDisk.settings = _so_many(max(1, _EXAMPLES // 10))
