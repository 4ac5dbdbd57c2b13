"""The trunks Ringback speaks, by name. One file a trunk: a module here that has a `TRUNK` is registered.

The next one is a single file: write `verify(request, credentials)` and `parse(request)`, and end with
`TRUNK = Trunk(name=..., verify=verify, parse=parse, ...)`. Or it needs no code: a mapping document in
mappings/trunks_custom is registered too (docs/trunks/custom.md).
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from mappings.payload.request import NotUnderstoodError
from mappings.settle import settle

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mappings.call import Call
    from mappings.payload.request import Credentials, Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Trunk:
    """One trunk's adapter.

    `verify` raises UnverifiedError unless the request proves knowledge of one of the secrets; it runs first, over
    the raw bytes. `parse` turns the request into the calls it tells of, in their order, or raises NotUnderstoodError.
    """

    name: str
    title: str
    verify: Callable[[Request, Credentials], None]
    parse: Callable[[Request], Sequence[Call]]
    compose: Callable[[Call, str, str, int], Request]
    """`compose(call, secret, url, sent_ms)`: the signed request this provider would send to `url` at that time for that
    call. For the demo, for a test button, and for round-trip tests."""
    proof: str
    """How a request proves its origin, in a few words ("HMAC-SHA1 over the URL and the form")."""
    setup: str
    """What to paste where in the provider's console; `{url}` stands for this installation's webhook address."""
    methods: frozenset[str] = frozenset({"POST"})


@cache
def names() -> tuple[str, ...]:
    """The names under which trunks are registered, in alphabetical order."""
    return tuple(sorted(_coded() | _mapped()))


@cache
def trunk(name: str) -> Trunk:
    """The adapter of that name.

    Raises:
        KeyError: no trunk is registered under that name.
    """
    if name not in names():
        raise KeyError(name)
    if name in _mapped():
        # Not above: it imports this module; and pydantic is only for those who need it.
        from mappings.custom import shipped  # noqa: PLC0415 - see above

        return shipped(name)
    found = importlib.import_module(f"{__name__}.{name}").TRUNK
    assert isinstance(found, Trunk)  # noqa: S101 - a programming error in a trunk's file, not an input
    return found


@cache
def _coded() -> frozenset[str]:
    return frozenset(module.name for module in pkgutil.iter_modules(__path__))


@cache
def _mapped() -> frozenset[str]:
    files = (entry.name for entry in resources.files("mappings").joinpath("trunks_custom").iterdir())
    return frozenset(file.removesuffix(".toml") for file in files if file.endswith(".toml"))


def read(adapter: Trunk, request: Request) -> list[Call]:
    """The calls a verified request tells of, their facts settled.

    Raises:
        NotUnderstoodError: the body is not a call as this trunk sends it.
    """
    calls = [settle(call, received_ms=request.received_ms) for call in adapter.parse(request)]
    if not calls:
        raise NotUnderstoodError("there is no call in it")
    return calls
