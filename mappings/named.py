"""What a rule book names of the CRM's things: workflows, custom fields, pipelines and their stages, users. PURE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from mappings.steps import NEXT_STEP, Enrol, Opportunity, ResetAttempts, SetField, Task, Unenrol, is_workflow_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from mappings.conditions import Condition
    from mappings.rules import Book
    from mappings.steps import Step

Kind = Literal["workflow", "field", "stage", "user"]
_WHO = frozenset({"owner", "agent"})


class Named(NamedTuple):
    """One name: where it stands in the book, what kind of thing it means; of a stage also its pipeline."""

    path: str
    kind: Kind
    name: str
    within: str = ""


def named(book: Book, workflows: Mapping[str, str]) -> list[Named]:
    """What the book names, in its order; a workflow's name as the id that the sub-account gives it, if it gives one."""
    found: list[Named] = []
    for index, rule in enumerate(book.rules):
        found += _in_condition(rule.when, f"rules[{index}].when")
        for number, step in enumerate(rule.do):
            found += _in_step(step, f"rules[{index}].do[{number}]")
    return [_resolved(one, workflows) for one in found]


def is_unset(one: Named) -> bool:
    """Whether it is a workflow's short name that the sub-account gives no id for."""
    return one.kind == "workflow" and is_workflow_name(one.name)


def _resolved(one: Named, workflows: Mapping[str, str]) -> Named:
    return one._replace(name=workflows.get(one.name, one.name)) if one.kind == "workflow" else one


def _in_condition(condition: Condition, path: str) -> Iterator[Named]:
    yield from (Named(f"{path}.fields.{name}", "field", name) for name in condition.fields or ())
    for inner in condition.inner:
        yield from _in_condition(inner, path)


def _in_step(step: Step, path: str) -> Iterator[Named]:
    match step:
        case Enrol() | Unenrol() if step.workflow != NEXT_STEP:
            yield Named(f"{path}.workflow", "workflow", step.workflow)
        case ResetAttempts() if step.unenrol is not None:
            yield Named(f"{path}.unenrol", "workflow", step.unenrol)
        case SetField():
            yield from (Named(f"{path}.fields.{name}", "field", name) for name in step.fields)
        case Opportunity():
            yield Named(f"{path}.stage", "stage", step.stage, step.pipeline)
        case Task() if step.assign is not None and step.assign not in _WHO:
            yield Named(f"{path}.assign", "user", step.assign)
