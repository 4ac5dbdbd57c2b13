"""Custom workflow triggers: the addresses that people's workflows wait at."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.sandbox.exchange import Refusal

if TYPE_CHECKING:
    from connector.sandbox.bodies import TriggerPayload
    from connector.sandbox.exchange import Answer, Ask
    from connector.sandbox.state import Location, Record


def make_trigger(location: Location, trigger_id: str, *, active: bool = True) -> Record:
    """A trigger in somebody's workflow, or one that was taken out of it; `fired` is kept when it is made again."""
    fired = location.triggers.get(trigger_id, {}).get("fired", [])
    trigger: Record = {"id": trigger_id, "active": active, "fired": fired}
    location.triggers[trigger_id] = trigger
    return trigger


def execute(ask: Ask[TriggerPayload]) -> Answer:
    """POST /workflows-marketplace/triggers/execute/{locationId}/{triggerId}: any object, kept under `fired`."""
    trigger = ask.location.triggers.get(ask.path["triggerId"])
    if trigger is None:
        raise Refusal(404, "Trigger not found")
    if not trigger["active"]:
        raise Refusal(400, "Inactive trigger")
    trigger["fired"].append(ask.body.model_dump())
    return 200, {"success": True}
