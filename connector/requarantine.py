"""Reads a quarantined request again, after a fix; once-only like everything else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.intake import new_event
from mappings.disposition import standing
from mappings.payload.request import NotUnderstoodError, Request
from mappings.trunks import read

if TYPE_CHECKING:
    from connector.locations import LocationBook
    from connector.store import QuarantineRow, Store


async def read_again(quarantined: int, store: Store, locations: LocationBook) -> str | None:
    """Feed its calls to the normal way and forget the quarantined request; the reason where it cannot be done yet.

    The signature was checked when it came; its calls are recorded before it is forgotten, so a crash between the two
    makes a duplicate that is known as one.
    """
    page = await store.list_quarantined(limit=1, after=quarantined - 1)
    if not page or page[0].id != quarantined:
        return "there is no such quarantined request"
    row = page[0]
    location = await locations.get(row.location)
    if location is None:
        return f"sub-account {row.location} is not registered"
    adapter = location.adapter(row.trunk)
    if adapter is None:
        return f"there is no trunk {row.trunk!r}"
    try:
        calls = read(adapter, _request(row))
    except NotUnderstoodError as error:
        return f"still not understood: {error}"
    unclear = [stands.reason for call in calls if (stands := standing(call)).status == "quarantined"]
    if unclear:
        return f"still not understood: {unclear[0]}"
    events = [new_event(location, call, row.received_ms) for call in calls if standing(call).status == "accepted"]
    if events:
        await store.record(events)
    await store.release(quarantined)
    return None


def _request(row: QuarantineRow) -> Request:
    return Request(
        method=row.method, url=row.url, headers=dict(row.headers), body=row.body, received_ms=row.received_ms
    )
