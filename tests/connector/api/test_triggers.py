"""Whoever looks after a sub-account sees which workflows wait for its calls, and what of them is not understood."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from connector.store.triggers import SubscriptionRow
from tests.connector.workflow.bench import equals

if TYPE_CHECKING:
    from tests.connector.api.bench import Bench


async def test_triggers_are_listed_with_what_is_not_understood(bench: Bench) -> None:
    filters = [
        {key: equals("direction", "inbound")[key] for key in ("field", "operator", "value")},
        {"field": "colour", "operator": "==", "value": "red"},
    ]
    row = SubscriptionRow(
        location="LOC1",
        id="t1",
        workflow_id="wf",
        target_url="https://crm.example.com/t1",
        filters=orjson.dumps(filters),
        updated_ms=bench.clock(),
    )
    await bench.database.triggers.put(row)
    (told,) = (await bench.ask("/locations/LOC1/triggers", key="LOC1")).body["triggers"]
    assert (told["id"], told["workflow"], told["filters"]) == ("t1", "wf", filters)
    assert told["not_understood"] == ["'colour' is no field of a call"]


async def test_a_sub_account_without_any_has_an_empty_list(bench: Bench) -> None:
    assert (await bench.ask("/locations/LOC1/triggers")).body == {"triggers": []}
