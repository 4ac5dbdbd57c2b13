"""What is wrong with a document, field by field and in plain words: pydantic's errors as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic_core import ErrorDetails

_WORDS = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "string_too_short": "must not be empty",
    "string_too_long": "may be at most {max_length} characters long",
    "too_long": "may hold at most {max_length}",
    "value_error": "{error}",
    "model_type": "must be a table of fields",
    "dict_type": "must be a table of fields",
    "tuple_type": "must be a list",
}


def problems(errors: Sequence[ErrorDetails]) -> Iterator[tuple[str, str]]:
    """(path, message) of each error: a path like `times.start.format`, and what to do about it."""
    for error in errors:
        kind = error["type"]
        words = _WORDS.get(kind)
        if words is None:
            yield _path(error["loc"]), error["msg"].replace("Input should be", "must be")
        else:
            yield _path(error["loc"]), words.format_map(error.get("ctx", {}))


def _path(loc: Sequence[int | str]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in loc).removeprefix(".")
