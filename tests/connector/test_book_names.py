"""What a saved book names is looked up in the CRM."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

from connector.book_names import BookNames
from connector.location_config import LocationConfig
from connector.sandbox.seed import workflow
from mappings.named import Named, named
from mappings.rules import read_book
from tests.connector.stage import LOC, WORKFLOW, Stage, on_stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

HEAD = 'version = 1\nname = "mine"\n[[rules]]\nname = "one"\n'


@pytest_asyncio.fixture
async def stage() -> AsyncIterator[Stage]:
    """A CRM with a published workflow, a draft, a pipeline, a custom field and a user."""
    async with on_stage() as stage:
        there = stage.sandbox.locations[LOC]
        there.workflows["wf-draft"] = workflow(LOC, "wf-draft", "Draft", "draft", stage.sandbox.now())
        there.pipelines["p1"] = {"id": "p1", "name": "Sales", "stages": [{"id": "s1", "name": "Reached"}]}
        there.custom_fields["f1"] = {
            "id": "f1",
            "name": "Budget",
            "fieldKey": "contact.budget",
            "dataType": "TEXT",
            "model": "contact",
        }
        yield stage


async def told(stage: Stage, rule: str, **workflows: str) -> list[tuple[str, str]]:
    config = LocationConfig(book=read_book(HEAD + rule), workflows=workflows)
    return await BookNames(stage.crm).warnings(LOC, config)


@pytest.mark.parametrize(
    "rule",
    [
        f'do = [{{ kind = "enrol", workflow = "{WORKFLOW}" }}]',
        'do = [{ kind = "opportunity", pipeline = "Sales", stage = "reached" }]',
        'when = { fields = { Budget = "*" } }\ndo = [{ kind = "note" }]',
        'when = { fields = { "contact.budget" = "*" } }\ndo = [{ kind = "note" }]',
        'do = [{ kind = "field", fields = { "Not there yet" = "{disposition}" } }]',
        'do = [{ kind = "task", title = "Call", assign = "owner" }]',
    ],
)
async def test_what_the_crm_has_or_makes_by_itself_is_no_trouble(stage: Stage, rule: str) -> None:
    assert await told(stage, rule) == []


async def test_a_name_is_looked_up_by_the_id_that_the_sub_account_gives_it(stage: Stage) -> None:
    assert await told(stage, 'do = [{ kind = "enrol", workflow = "no_answer" }]', no_answer=WORKFLOW) == []


@pytest.mark.parametrize(
    ("rule", "path", "words"),
    [
        ('do = [{ kind = "enrol", workflow = "SMSs-" }]', "rules[0].do[0].workflow", "it has SMS"),
        ('do = [{ kind = "enrol", workflow = "wf-draft" }]', "rules[0].do[0].workflow", "publish it"),
        ('do = [{ kind = "enrol", workflow = "later" }]', "rules[0].do[0].workflow", "stands for no workflow yet"),
        (
            'do = [{ kind = "opportunity", pipeline = "Sales", stage = "Reachd" }]',
            "rules[0].do[0].stage",
            "it has Reached (s1)",
        ),
        ('do = [{ kind = "task", title = "Call", assign = "u-9" }]', "rules[0].do[0].assign", "no user 'u-9'"),
        (
            'when = { not = { fields = { Budgt = "*" } } }\ndo = [{ kind = "note" }]',
            "rules[0].when.fields.Budgt",
            "it has Budget (f1)",
        ),
    ],
)
async def test_what_the_crm_does_not_have_is_said_with_what_may_be_meant(
    stage: Stage, rule: str, path: str, words: str
) -> None:
    ((where, message),) = await told(stage, rule)
    assert where == path
    assert words in message


async def test_a_crm_that_does_not_answer_is_said_once(stage: Stage) -> None:
    stage.fault("status", "/workflows/", status=503)
    ((where, message),) = await told(stage, 'do = [{ kind = "enrol", workflow = "wf-any" }]')
    assert where == ""
    assert "saved all the same" in message


async def test_a_book_that_names_nothing_asks_nothing(stage: Stage) -> None:
    assert await told(stage, 'do = [{ kind = "note" }]') == []
    assert not stage.sandbox.journal.by_verb()


def test_every_name_is_found_where_it_stands() -> None:
    rule = """
when = { any = [{ fields = { A = "*" } }, { not = { fields = { B = "*" } } }] }
do = [{ kind = "reset_attempts", unenrol = "no_answer" }, { kind = "enrol", workflow = "next_step" }]
"""
    assert named(read_book(HEAD + rule), {"no_answer": "wf"}) == [
        Named("rules[0].when.fields.A", "field", "A"),
        Named("rules[0].when.fields.B", "field", "B"),
        Named("rules[0].do[0].unenrol", "workflow", "wf"),
    ]
