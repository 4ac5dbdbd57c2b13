"""One thing of a JSON value changed: another type, another place, another name, gone. PURE."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from copy import deepcopy
from typing import TYPE_CHECKING, Any

from tests.fuzz.odd import DEEP, LONG, TEXTS, VALUES

if TYPE_CHECKING:
    from random import Random

_DEPTHS = (2, 30, 900, 1023, 1025, 20_000)
_LENGTHS = (30, 400, 4_301, 20_000)


def change(value: Any, rng: Random) -> None:
    """Change one place of the value, in place; nothing if it has none (it is no container, or empty)."""
    spots = _spots(value)
    if not spots:
        return
    parent, key = rng.choice(spots)
    match rng.randrange(10):
        case 0:
            del parent[key]
        case 1:
            _rename(parent, key, rng)
        case 2:
            other, there = rng.choice(spots)
            _swap((parent, key), (other, there))
        case 3 | 4:
            parent[key] = _other_type(parent[key], rng)
        case 5:
            parent[key] = _inside(parent[key], rng)
        case _:
            parent[key] = deepcopy(rng.choice(VALUES))  # not the list itself: it would grow from input to input


def written(value: Any, rng: Random) -> bytes:
    """The value as JSON, with what no JSON writer writes: NaN, endless numbers, endless nesting.

    Raises:
        ValueError, RecursionError: it cannot be written (it holds itself, or is too deep already).
    """
    text = json.dumps(value, ensure_ascii=rng.random() < 0.5)
    if DEEP in text:
        depth = rng.choice(_DEPTHS)
        text = text.replace(f'"{DEEP}"', "[" * depth + "]" * depth)
    if LONG in text:
        text = text.replace(f'"{LONG}"', "9" * rng.choice(_LENGTHS))
    return text.encode("utf-8", "surrogatepass")


def _spots(value: Any) -> list[tuple[Any, Any]]:
    """Every place in the value, as (container, key or index)."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        one = waiting.pop()
        keys = one.keys() if isinstance(one, dict) else range(len(one)) if isinstance(one, list) else ()
        for key in keys:
            found.append((one, key))
            if isinstance(one[key], dict | list):
                waiting.append(one[key])
    return found


def _rename(parent: Any, key: Any, rng: Random) -> None:
    if isinstance(parent, dict):
        parent[rng.choice((key.upper(), key.lower(), f" {key}", f"{key}\x00", rng.choice(TEXTS)))] = parent.pop(key)
    else:
        parent.extend([parent[key]] * rng.choice((1, 2, 9)))


def _swap(one: tuple[Any, Any], two: tuple[Any, Any]) -> None:
    """What stands at two places, exchanged; written as text where one is a container, so that none holds itself."""
    (a, at), (b, there) = one, two
    first, second = a[at], b[there]
    a[at] = repr(second) if isinstance(second, dict | list) else second
    b[there] = repr(first) if isinstance(first, dict | list) else first


def _other_type(value: Any, rng: Random) -> Any:
    """The same content as another type."""
    if isinstance(value, dict | list):
        return rng.choice((repr(value), list(value), [value], {"value": value}, len(value)))
    if isinstance(value, str):
        number = int(value) if value.isascii() and value.isdigit() and len(value) < 4_000 else len(value)
        return rng.choice(
            (number, [value], {"value": value}, [value, value], value.encode("utf-8", "surrogatepass").hex() or None)
        )
    return rng.choice((str(value), [value], {"value": value}, repr(value) + "e0", bool(value)))


def _inside(value: Any, rng: Random) -> Any:
    """The same with a change inside, where it is a text that holds a document, plain or in base64 (a form's `cdr=`)."""
    text = value if isinstance(value, str) else ""
    packed = text[:1] not in ("{", "[")
    try:
        inner = json.loads(b64decode(text, validate=True) if packed else text)
        change(inner, rng)
        changed = written(inner, rng)
    except (ValueError, binascii.Error, RecursionError):
        return _other_type(value, rng)
    return b64encode(changed).decode() if packed else changed.decode("utf-8", "surrogatepass")
