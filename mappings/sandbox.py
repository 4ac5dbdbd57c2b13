"""jinja2 for texts that others write: sandboxed, and cut down to what surely ends soon. Imported where one needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from jinja2 import TemplateError as JinjaError
from jinja2 import Undefined, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mappings.template import TemplateError, in_words, slug

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

_MOST_DIGITS = 6

# No loop, call, assignment, macro or import; of arithmetic nothing that can make much out of little (`*`, `**`, `%`).
_ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Add,
    nodes.And,
    nodes.Compare,
    nodes.Concat,
    nodes.CondExpr,
    nodes.Const,
    nodes.Div,
    nodes.Filter,
    nodes.FloorDiv,
    nodes.Getattr,
    nodes.Getitem,
    nodes.If,
    nodes.List,
    nodes.Name,
    nodes.Neg,
    nodes.Not,
    nodes.Operand,
    nodes.Or,
    nodes.Output,
    nodes.Pos,
    nodes.Sub,
    nodes.Template,
    nodes.TemplateData,
    nodes.Test,
    nodes.Tuple,
)
_TESTS = ("defined", "undefined")


def _round(value: float, digits: int = 0) -> float:
    if not 0 <= digits <= _MOST_DIGITS:
        raise ValueError(f"numbers are rounded to 0 to {_MOST_DIGITS} digits")
    return round(value, digits) if digits else round(value)


def _default(value: object, instead: object = "") -> object:
    """The value, or `instead` where nothing is known (jinja2's own takes an empty text for something)."""
    return value if value or value == 0 else instead


FILTERS: Mapping[str, Callable[..., object]] = {
    "lower": lambda value: str(value).lower(),
    "upper": lambda value: str(value).upper(),
    "title": lambda value: str(value).title(),
    "default": _default,
    "round": _round,
    "join": lambda values, between=", ": str(between).join(map(str, values)),
    "slug": lambda value: slug(str(value)),
    "in_words": in_words,
}
"""Each takes time and room in proportion to what it is given."""


class _Environment(ImmutableSandboxedEnvironment):
    """With our filters only, and no escapes: these are plain texts, and `shown` takes the markup out of facts."""

    def __init__(self, shown: Callable[[object], str]) -> None:
        super().__init__(
            autoescape=False,
            finalize=lambda value: shown(None if isinstance(value, Undefined) else value),
            keep_trailing_newline=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.globals.clear()
        self.filters = dict(FILTERS)

    def getattr(self, obj: object, attribute: str) -> object:
        """A part is an entry of the contact's fields, never an attribute of Python's."""
        return self.getitem(obj, attribute)

    def getitem(self, obj: object, argument: object) -> object:
        """The entry of that name, or nothing."""
        if isinstance(obj, dict) and argument in obj:
            return obj[argument]
        return self.undefined(obj=obj, name=str(argument))


def compiled(text: str, shown: Callable[[object], str]) -> tuple[frozenset[str], Callable[[Mapping[str, object]], str]]:
    """The names that the text wants, and how it is filled with them; `shown` makes text of each value.

    Raises:
        TemplateError: it is no template, or one that does more than filling in.
    """
    environment = _Environment(shown)
    try:
        tree = environment.parse(text)
        names = _checked(tree)
        code = environment.compile(tree)
        made = environment.template_class.from_code(environment, code, environment.make_globals(None))
    except JinjaError as error:
        raise TemplateError(f"is no template: {error}") from None
    except (RecursionError, MemoryError, SyntaxError, ValueError, ArithmeticError, TypeError):
        raise TemplateError("is no template that can be used: too deep, or a number out of range") from None
    return names, made.render


def _checked(tree: nodes.Template) -> frozenset[str]:
    """The names in a tree that holds nothing but what is allowed."""
    names: set[str] = set()
    for node in _walk(tree):
        if not isinstance(node, _ALLOWED):
            raise TemplateError(f"a template fills in only: {_word(node)} is not for it")
        if isinstance(node, nodes.Getattr | nodes.Getitem):
            _check_field(node)
        elif isinstance(node, nodes.Filter) and node.name not in FILTERS:
            raise TemplateError(f"{node.name!r} is not a known filter; known: {', '.join(FILTERS)}")
        elif isinstance(node, nodes.Test) and node.name not in _TESTS:
            raise TemplateError(f"{node.name!r} is not a known test; known: {', '.join(_TESTS)}")
        elif isinstance(node, nodes.Name):
            names.add(node.name)
    return frozenset(names)


def _walk(tree: nodes.Node) -> Iterator[nodes.Node]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += node.iter_child_nodes()


def _check_field(node: nodes.Getattr | nodes.Getitem) -> None:
    """Only the contact's fields have parts: `fields.budget`, `fields["Shoe size"]`."""
    of_fields = isinstance(node.node, nodes.Name) and node.node.name == "fields"
    plain = isinstance(node, nodes.Getattr) or (isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str))
    if not (of_fields and plain):
        raise TemplateError('only the contact\'s fields have parts: fields.name or fields["Name of the field"]')


def _word(node: nodes.Node) -> str:
    return f"'{type(node).__name__.lower()}'"
