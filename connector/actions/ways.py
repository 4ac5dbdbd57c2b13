"""Kind of action -> how it is done, and how one in doubt is looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from connector.actions import contact, follow_up, timeline, triggers

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import TypeAlias

    from connector.actions.job import Found, Job
    from mappings.plan import Action

    Do: TypeAlias = Callable[[Job, Action], Awaitable[str | None]]
    Find: TypeAlias = Callable[[Job, Action], Awaitable[Found | None]]


class Way(NamedTuple):
    """`do` gives the CRM's id, if it has one; `find` is missing where doing it again is as good."""

    do: Do
    find: Find | None = None


UNASKABLE: Final = frozenset({"enrol", "unenrol", "trigger"})
"""Actions that the CRM cannot be asked about: the sub-account's `when_in_doubt` decides."""

WAYS: Final[Mapping[str, Way]] = {
    "note": Way(timeline.add_note, timeline.find_note),
    "update_note": Way(timeline.update_note),
    "call_record": Way(timeline.add_record, timeline.find_record),
    "attach": Way(timeline.attach),
    "add_tags": Way(contact.add_tags, contact.find_tags),
    "remove_tags": Way(contact.remove_tags, contact.find_tags),
    "enrol": Way(contact.enrol),
    "unenrol": Way(contact.unenrol),
    "field": Way(contact.set_fields),
    "dnd": Way(contact.set_dnd),
    "task": Way(follow_up.create_task, follow_up.find_task),
    "opportunity": Way(follow_up.move_opportunity),
    "notify": Way(follow_up.notify),
    "trigger": Way(triggers.fire),
}
