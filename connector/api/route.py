"""A route of the API as data: aiohttp's routes, the checks before it and its OpenAPI all come from that."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from connector.api.access import Caller
    from connector.api.scope import Scope

MOST = 500
"""How many entries a page of a list has at most."""

NAME = "[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}"
"""What a text in a path may be: the CRM's ids, trunks' names."""
NUMBER = "[1-9][0-9]{0,17}"
CALL_ID = "[^/]+"
"""A call's id may hold any character (SIP's hold an @); as `%2F` also a slash."""
FORMS = {"id": NUMBER, "call_id": CALL_ID}
"""What a path's parameter may be, where it is not a NAME."""

M = TypeVar("M", bound=BaseModel)
Method: TypeAlias = Literal["GET", "PUT", "PATCH", "POST", "DELETE"]
TextId: TypeAlias = Annotated[str, Field(pattern=f"^{NAME}$")]


class Shown(BaseModel):
    """Base of what the API answers."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class Body(BaseModel):
    """Base of what is sent to the API: a field that is not known is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class NoQuery(Body):
    """Nothing may be asked behind the `?`."""


class Page(Body):
    """A page of a list by number."""

    limit: Annotated[int, Field(ge=1, le=MOST)] = 100
    """How many at most."""
    after: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """The last id of the page before."""


class TextPage(Body):
    """A page of a list by name."""

    limit: Annotated[int, Field(ge=1, le=MOST)] = 100
    """How many at most."""
    after: Annotated[str, Field(max_length=128)] = ""
    """The last id of the page before."""


class Refusal(Exception):  # noqa: N818 - it is an answer, and no fault of ours
    """The answer is a problem document: `detail` says what happened, what it means, what to do."""

    def __init__(
        self,
        status: int,
        title: str,
        detail: str,
        *,
        fields: Sequence[tuple[str, str]] = (),
        retry_after_s: int | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.fields = fields
        self.retry_after_s = retry_after_s


class NotFoundError(Refusal):
    """There is no such thing, or it is a neighbour's: the two look alike."""

    def __init__(self, detail: str) -> None:
        super().__init__(404, "Not found", detail)


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose key, address, query and body were checked."""

    access: Caller
    path: Mapping[str, str]
    query: BaseModel
    body: BaseModel | None
    headers: Mapping[str, str]

    def number(self, name: str) -> int:
        """A whole number of the path."""
        return int(self.path[name])

    def query_as(self, model: type[M]) -> M:
        """The query, typed; `model` is the route's."""
        assert isinstance(self.query, model)  # noqa: S101 - for the type checker: the table says so
        return self.query

    def body_as(self, model: type[M]) -> M:
        """The body, typed; `model` is the route's."""
        assert isinstance(self.body, model)  # noqa: S101 - likewise
        return self.body

    def expected(self, version: int) -> int | None:
        """The version that If-Match asks for, where it is the newest one; None where it asks for nothing.

        Args:
            version: The newest one; 0 where there is nothing yet.

        Raises:
            Refusal: 412, it is not that version; 400, the header cannot be read.
        """
        wanted = self.headers.get("If-Match")
        if wanted is None:
            return None
        tags = [tag.strip() for tag in wanted.split(",")]
        if not all(re.fullmatch(r'\*|(W/)?"[^"]*"', tag) for tag in tags):
            raise Refusal(400, "Bad request", 'If-Match holds no entity tag such as "3". Nothing was changed.')
        if etag(version) in tags or (tags == ["*"] and version > 0):
            return version
        raise changed_meanwhile()


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handler answers."""

    value: BaseModel
    status: int | None = None
    """The route's own where not given."""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Route:
    """One route below /api/v1."""

    method: Method
    path: str
    """As in OpenAPI. `{id}` is a whole number, `{call_id}` any text, all others are names. `{location}` and `{company}`
    are checked against the key before the handler is asked, and so are fields of the query with these names."""
    scope: Scope
    """What the key must be for."""
    summary: str
    handler: Callable[[Asked], Awaitable[Answer]]
    answer: type[BaseModel]
    query: type[BaseModel] = NoQuery
    body: type[BaseModel] | None = None
    status: int = 200
    refusals: tuple[int, ...] = ()
    """Statuses of refusals of its own, besides those that each route has (openapi.py)."""
    versioned: bool = False
    """Its answer has an ETag; a change may ask for a version by If-Match."""
    operator_only: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names in the path."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @property
    def pattern(self) -> str:
        """The path as aiohttp wants it."""
        return "/api/v1" + re.sub(r"{(\w+)}", lambda found: f"{{{found[1]}:{FORMS.get(found[1], NAME)}}}", self.path)


def etag(version: int) -> str:
    """A version as an entity tag (RFC 9110)."""
    return f'"{version}"'


def changed_meanwhile() -> Refusal:
    """What became of a change from a version that is not the newest one any more."""
    return Refusal(
        412,
        "Changed meanwhile",
        "It is not the version any more that this change was made from. Nothing was changed. Look at it again.",
    )


def unfit(problems: Sequence[tuple[str, str]]) -> Refusal:
    """The body is JSON, but not what is wanted: says what is wrong where."""
    said = "; ".join(f"{path} {message}" if path else message for path, message in problems)
    return Refusal(422, "Not valid", f"{said}. Nothing was changed.", fields=problems)


def as_json(value: Any) -> bytes:
    """An answer's body: fields that were not set are left out."""
    return value.model_dump_json(exclude_unset=True).encode()  # type: ignore[no-any-return] # a model's own JSON
