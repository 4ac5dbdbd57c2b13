"""Texts of a book with facts of the call in them: `call-attempt-{{ attempt }}`, compiled once, harmless to run.

A text of words and `{{ fact }}` alone needs no library. Anything more is jinja2, sandboxed, and only the part of it
that ends in a time bounded by the text's length: no loops, calls, assignments or repetition, and filters of our own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

from mappings.facts import FACTS
from mappings.note import lasting, printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mappings.facts import Fact, Situation

Form: TypeAlias = Literal["text", "tag"]
"""What is filled in becomes: a bounded piece of a line, or a piece of a tag (lower case, hyphens)."""

CONTACT_FACTS = frozenset({"tags", "fields"})
"""What the CRM has to be asked for."""

LONGEST_VALUE = 500
"""Characters that one fact may put into a text."""

_PLAIN = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_SPECIAL = re.compile(r"\{[{%#]|[%#}]\}")
# `{disposition}` is how books wrote it before there were templates, and still may.
_SHORTHAND = re.compile(r"(?<!\{)\{(\w+)\}(?!\})")


class TemplateError(Exception):
    """A text that cannot be filled in: for this call, or ever."""


@dataclass(frozen=True, slots=True)
class Template:
    """A compiled text: the facts it wants by name, and how it is filled with them."""

    wants: frozenset[str]
    fill: Callable[[Situation], str]

    def render(self, situation: Situation) -> str:
        """The text for this call.

        Raises:
            TemplateError: it cannot be filled with what this call tells.
        """
        try:
            return self.fill(situation)
        except Exception as error:  # noqa: BLE001 - whatever a template of theirs runs into is about that template
            raise TemplateError(f"the text cannot be filled in: {error}") from None


@lru_cache(maxsize=4096)
def template(text: str, form: Form = "text") -> Template:
    """The text compiled, once for all that use it.

    Raises:
        TemplateError: what is wrong with it, in words.
    """
    if form == "tag":
        text = _SHORTHAND.sub(lambda found: f"{{{{ {found[1].lower()} }}}}", text)
    shown = slug if form == "tag" else piece
    parts = _PLAIN.split(text)
    if any(_SPECIAL.search(part) for part in parts[::2]) or CONTACT_FACTS.intersection(parts[1::2]):
        # Imported where a text needs it: a tenth of a second that most books never pay.
        from mappings.sandbox import compiled  # noqa: PLC0415 - see above

        wants, made = compiled(text, shown)
        fill = _from_known(wants, made)
    elif form == "tag" and any(brace in part for part in parts[::2] for brace in "{}"):
        raise TemplateError("has a brace without its partner; braces are for placeholders")
    else:
        wants, fill = frozenset(parts[1::2]), None
    if unknown := sorted(wants - FACTS.keys() - CONTACT_FACTS):
        known = ", ".join([*FACTS, *sorted(CONTACT_FACTS)])
        raise TemplateError(f"{unknown[0]!r} is not a known placeholder; known: {known}")
    return Template(wants, fill or _joined(parts, shown))


def _joined(parts: Sequence[str], shown: Callable[[object], str]) -> Callable[[Situation], str]:
    """Words and facts by turns, put together."""
    head, pairs = parts[0], [(FACTS[name], words) for name, words in zip(parts[1::2], parts[2::2], strict=True)]

    def fill(situation: Situation) -> str:
        text = head
        for read, words in pairs:
            text += shown(read(situation)) + words
        return text

    return fill


def _from_known(wants: frozenset[str], made: Callable[[Mapping[str, object]], str]) -> Callable[[Situation], str]:
    """Filled with what is known of the facts wanted; a contact nobody asked the CRM about has no tags and fields."""

    def fill(situation: Situation) -> str:
        contact = situation.contact
        known: dict[str, object] = {
            name: value for name in wants - CONTACT_FACTS if (value := FACTS[name](situation)) is not None
        }
        known["tags"] = sorted(contact.tags or ())
        known["fields"] = {key: value[:LONGEST_VALUE] for key, value in (contact.fields or {}).items()}
        return made(known)

    return fill


def piece(value: object) -> str:
    """A fact as a piece of one line: printable, no markup, bounded; nothing where it is not known."""
    if isinstance(value, float):
        return f"{value:g}"
    if not isinstance(value, str):
        return "" if value is None else str(value)[:LONGEST_VALUE]
    plain = printable(value[: 4 * LONGEST_VALUE]).replace("<", "‹").replace(">", "›")
    return plain if len(plain) <= LONGEST_VALUE else f"{plain[: LONGEST_VALUE - 1]}…"


@lru_cache(maxsize=1024)  # a handful of words, wanted for every call
def slug(value: object) -> str:
    """A fact as a piece of a tag: "No Answer" is `no-answer`, nothing is `unknown`."""
    text = value if isinstance(value, str) else piece(value)
    return re.sub(r"[^a-z0-9]+", "-", text.lower()[:LONGEST_VALUE]).strip("-") or "unknown"


def in_words(seconds: Fact) -> str:
    """Seconds as "2 min 5 s"; nothing where they are not known."""
    return (lasting(round(seconds * 1000)) or "") if isinstance(seconds, int | float) else ""
