"""The measure of the trunks: what it takes to verify, parse and settle one call, in one process, without a network."""

from __future__ import annotations

import gc
from base64 import b64encode
from contextlib import contextmanager
from time import monotonic, thread_time_ns
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from benchmarks.figures import quantile
from mappings.call import Call
from mappings.payload.request import Credentials
from mappings.trunks import names, read, trunk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measures import Runs, Size
    from mappings.payload.request import Request
    from mappings.trunks import Trunk

_NOW_MS = 1_790_000_000_000
_URL = "https://calls.example.com/hooks/ve9EPM428h8vShlRW1KT"
_SEED = bytes(range(32))
# A key pair for who signs with Ed25519, a text like any other for the rest.
_SECRET = b64encode(_SEED + Ed25519PrivateKey.from_private_bytes(_SEED).public_key().public_bytes_raw()).decode()
_CREDENTIALS = Credentials(secrets=(_SECRET,), path_key=_SECRET)
_ROUNDS = 5
_WARM = 20
_AT_ONCE = 50


def typical(name: str) -> Call:
    """A call that was answered and talked, with what most trunks tell of it."""
    return Call(
        trunk=name,
        call_id="8f2c1a54-6f0e-4a52-9d34-1b6a5d7e90c3",
        session_id="5e0d9a3c-77aa-4f55-8f0b-2f4f6c1f0a11",
        direction="outbound",
        from_="+12025550100",
        to="+13125550123",
        start_ms=_NOW_MS - 82_400,
        answer_ms=_NOW_MS - 73_000,
        end_ms=_NOW_MS,
        talk_ms=73_000,
        answered=True,
        q850=16,
        cause="NORMAL_CLEARING",
        hangup_by="caller",
    )


def composed(name: str) -> Request:
    """The typical call as that trunk would send it."""
    return trunk(name).compose(typical(name), _SECRET, f"{_URL}/{name}", _NOW_MS)


def trunks(_yard: object, size: Size) -> Runs:
    """p50 and p99 in microseconds of each registered trunk, all repeats together, the trunks in turn."""
    requests = {name: composed(name) for name in names()}
    took_ns: dict[str, list[int]] = {name: [] for name in requests}
    with _without_collector():
        for _ in range(_ROUNDS):
            for name, request in requests.items():
                took_ns[name] += timed(trunk(name), request, size.trunks_s / _ROUNDS / len(requests))
    runs: Runs = {}
    for name, times in took_ns.items():
        ordered = sorted(times)
        for figure, share in (("p50", 0.5), ("p99", 0.99)):
            runs[f"{name} trunk {figure} us"] = [round(quantile(ordered, share) / 1000, 1)]
        runs[f"{name} trunk repeats"] = [len(ordered)]
    return runs


def timed(adapter: Trunk, request: Request, for_s: float) -> list[int]:
    """Nanoseconds of each of as many repeats as fit (at least 50), after some that are not counted.

    CPU time of the thread: nothing here waits, and what others do with the machine meanwhile does not count.
    """
    for _ in range(_WARM):
        _take(adapter, request)
    took_ns: list[int] = []
    until_s = monotonic() + for_s
    while not took_ns or monotonic() < until_s:
        for _ in range(_AT_ONCE):
            began_ns = thread_time_ns()
            _take(adapter, request)
            took_ns.append(thread_time_ns() - began_ns)
    return took_ns


def _take(adapter: Trunk, request: Request) -> None:
    adapter.verify(request, _CREDENTIALS)
    read(adapter, request)


@contextmanager
def _without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
