"""What a plan asks of ourselves rather than of the CRM, as effects that are kept with the ledger. PURE."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from connector.store import ActionResult, Applied
from connector.store.follow_up import CallerIdUsed, Cancel, Dialled, PutReview, ResolveReview, Schedule
from mappings.call import iso
from mappings.disposition import disposition
from mappings.facts import agent
from mappings.numbers import e164

if TYPE_CHECKING:
    from collections.abc import Iterable

    from connector.store.follow_up import DialRecord, Effect
    from mappings.call import Call
    from mappings.plan import Action, Plan


class About(NamedTuple):
    """The call an action is about, the contact's number in E.164, and the contact."""

    call: Call
    number: str | None
    contact_id: str | None
    ended_ms: int


OWN = frozenset({"review", "suppress_redial", "change_caller_id"})
"""Kinds of action that are done here: each is kept with its ledger line, or not at all."""


def is_later(action: Action, now_ms: int) -> bool:
    """Whether the action is done later; a task is made now, whenever it is due."""
    return action.due is not None and action.kind != "task" and action.due > now_ms


def scheduled(action: Action) -> tuple[Effect, ...]:
    """A timer in place of an action that is done later."""
    return (Schedule(key=action.key, due_ms=action.due or 0, document=b"{}"),)


_AGAIN = "~"
"""What stands between an action's key and the number of its try, in the key of a try that was put off."""
AGAIN_S = (60, 300, 1800, 7200, 21_600, 86_400)
"""When a notification that its receiver did not take is tried again, in seconds."""


def again_key(key: str) -> str:
    """The key of the action that a timer of this key is for."""
    return _tried(key)[0]


def _tried(key: str) -> tuple[str, int]:
    """The action's key, and how often it was put off."""
    action, _, number = key.rpartition(_AGAIN)
    return (action, int(number)) if number.isdecimal() and action else (key, 0)


def postponed(action: Action, reason: str, now_ms: int) -> tuple[ActionResult, tuple[Effect, ...]]:
    """A notification that was not taken is a timer of its own: it holds up nothing else of the contact."""
    key, tries = _tried(action.key)
    if tries >= len(AGAIN_S):
        return ActionResult(action.key, Applied.REFUSED, reason=f"not taken in {tries + 1} tries: {reason}"), ()
    due_ms = now_ms + AGAIN_S[tries] * 1000
    line = ActionResult(action.key, Applied.APPLIED, reason=f"not taken ({reason}); again at {iso(due_ms)}")
    return line, (Schedule(key=f"{key}{_AGAIN}{tries + 1}", due_ms=due_ms, document=b"{}"),)


def effects(action: Action, about: About) -> tuple[Effect, ...] | None:
    """What this action asks of ourselves; None where it is the CRM's."""
    match action.kind:
        case "review":
            return (
                PutReview(
                    reason=action.args["reason"],
                    contact_id=about.contact_id,
                    agent=agent(about.call),
                    ended_ms=about.ended_ms,
                    talk_s=about.call.duration_s,
                ),
            )
        case "suppress_redial":
            until_ms = round(datetime.fromisoformat(action.args["until"]).timestamp() * 1000)
            return _dialled(about, suppressed_until_ms=until_ms, suppressed_why=action.args.get("why"))
        case "change_caller_id":
            return _dialled(about, avoid=(action.args["avoid"],))
        case _:
            return None


def _dialled(about: About, **facts: Any) -> tuple[Dialled, ...]:
    """What this call tells of its number: who, when, how, and these facts."""
    if about.number is None:
        return ()
    found = disposition(about.call)
    told = None if found is None else found.value
    dialled = Dialled(
        number=about.number,
        last_call_ms=about.ended_ms,
        disposition=told,
        call_id=about.call.call_id,
        contact_id=about.contact_id,
        **facts,
    )
    return (dialled,)


def counted(plan: Plan, about: About, country: str | None) -> tuple[Effect, ...]:
    """What every finished call does to the history of its number, and of the caller ID that was shown."""
    call = about.call
    callback = _callback(plan)
    dialled = _dialled(
        about,
        attempts=plan.attempts,
        attempt_tag=plan.attempt_tag,
        callback_due_ms=0 if callback is None and call.answered else callback,
        dnd=_leaves_alone(plan),
    )
    caller_id = e164(call.from_ or "", country) if call.direction != "inbound" else None
    if caller_id is None or caller_id == about.number:
        return dialled
    drop = any(action.kind == "change_caller_id" for action in plan.actions)
    used = CallerIdUsed(number=caller_id, answered=bool(call.answered), fast_drop=drop, at_ms=about.ended_ms)
    return (*dialled, used)


def _callback(plan: Plan) -> int | None:
    """When the plan has somebody call back: the first task's date."""
    return next((action.due for action in plan.actions if action.kind == "task" and action.due), None)


def _leaves_alone(plan: Plan) -> bool | None:
    """Whether the contact is not to be dialled any more, where the plan says so."""
    said = (action.args for action in plan.actions if action.kind == "dnd" and not action.deferred)
    return next((args["on"] for args in said if {"all", "Call"} & set(args.get("channels", ()))), None)


def _promised(was: Plan, wanted: Plan, about: About) -> tuple[Effect, ...]:
    """What the agent agreed with the contact: another time for the callback, not to be called at all."""
    callback, alone = _callback(wanted), _leaves_alone(wanted)
    if callback == _callback(was) and alone == _leaves_alone(was):
        return ()
    return _dialled(about, callback_due_ms=0 if callback is None and about.call.answered else callback, dnd=alone)


def reconsidered(
    was: Plan, wanted: Plan, dropped: Iterable[Action], about: About, *, before: int, known: DialRecord | None
) -> tuple[Effect, ...]:
    """What a correction does here: timers and a suppression that are wanted no more end, the count is put right.

    Args:
        was: the plan before.
        wanted: the plan now.
        dropped: actions of the first that the second lacks.
        about: the call as it is known now.
        before: how many unanswered attempts there were before this call.
        known: what is known of the number by now.
    """
    found: list[Effect] = []
    for action in dropped:
        if action.deferred:
            found.append(Cancel(key_prefix=action.key, exact=True))
        elif action.kind == "suppress_redial":
            found += _dialled(about, suppressed_until_ms=0, suppressed_why="")
    wrapup = about.call.wrapup
    if wrapup is not None and wrapup.disposition is not None:
        found.append(ResolveReview(by=wrapup.agent or "agent", reason=f"disposition: {wrapup.disposition}"))
    found += _promised(was, wanted, about)
    if wanted.attempts != was.attempts and known is not None:
        found += _recounted(was, wanted, about, before, known)
    return tuple(found)


def _recounted(was: Plan, wanted: Plan, about: About, before: int, known: DialRecord) -> tuple[Effect, ...]:
    """The attempts as if the call had been known from the start; what later calls of the number counted stays."""
    old, new = (before if plan.attempts is None else plan.attempts for plan in (was, wanted))
    if known.last_call_id in (None, about.call.call_id):
        # A tag that the call was given in vain is gone by the same correction.
        return _dialled(about, attempts=new, attempt_tag=wanted.attempt_tag or "")
    if known.attempts < old:
        return ()  # a later call has ended the sequence
    return _dialled(about, attempts=max(0, known.attempts + new - old))
