"""Reading the CRM's JSON strictly: what must be there is there, or the answer is malformed. PURE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from connector.crm.errors import MalformedError

if TYPE_CHECKING:
    from connector.crm.model import Response


def json_object(response: Response) -> dict[str, Any]:
    """The answer as a JSON object.

    Raises:
        MalformedError: it is none.
    """
    try:
        answer = orjson.loads(response.body)
    except orjson.JSONDecodeError as error:
        raise malformed(response, "no JSON") from error
    if not isinstance(answer, dict):
        raise malformed(response, "JSON that is no object")
    return answer


def inner(response: Response, name: str) -> dict[str, Any]:
    """The thing of that name, or the answer itself: the CRM wraps things unevenly."""
    answer = json_object(response)
    wrapped = answer.get(name)
    return wrapped if isinstance(wrapped, dict) else answer


def items(response: Response, name: str) -> list[dict[str, Any]]:
    """The objects listed under that name.

    Raises:
        MalformedError: there is no list, or something else than objects in it.
    """
    return objects(response, json_object(response), name)


def objects(response: Response, fields: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """As `items`, of an object within the answer."""
    listed = fields.get(name)
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise malformed(response, f"no list of {name}")
    return listed


def id_of(response: Response, fields: dict[str, Any], name: str = "id") -> str:
    """The thing's id.

    Raises:
        MalformedError: it has none.
    """
    found = text(fields, name)
    if found is None:
        raise malformed(response, f"something without its {name}")
    return found


def text(fields: dict[str, Any], name: str) -> str | None:
    """A text that is not empty; None for all else."""
    value = fields.get(name)
    return value if isinstance(value, str) and value else None


def part(fields: dict[str, Any], name: str) -> dict[str, Any]:
    """An object within an object; an empty one where there is none."""
    value = fields.get(name)
    return value if isinstance(value, dict) else {}


def malformed(response: Response, what: str) -> MalformedError:
    """The error for an answer that holds `what`."""
    return MalformedError(f"the CRM answered {response.status} with {what}", status=response.status)
