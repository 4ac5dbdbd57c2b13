"""What a handler is given, what it answers, and how it refuses, in the CRM's words."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError

    from connector.sandbox.state import Contact, Location, Record, Sandbox

Answer: TypeAlias = "tuple[int, Record]"
"""Status and JSON object; an empty object is an empty body."""

BodyT = TypeVar("BodyT")


class Refusal(Exception):  # noqa: N818 - an answer of the API, not a failure of ours
    """The CRM says no: status, `message` (a text or a list of them), and what else the body holds."""

    def __init__(self, status: int, message: str | list[str], **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self._more = more

    def payload(self) -> Record:
        """The body, in the form of the vendor's common schemas: a 400 has no `error`."""
        named = {} if self.status == HTTPStatus.BAD_REQUEST else {"error": HTTPStatus(self.status).phrase}
        # HTTPStatus calls 422 "Unprocessable Content" from Python 3.13 on; the CRM keeps the old name.
        if self.status == HTTPStatus.UNPROCESSABLE_ENTITY:
            named = {"error": "Unprocessable Entity"}
        return {"statusCode": self.status, "message": self.args[0], **named, **self._more}


@dataclass(frozen=True, slots=True)
class Ask(Generic[BodyT]):
    """One admitted request. `body` has been validated; `version` is the Version header."""

    sandbox: Sandbox
    location: Location
    path: Mapping[str, str]
    query: Mapping[str, str]
    version: str
    body: BodyT

    def required(self, name: str) -> str:
        """A query parameter.

        Raises:
            Refusal: it is missing (422).
        """
        if name not in self.query:
            raise Refusal(422, [f"{name} should not be empty"])
        return self.query[name]

    def number(self, name: str, default: int) -> int:
        """A query parameter that is a number.

        Raises:
            Refusal: it is something else (422).
        """
        text = self.query.get(name, str(default))
        if not text.isdecimal():
            raise Refusal(422, [f"{name} must be a number string"])
        return int(text)

    def contact(self, contact_id: str | None = None) -> Contact:
        """The contact of the path, or that one.

        Raises:
            Refusal: it is another sub-account's (403), or there is none (400).
        """
        wanted = contact_id or self.path["contactId"]
        found = self.location.contacts.get(wanted)
        if found is not None:
            return found
        if any(wanted in location.contacts for location in self.sandbox.locations.values()):
            raise other_location()
        raise Refusal(400, f"Contact with id {wanted} not found")

    def success(self) -> Record:
        """The success flag: misspelt, and from v3 on in both spellings."""
        return {"succeeded": True, "succeded": True} if self.version == "v3" else {"succeded": True}


def other_location() -> Refusal:
    """The answer to a token that is used for another sub-account than its own."""
    return Refusal(403, "The token does not have access to this location.")


def other_company() -> Refusal:
    """The answer to an agency's token that is used for another agency."""
    return Refusal(403, "The token does not have access to this company.")


def violations(error: ValidationError) -> list[str]:
    """What is wrong with a body, in the words of class-validator, which the CRM uses."""
    return [_violation(one["loc"], one["type"], one["msg"], one.get("ctx", {})) for one in error.errors()]


_TEXTS = {
    "missing": "should not be empty",
    "string_too_short": "should not be empty",
    "string_type": "must be a string",
    "bool_type": "must be a boolean value",
    "int_type": "must be an integer number",
    "list_type": "must be an array",
    "dict_type": "must be an object",
    "model_type": "must be an object",
}


def _violation(loc: tuple[int | str, ...], kind: str, text: str, context: dict[str, Any]) -> str:
    parents, last = loc[:-1], loc[-1] if loc else "body"
    above = "".join(f"{parent}." for parent in parents)
    if kind == "extra_forbidden":
        return f"{above}property {last} should not exist"
    if kind == "literal_error":
        values = str(context["expected"]).replace("'", "").replace(" or ", ", ")
        return f"{above}{last} must be one of the following values: {values}"
    if kind == "too_long":
        return f"{above}{last} must contain no more than {context['max_length']} elements"
    words = _TEXTS.get(kind) or text.removeprefix("Value error, ")
    if isinstance(last, int):
        return f"each value in {above.removesuffix('.')} {words}"
    return f"{above}{last} {words}"
