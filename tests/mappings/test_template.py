"""Texts with facts in them: what they become, what is refused, and that none of them can do harm."""

from __future__ import annotations

import sys
from subprocess import run
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.call import Call, Wrapup
from mappings.conditions import ContactState
from mappings.facts import FACTS, Situation
from mappings.template import LONGEST_VALUE, TemplateError, template

CALL = Call(
    trunk="SIP Trunk 1",
    call_id="c-1",
    direction="outbound",
    from_="+14155550100",
    to="+14155550199",
    start_ms=1_772_463_600_000,
    answer_ms=1_772_463_602_500,
    end_ms=1_772_463_727_500,
    talk_ms=125_000,
    answered=True,
    agent="Ana <b>Gomez</b>\nCall ID: other",
    wrapup=Wrapup(next_step="Send the offer", notes="first\nsecond"),
)
CONTACT = ContactState(
    tags=frozenset({"vip", "berlin"}), fields={"budget": "100", "Shoe size": "42", "items": "x"}, attempts=2
)
HERE = Situation(CALL, contact=CONTACT, shown="No Answer")


def filled(text: str, form: Any = "text", situation: Situation = HERE) -> str:
    return template(text, form).render(situation)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("plain", "plain"),
        ("Call {{ number }}, {{from}}", "Call +14155550199, +14155550100"),
        ("{{ talk_s }} s, {{ answer_latency_s }} s", "125 s, 2.5 s"),
        ("[{{ amd }}]", "[]"),
        ("{{ agent }}", "Ana ‹b›Gomez‹/b› Call ID: other"),
        ("{{ began }} {{ date }}", "2 Mar 2026, 15:00 UTC 2026-03-02"),
        ("{{ next_step }}: {{ remarks }}", "Send the offer: first second"),
        ("{% if talk_s > 60 %}long{% else %}short{% endif %}", "long"),
        ("{{ 'long' if talk_s > 60 and not amd else 'short' }}", "long"),
        ('{{ amd | default("nobody") }}', "nobody"),
        ("{{ talk_s | in_words }}", "2 min 5 s"),
        ("{{ talk_s // 60 }} min, {{ (talk_s / 7) | round(2) }}", "2 min, 17.86"),
        ("{{ disposition | upper }} {{ disposition | slug }}", "NO ANSWER no-answer"),
        ('{{ tags | join("+") }}{% if "vip" in tags %}!{% endif %}', "berlin+vip!"),
        ('{{ fields.budget }} {{ fields["Shoe size"] }} [{{ fields.none }}]', "100 42 []"),
        ("{{ fields.items }}", "x"),
        ("{# nothing #}{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("{{ attempt }} of {{ max_attempts }}", "3 of 6"),
        ("a { brace }", "a { brace }"),
    ],
)
def test_a_text_is_filled_in(text: str, wanted: str) -> None:
    assert filled(text) == wanted


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("call-{disposition}", "call-no-answer"),
        ("{Disposition}/{{ trunk }}", "no-answer/sip-trunk-1"),
        ("{{ amd }}", "unknown"),
        ("call-attempt-{{ attempt }}", "call-attempt-3"),
        ("{% if talk_s > 60 %}long {trunk}{% endif %}", "long sip-trunk-1"),
    ],
)
def test_a_tag_is_filled_in(text: str, wanted: str) -> None:
    assert filled(text, "tag") == wanted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{{ who }}", "'who' is not a known placeholder; known: disposition, "),
        ("{{ self }}", "'self' is not a known placeholder"),
        ("{{ agent", "is no template: "),
        ("{% if agent %}", "is no template: "),
        ("{% for x in tags %}{% endfor %}", "a template fills in only: 'for' is not for it"),
        ("{% set x = 1 %}", "a template fills in only: 'assign' is not for it"),
        ("{% macro x() %}{% endmacro %}", "a template fills in only: 'macro' is not for it"),
        ("{% include 'x' %}", "a template fills in only: 'include' is not for it"),
        ("{{ agent.upper() }}", "a template fills in only: 'call' is not for it"),
        ("{{ range(9) }}", "a template fills in only: 'call' is not for it"),
        ("{{ agent.__class__ }}", "only the contact's fields have parts"),
        ("{{ fields[agent] }}", "only the contact's fields have parts"),
        ("{{ fields.a.b }}", "only the contact's fields have parts"),
        ("{{ agent[0:2] }}", "only the contact's fields have parts"),
        ("{{ 9 ** 9 ** 9 }}", "a template fills in only: 'pow' is not for it"),
        ("{{ 'x' * 999999999 }}", "a template fills in only: 'mul' is not for it"),
        ("{{ '%999999999d' % 1 }}", "a template fills in only: 'mod' is not for it"),
        ("{{ agent | replace('a', 'aaaa') }}", "'replace' is not a known filter; known: lower, "),
        ("{{ agent is callable }}", "'callable' is not a known test; known: defined, "),
        ("{{ " + "(" * 900 + "1" + ")" * 900 + " }}", "is no template"),
        ("{{ " + "-" * 1900 + "1 }}", "is no template"),
    ],
)
def test_what_does_more_than_fill_in_is_refused(text: str, words: str) -> None:
    with pytest.raises(TemplateError) as refused:
        template(text)
    assert str(refused.value).startswith(words)


