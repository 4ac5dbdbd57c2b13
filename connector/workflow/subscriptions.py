"""The workflows that wait for calls: told by the CRM, kept, and fired as actions of a call's first plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import orjson
import structlog
from cachetools import LRUCache

from connector.api.route import Refusal, unfit
from connector.crm.errors import ForeignTriggerError
from connector.crm.triggers import fire_trigger
from connector.store.triggers import MOST_SUBSCRIPTIONS, SubscriptionRow
from connector.workflow.filters import read_filters
from connector.workflow.firing import opened, with_triggers
from connector.workflow.payload import TRIGGER, payload

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.locations import Location
    from connector.store.triggers import Triggers
    from connector.workflow.asked import TriggerCall
    from connector.workflow.firing import Subscription
    from connector.workflow.installed import Installed
    from mappings.call import Call
    from mappings.plan import Plan

log = structlog.get_logger()

_REMEMBERED: Final = 20_000
"""Sub-accounts whose subscriptions are remembered, most of them none."""


class Subscriptions:
    """Subscriptions by sub-account, remembered until `forget_all`: call it when the sub-accounts' revision has grown.

    Args:
        kept: where they are kept.
        installed: who may have any.
        crm_url: where the CRM's addresses begin: the only ones that are fired at.
        now_ms: the time, epoch milliseconds.
        on_unknown: told how many were passed over for a call because a filter of theirs is not understood.
    """

    def __init__(
        self,
        kept: Triggers,
        installed: Installed,
        *,
        crm_url: str,
        now_ms: Callable[[], int],
        on_unknown: Callable[[int], None],
    ) -> None:
        self._kept = kept
        self._installed = installed
        self._crm_url = crm_url
        self._now_ms = now_ms
        self._on_unknown = on_unknown
        self._known: LRUCache[str, tuple[Subscription, ...]] = LRUCache(_REMEMBERED)
        self._changes = 0

    async def tell(self, asked: TriggerCall) -> dict[str, object]:
        """What the CRM says of a trigger in a workflow: it was put there, changed, or taken out.

        Raises:
            Refusal: there is no such trigger, it is not for us, or it cannot be kept: then it does not start anything.
            StoreError: nothing was kept.
        """
        data, location = asked.trigger, asked.extras.location_id
        if data.event == "DELETED":
            await self.drop(location, data.id)
            return {"status": "forgotten"}
        await self._installed.location(location)
        if data.key != TRIGGER:
            raise Refusal(404, "Not found", f"There is no trigger {data.key!r}, only {TRIGGER!r}. Nothing was kept.")
        self._checked(data.target_url)
        filters = read_filters(data.filters)
        row = SubscriptionRow(
            location=location,
            id=data.id,
            workflow_id=asked.extras.workflow_id,
            target_url=data.target_url,
            filters=orjson.dumps(filters),
            updated_ms=self._now_ms(),
        )
        if not await self._kept.put(row):
            raise Refusal(409, "Too many triggers", _FULL)
        self._forget(location)
        log.info("a workflow waits for calls", location=location, trigger=data.id, workflow=row.workflow_id)
        return {"status": "subscribed", "not_understood": list(opened(row).problems)}

    async def of(self, location: str) -> tuple[Subscription, ...]:
        """A sub-account's subscriptions; of one that has none this costs no look-up."""
        known = self._known.get(location)
        if known is not None:
            return known
        before = self._changes
        found = tuple(opened(row) for row in await self._kept.of(location))
        if before == self._changes:  # else it may be old already
            self._known[location] = found
        return found

    async def added(self, plan: Plan, location: Location, call: Call, *, contact_id: str, attempts: int) -> Plan:
        """See `connector.actions.job.Triggers`."""
        subscriptions = await self.of(location.id)
        if not subscriptions:
            return plan
        unknown = sum(bool(one.problems) for one in subscriptions)
        if unknown:
            self._on_unknown(unknown)
        config = location.config
        told = payload(
            location.id, call, contact_id=contact_id, attempts=attempts, words=config.words, country=config.country
        )
        return with_triggers(plan, subscriptions, told)

    async def drop(self, location: str, subscription: str) -> None:
        """See `connector.actions.job.Triggers`."""
        if await self._kept.forget(location, subscription):
            log.info("a workflow waits for calls no more", location=location, trigger=subscription)
        self._forget(location)

    def forget_all(self) -> None:
        """Read everything anew: somebody changed something."""
        self._changes += 1
        self._known.clear()

    def _forget(self, location: str) -> None:
        self._changes += 1
        self._known.pop(location, None)

    def _checked(self, target_url: str) -> None:
        """The same rule as when it is fired: the sub-account's token goes there."""
        try:
            fire_trigger(target_url, {}, crm_url=self._crm_url)
        except ForeignTriggerError as error:
            raise unfit([("triggerData.targetUrl", str(error))]) from None


_FULL: Final = (
    f"This sub-account has {MOST_SUBSCRIPTIONS} triggers in its workflows already, which is as many as there may be. "
    "This one was not kept and starts nothing: take one out of another workflow first."
)
