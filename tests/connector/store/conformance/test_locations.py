"""Sub-accounts: their configuration, their sealed secrets, and how a change is noticed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.store import LocationRow
from tests.connector.store.build import NOW, event

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.store import Store


async def put(store: Store, location: str = "loc-a", **secrets: bytes | None) -> None:
    """A sub-account with a short document."""
    await store.put_location(location, document=b"{}", secrets=secrets, now_ms=NOW)


async def secrets_of(store: Store, location: str = "loc-a") -> Mapping[str, bytes]:
    """The secrets of a sub-account that is there."""
    row = await store.get_location(location)
    assert row is not None
    return row.secrets


async def test_an_unknown_sub_account_is_none(store: Store) -> None:
    assert await store.get_location("loc-a") is None


async def test_a_sub_account_comes_back_as_it_was_put(store: Store) -> None:
    await store.put_location("loc-a", document=b'{"tz": "UTC"}', secrets={"token": b"\x00sealed"}, now_ms=NOW)
    assert await store.get_location("loc-a") == LocationRow(
        id="loc-a", document=b'{"tz": "UTC"}', secrets={"token": b"\x00sealed"}, updated_ms=NOW
    )


async def test_a_document_is_replaced(store: Store) -> None:
    await put(store)
    await store.put_location("loc-a", document=b"[]", secrets={}, now_ms=NOW + 1)
    row = await store.get_location("loc-a")
    assert row is not None
    assert (row.document, row.updated_ms) == (b"[]", NOW + 1)


async def test_secrets_not_named_stay(store: Store) -> None:
    await put(store, token=b"1", trunk=b"2")
    await put(store, trunk=b"3")
    assert await secrets_of(store) == {"token": b"1", "trunk": b"3"}


async def test_a_secret_can_be_removed(store: Store) -> None:
    await put(store, token=b"1", trunk=b"2")
    await put(store, token=None, never=None)
    assert await secrets_of(store) == {"trunk": b"2"}


async def test_secrets_of_sub_accounts_are_apart(store: Store) -> None:
    await put(store, "loc-a", token=b"a")
    await put(store, "loc-b", token=b"b")
    assert await secrets_of(store, "loc-a") == {"token": b"a"}


async def test_sub_accounts_are_listed_by_page(store: Store) -> None:
    for location in ("loc-c", "loc-a", "loc-b"):
        await put(store, location, token=location.encode())
    first = await store.list_locations(limit=2)
    rest = await store.list_locations(after=first[-1].id)
    assert [(row.id, row.secrets) for row in [*first, *rest]] == [
        ("loc-a", {"token": b"loc-a"}),
        ("loc-b", {"token": b"loc-b"}),
        ("loc-c", {"token": b"loc-c"}),
    ]


async def test_a_removed_sub_account_takes_its_secrets_along(store: Store) -> None:
    await put(store, token=b"1")
    assert await store.remove_location("loc-a")
    assert await store.get_location("loc-a") is None
    await put(store)
    assert await secrets_of(store) == {}


async def test_a_removed_sub_account_leaves_its_calls(store: Store) -> None:
    await put(store)
    await store.record([event()])
    await store.remove_location("loc-a")
    assert len(await store.list_deliveries(location="loc-a")) == 1


async def test_what_is_not_there_cannot_be_removed(store: Store) -> None:
    assert not await store.remove_location("loc-a")


async def test_the_revision_grows_with_each_change(store: Store) -> None:
    revisions = [await store.locations_revision()]
    await put(store)
    revisions.append(await store.locations_revision())
    await put(store)
    revisions.append(await store.locations_revision())
    await store.remove_location("loc-a")
    revisions.append(await store.locations_revision())
    assert revisions == sorted(set(revisions))


async def test_the_revision_stays_where_nothing_changed(store: Store) -> None:
    before = await store.locations_revision()
    await store.remove_location("loc-a")
    await store.record([event()])
    assert await store.locations_revision() == before