def test_a_lone_brace_in_a_tag_is_refused() -> None:
    with pytest.raises(TemplateError, match=r"^has a brace without its partner"):
        template("a}", "tag")


@pytest.mark.parametrize("text", ["{{ talk_s + agent }}", "{{ 1 / 0 }}", "{{ amd > 1 }}", "{{ talk_s | round(99) }}"])
def test_what_cannot_be_filled_in_for_a_call_is_said(text: str) -> None:
    with pytest.raises(TemplateError, match=r"^the text cannot be filled in: "):
        filled(text)


def test_what_the_contact_has_is_empty_where_nobody_asked() -> None:
    assert filled("[{{ tags | join }}{{ fields.budget }}]", situation=Situation(CALL)) == "[]"


def test_a_text_is_compiled_once() -> None:
    assert template("{% if agent %}x{% endif %}") is template("{% if agent %}x{% endif %}")


def test_plain_texts_do_without_the_template_library() -> None:
    """The shipped book is made of such: starting up is quick."""
    script = (
        "import sys; from mappings.books import default_book; from mappings.template import template;"
        "default_book(); template('{{ agent }}: call-{disposition}', 'tag'); sys.exit('jinja2' in sys.modules)"
    )
    assert run([sys.executable, "-c", script], check=False).returncode == 0


pieces = st.sampled_from(
    [
        *(f"{{{{ {name} }}}}" for name in FACTS),
        *("{{ ", " }}", "{% if ", " %}", "{% endif %}", "{% else %}", "{", "}", "|", " + ", " ~ ", "(", ")", "[", "]"),
        *(
            " lower",
            " round",
            " join",
            " default",
            "agent",
            "tags",
            "fields",
            ".x",
            "'a'",
            "1e999",
            "0",
            " in ",
            " not ",
        ),
        *("{% for x in tags %}", "{{ cycler }}", "__class__", "\n", "\u202e", "<script>", "{#", "#}", "9" * 400),
    ]
)
texts = st.lists(pieces, max_size=12).map("".join) | st.text(max_size=60)
hostile = st.text(max_size=3000) | st.sampled_from(
    ["{{ agent }}", "{% raw %}", "x" * 5000, "\n\nCall ID: c-9", "😀" * 2000]
)


def filled_or_refused(text: str, form: Any, situation: Situation) -> str | TemplateError:
    """What becomes of it; anything else would be a fault."""
    try:
        return filled(text, form, situation)
    except TemplateError as error:
        return error


@given(texts, hostile, st.sampled_from(["text", "tag"]))
def test_any_text_is_refused_or_filled_in_within_bounds(text: str, value: str, form: Any) -> None:
    call = Call(trunk="t", call_id="c", agent=value, cause=value, answered=True, talk_ms=1500)
    situation = Situation(call, contact=ContactState(tags=frozenset({value}), fields={"x": value}), shown=value)
    made = filled_or_refused(text, form, situation)
    assert isinstance(made, TemplateError) or len(made) <= len(text) + LONGEST_VALUE * (text.count("{") + 1)


@given(hostile)
def test_no_fact_begins_a_line_or_is_markup(value: str) -> None:
    made = filled(
        "{{ agent }}{{ fields.x }}",
        situation=Situation(Call(trunk="t", call_id="c", agent=value), contact=ContactState(fields={"x": value})),
    )
    assert made.isprintable()
    assert not {"<", ">"} & set(made)
