"""Documents that people write, in TOML or JSON, read into models; what is wrong is said by field, in plain words."""

from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)

_WORDS = {
    "missing": "is required",
    "extra_forbidden": "is not a known field",
    "enum": "must be {expected}",
    "literal_error": "must be {expected}",
    "union_tag_invalid": "must be one of {expected_tags}",
    "union_tag_not_found": "is required",
    "recursion_depth_exceeded": "is nested too deeply",
    "too_short": "needs at least {min_length}",
    "too_long": "may hold at most {max_length}",
    "string_too_short": "must not be empty",
    "string_too_long": "may be at most {max_length} characters long",
    "value_error": "{error}",
    "model_type": "must be a table of fields",
    "model_attributes_type": "must be a table of fields",
    "dict_type": "must be a table of fields",
    "tuple_type": "must be a list",
}


class DocumentError(Exception):
    """The text is not such a document: `problems` are (path, message) pairs, a path like `rules[2].do[0].workflow`.

    An empty path means the whole text.
    """

    def __init__(self, problems: Sequence[tuple[str, str]]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(f"{path}: {message}" if path else message for path, message in problems))


def read_document(
    model: type[Model],
    text: str | bytes,
    form: Literal["toml", "json"],
    refused: type[DocumentError],
) -> Model:
    """The model written in `text`.

    Raises:
        DocumentError: as `refused`, with every problem found, each at its path and in plain words.
    """
    try:
        return model.model_validate(_parsed(text, form))
    except ValidationError as error:
        raise refused(list(_problems(error.errors(include_url=False)))) from None
    except RecursionError:
        raise refused([("", "is nested too deeply")]) from None
    except ValueError as error:  # TOMLDecodeError, orjson.JSONDecodeError and UnicodeDecodeError are ValueErrors
        raise refused([("", f"is not valid {form.upper()}: {error}")]) from None


def problems_of(error: ValidationError) -> list[tuple[str, str]]:
    """(path, message) of everything that a model refused, in plain words."""
    return list(_problems(error.errors(include_url=False)))


def _parsed(text: str | bytes, form: Literal["toml", "json"]) -> Any:
    if form == "json":
        return orjson.loads(text)
    return tomllib.loads(text if isinstance(text, str) else text.decode())


def _problems(errors: Sequence[ErrorDetails]) -> Iterator[tuple[str, str]]:
    """(path, message) of each error that a person can act on."""
    for error in errors:
        kind, loc = error["type"], error["loc"]
        # pydantic counts only good items, so a list of one bad item is also reported as too short.
        if kind == "too_short" and any(other["loc"][: len(loc)] == loc != other["loc"] for other in errors):
            continue
        words = _WORDS.get(kind)
        if words is None:
            yield _path(loc, kind), error["msg"].replace("Input should be", "must be")
        else:
            yield _path(loc, kind), words.format_map(error.get("ctx", {}))


def _path(loc: Sequence[int | str], kind: str) -> str:
    """`("rules", 2, "do", 0, "enrol", "workflow")` as `rules[2].do[0].workflow`."""
    # A step that begins with "=" is pydantic's name for one of several forms of a value, not a field.
    shown = (step for step in loc if not (isinstance(step, str) and step.startswith("=")))
    path = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in shown)
    # pydantic puts the action's kind behind its index: it is no field of the book.
    path = re.sub(r"(\.do\[\d+\])\.\w+", r"\1", path)
    path = path.removesuffix(".[key]")  # a table's key is at fault: it is in the path already
    return (path + ".kind" if kind.startswith("union_tag") else path).removeprefix(".")
