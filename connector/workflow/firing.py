"""Which workflows a call starts, and how they stand in its plan. PURE."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import orjson

from connector.workflow.filters import read_filters
from mappings.plan import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from connector.store.triggers import SubscriptionRow
    from connector.workflow.filters import Filter
    from mappings.plan import Plan

KIND: Final = "trigger"
_PREFIX: Final = "trigger:"
_LAST: Final = "enrol"
"""The kind of action that stays behind the triggers, as it stands behind all others in a plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A workflow that waits for calls, ready to be held against one."""

    id: str
    url: str
    filters: tuple[Filter, ...]
    problems: tuple[str, ...]
    """What of its filters is not understood: then nothing starts it."""


def opened(row: SubscriptionRow) -> Subscription:
    """The subscription as it is kept."""
    filters = read_filters(orjson.loads(row.filters))
    problems = tuple(why for one in filters if (why := one.problem) is not None)
    return Subscription(id=row.id, url=row.target_url, filters=filters, problems=problems)


def fires(subscriptions: Iterable[Subscription], payload: Mapping[str, object]) -> list[Subscription]:
    """Those that this call starts: all of whose filters hold."""
    return [one for one in subscriptions if not one.problems and all(part.holds(payload) for part in one.filters)]


def with_triggers(plan: Plan, subscriptions: Iterable[Subscription], payload: Mapping[str, object]) -> Plan:
    """The plan, and an action for each workflow that this call starts: behind all others but the enrolments."""
    fired = [_action(one, payload) for one in fires(subscriptions, payload)]
    if not fired:
        return plan
    actions = list(plan.actions)
    at = len(actions)
    while at and actions[at - 1].kind == _LAST and actions[at - 1].due is None:
        at -= 1
    actions[at:at] = fired
    return replace(plan, actions=tuple(actions))


def subscription_of(key: str) -> str:
    """The subscription that the action of this key fires."""
    return key.removeprefix(_PREFIX)


def is_trigger(key: str) -> bool:
    """Whether the action of this key fires a trigger."""
    return key.startswith(_PREFIX)


def _action(subscription: Subscription, payload: Mapping[str, object]) -> Action:
    args = {"url": subscription.url, "payload": dict(payload)}
    return Action(
        _PREFIX + subscription.id, KIND, args, None, "", "a workflow of the CRM waits for calls like this one"
    )
