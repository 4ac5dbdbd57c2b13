"""A delivery's ledger during one try: what is known of each action, and what of that is not written down yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.own import OWN, is_later
from connector.store import ActionResult, Applied
from connector.workflow.firing import is_trigger

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from connector.store import Deliveries, Delivery, Ending
    from connector.store.follow_up import Effect
    from mappings.plan import Plan

HOLDER = "holder"
"""The line for a holder that died: in doubt until it is known which actions that puts in doubt."""
HISTORY = "history"
"""The line that says that this call was counted: what was known of the contact's calls before it."""
PARTS = "parts"
"""The line that says how many other events of the call were known when its plan was kept."""
UNRECORDED = frozenset({"add_tags", "remove_tags"})
"""Kinds of action that are as good twice as once: nothing has to be written down before the step behind them."""
_OUR_OWN = frozenset({HOLDER, HISTORY, PARTS})


class LeaseLostError(Exception):
    """Somebody else holds this delivery now: it ran past its lease. Nothing more is done here."""


class Ledger:
    """Lines by action key; `put` keeps one for the next `save`, which writes all of them in one transaction."""

    def __init__(self, store: Deliveries, delivery: Delivery, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._lease = delivery.lease
        self._now_ms = now_ms
        self._parts = len(delivery.parts)
        self._unsaved: list[ActionResult] = []
        self._effects: list[Effect] = []
        self.lines = dict(delivery.ledger)

    def is_open(self, key: str) -> bool:
        """Whether the action still has to be done, or looked for."""
        line = self.lines.get(key)
        return line is None or line.applied is Applied.IN_DOUBT

    def in_doubt(self, key: str) -> bool:
        """Whether an earlier try may have done the action."""
        return key in self.lines and self.is_open(key)

    @property
    def has_new_parts(self) -> bool:
        """Whether other events of the call came since its plan was kept."""
        line = self.lines.get(PARTS)
        return self._parts > (0 if line is None else int(line.crm_id or 0))

    def put(self, line: ActionResult, effects: Sequence[Effect] = ()) -> None:
        """Know this of an action; what follows from it here is kept in the same transaction."""
        self.lines[line.key] = line
        self._unsaved.append(line)
        self._effects += effects

    async def save(
        self, *, contact_id: str | None = None, plan: Plan | None = None, ending: Ending | None = None
    ) -> None:
        """Write down what was put since the last time; with an `ending`, give the lease back.

        Raises:
            LeaseLostError: it is no longer ours; nothing was written.
        """
        if plan is not None and self.has_new_parts:
            self.put(ActionResult(PARTS, Applied.APPLIED, crm_id=str(self._parts)))
        ours = await self._store.write_down(
            self._lease,
            now_ms=self._now_ms(),
            contact_id=contact_id,
            plan=None if plan is None else plan.to_json(),
            results=self._unsaved,
            ending=ending,
            effects=self._effects,
        )
        if not ours:
            raise LeaseLostError
        self._unsaved, self._effects = [], []

    def doubt_holder(self) -> None:
        """The doubt a dead holder left: it must outlive this try, which may not get to the CRM at all."""
        self.put(ActionResult(HOLDER, Applied.IN_DOUBT, reason="a process ended while it worked on this"))

    def place_doubt(self, plan: Plan) -> None:
        """A dead holder's doubt as that of the actions it is about.

        It can have got no further than the first open action that is no tag: each of those is written down before the
        next step. What is done here, or later, is kept with its line or not at all.
        """
        line = self.lines.get(HOLDER)
        if line is None or line.applied is not Applied.IN_DOUBT:
            return
        self.put(ActionResult(HOLDER, Applied.APPLIED, reason="what it left in doubt is looked at"))
        for action in plan.actions:
            if not self.is_open(action.key) or action.kind in OWN or is_later(action, self._now_ms()):
                continue
            self.put(ActionResult(action.key, Applied.IN_DOUBT, reason=line.reason))
            # What is due by now may have been for later when the holder came to it: then it went on.
            if action.kind not in UNRECORDED and not action.deferred:
                break

    def reopen(self) -> None:
        """What was done to another contact is in doubt for this one: it may be what that was merged into, or new.

        A workflow that the call started was started by the call: once.
        """
        for key, line in list(self.lines.items()):
            if line.applied is Applied.APPLIED and key not in _OUR_OWN and not is_trigger(key):
                self.put(ActionResult(key, Applied.IN_DOUBT, reason="done to a contact that is gone"))

    def refused(self, plan: Plan) -> str | None:
        """What the CRM refused of the plan, in words; None where nothing."""
        lines = [self.lines[action.key] for action in plan.actions]
        refused = [f"{line.key}: {line.reason}" for line in lines if line.applied is Applied.REFUSED]
        return "; ".join(refused) or None
