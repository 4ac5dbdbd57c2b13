"""Each timer fires once or was cancelled: hypothesis looks for a course of events in which that is not so."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

from tests.connector.store.follow_up.machine import Timers

_LONG = os.environ.get("RINGBACK_TEST_EXAMPLES")

TestTimers = Timers.TestCase
# Each step is a commit to a disk; without RINGBACK_TEST_EXAMPLES the same few courses each time.
TestTimers.settings = settings(
    max_examples=int(_LONG or 25),
    stateful_step_count=30,
    deadline=None,
    derandomize=_LONG is None,
    database=None,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
)
