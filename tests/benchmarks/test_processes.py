"""The system's own figures of a process."""

from __future__ import annotations

import os

from benchmarks.processes import cpu_s, environment, memory_mb

STAT = "17 (a name) with ) S) S 1 17 17 0 -1 4194560 9 0 0 0 250 50 7 7 20 0 4 0 100 1 1"
STATUS = "Name:\tpython\nVmHWM:\t   78848 kB\nVmRSS:\t   51200 kB\n"


def test_cpu_is_user_and_system_time_of_the_process_itself() -> None:
    assert cpu_s(STAT) == 300 / os.sysconf("SC_CLK_TCK")


def test_memory_is_told_in_mb() -> None:
    assert (memory_mb(STATUS, "VmHWM"), memory_mb(STATUS, "VmRSS")) == (77, 50)


def test_memory_that_is_not_told_is_zero() -> None:
    assert memory_mb("Name:\tkernel\n", "VmRSS") == 0


def test_a_child_gets_the_settings_given() -> None:
    assert environment({"RINGBACK_PORT": "0"})["RINGBACK_PORT"] == "0"
