"""The CRM tells which workflows wait for calls: who may tell, what is kept, what is turned away with words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connector.store.triggers import MOST_SUBSCRIPTIONS, SubscriptionRow
from connector.workflow.installed import Installed
from connector.workflow.routes import HEADER, LONGEST
from connector.workflow.subscriptions import Subscriptions
from tests.connector.stage import LOC, OTHER
from tests.connector.workflow.bench import SECRET, equals, on_bench

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from connector.store.triggers import Triggers
    from tests.connector.workflow.bench import Bench


DECOY = "a secret nobody has: it only takes the same time to check"
"""What the header is compared with where there is no secret: anybody can read it."""


async def kept(bench: Bench, location: str = LOC) -> list[str]:
    """The ids in the database, and of those in use."""
    rows = [row.id for row in await bench.database.triggers.of(location)]
    assert rows == [one.id for one in await bench.subscriptions.of(location)]
    return rows


async def test_a_trigger_put_into_a_workflow_is_kept(bench: Bench) -> None:
    told = await bench.subscribe("t1", equals("direction", "inbound"))
    assert (told.status, told.body) == (200, {"status": "subscribed", "not_understood": []})
    assert await kept(bench) == ["t1"]


async def test_changed_filters_and_address_replace_the_old_ones(bench: Bench) -> None:
    await bench.subscribe("t1", equals("direction", "inbound"))
    target = f"{bench.stage.url}/workflows-marketplace/triggers/execute/{LOC}/elsewhere"
    await bench.subscribe("t1", equals("direction", "outbound"), event="UPDATED", target=target)
    (one,) = await bench.subscriptions.of(LOC)
    assert (one.url, [part.value for part in one.filters]) == (target, ["outbound"])


async def test_an_update_of_what_was_never_told_is_kept(bench: Bench) -> None:
    await bench.subscribe("t1", event="updated")
    assert await kept(bench) == ["t1"]


async def test_a_trigger_taken_out_is_forgotten_however_often_that_is_told(bench: Bench) -> None:
    await bench.subscribe("t1")
    await bench.subscribe("t2")
    told = [await bench.subscribe("t1", event="DELETED") for _ in range(2)]
    assert [(one.status, one.body) for one in told] == [(200, {"status": "forgotten"})] * 2
    assert await kept(bench) == ["t2"]


async def test_each_sub_account_has_its_own(bench: Bench) -> None:
    await bench.subscribe("t1")
    await bench.subscribe("t1", location=OTHER)
    await bench.subscribe("t1", event="DELETED")
    assert (await kept(bench), await kept(bench, OTHER)) == ([], ["t1"])


async def test_a_filter_that_is_not_understood_is_kept_and_said(bench: Bench) -> None:
    told = await bench.subscribe("t1", equals("talk_s", 10, operator=">"))
    assert "'>' is no operator" in told.body["not_understood"][0]
    assert await kept(bench) == ["t1"]


async def test_fields_that_are_not_known_and_those_left_out_do_no_harm(bench: Bench) -> None:
    body = bench.told("t1") | {"more": 1}
    body["triggerData"] |= {"filters": None, "new": {"a": [1]}}
    body["extras"] = {"locationId": LOC, "workflowId": "", "new": None}
    assert (await bench.post("/crm/triggers", body)).status == 200


@pytest.mark.parametrize("secret", [None, "", "wrong", SECRET + "x", SECRET.upper()])
async def test_without_the_secret_nobody_gets_in(bench: Bench, secret: str | None) -> None:
    for path in ("/crm/triggers", "/crm/actions/suppress_redial"):
        told = await bench.post(path, bench.told(), secret=secret)
        assert (told.status, told.headers["Content-Type"]) == (401, "application/problem+json")
        assert HEADER in told.body["detail"]
    assert await kept(bench) == []


@pytest.mark.parametrize("secret", [None, ""])
async def test_where_no_secret_is_set_none_fits(tmp_path: Path, secret: str | None) -> None:
    async with on_bench(tmp_path, secret=secret) as bench:
        tried = [await bench.post("/crm/triggers", bench.told(), secret=one) for one in (None, "", "None", DECOY)]
    assert [told.status for told in tried] == [401] * 4


async def test_a_sub_account_that_is_not_registered_is_refused_in_words(bench: Bench) -> None:
    told = await bench.subscribe(location="Nobody")
    assert told.status == 404
    assert "not registered" in told.body["detail"]
    assert await bench.database.triggers.of("Nobody") == []


async def test_a_sub_account_that_was_uninstalled_is_refused_though_it_is_registered(bench: Bench) -> None:
    document = (await bench.database.get_location(LOC)).document  # type: ignore[union-attr] # it is there
    await bench.database.put_location(LOC, document=document, secrets={"token": None}, now_ms=1)
    bench.stage.keeper.forget_all()
    assert (await bench.subscribe()).status == 404


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/workflows-marketplace/triggers/execute/a/b",
        "{url}.evil.example/workflows-marketplace/triggers/execute/a/b",
        "{url}/contacts/1",
        "{url}/workflows-marketplace/triggers/execute/../../contacts",
        "not an address",
    ],
)
async def test_an_address_that_is_not_the_crms_is_never_kept(bench: Bench, target: str) -> None:
    told = await bench.subscribe(target=target.format(url=bench.stage.url))
    assert (told.status, told.body["errors"][0]["path"]) == (422, "triggerData.targetUrl")
    assert await kept(bench) == []


async def test_there_is_one_trigger(bench: Bench) -> None:
    told = await bench.subscribe(key="another")
    assert told.status == 404
    assert "call_outcome" in told.body["detail"]


async def test_a_sub_account_has_a_bounded_number(bench: Bench) -> None:
    for number in range(MOST_SUBSCRIPTIONS):
        await bench.database.triggers.put(
            SubscriptionRow(
                location=LOC, id=f"t{number}", workflow_id=None, target_url="x", filters=b"[]", updated_ms=1
            )
        )
    told = await bench.subscribe("one-more")
    assert (told.status, told.body["title"]) == (409, "Too many triggers")
    assert (await bench.subscribe("t1", event="UPDATED")).status == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"\xff", 400), (b"[]", 422), (b"{}", 422), (b'{"triggerData": 1, "extras": {}}', 422)],
)
async def test_what_cannot_be_read_is_refused(bench: Bench, body: bytes, status: int) -> None:
    assert (await bench.post("/crm/triggers", body)).status == status


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("triggerData", "id", ""),
        ("triggerData", "id", "a b"),
        ("triggerData", "id", 5),
        ("triggerData", "eventType", "PAUSED"),
        ("triggerData", "filters", [1]),
        ("triggerData", "filters", [{}] * 51),
        ("extras", "locationId", None),
    ],
)
async def test_a_field_that_cannot_be_is_named(bench: Bench, part: str, field: str, value: Any) -> None:
    body = bench.told()
    body[part][field] = value
    told = await bench.post("/crm/triggers", body)
    assert (told.status, told.body["errors"][0]["path"].startswith(f"{part}.{field}")) == (422, True)


async def test_a_body_that_is_too_large_is_refused(bench: Bench) -> None:
    assert (await bench.post("/crm/triggers", b" " * (LONGEST + 1))).status == 413


async def test_only_json_is_taken(bench: Bench) -> None:
    assert (await bench.post("/crm/triggers", bench.told(), Content_Type="text/plain")).status == 415


async def test_only_posts_are_taken(bench: Bench) -> None:
    async with bench.client.get("/crm/triggers", headers={HEADER: SECRET}) as answer:
        assert answer.status == 405


async def test_a_sub_account_without_any_is_looked_up_once(bench: Bench) -> None:
    assert await bench.subscriptions.of(LOC) == ()
    await bench.database.triggers.put(
        SubscriptionRow(location=LOC, id="t1", workflow_id=None, target_url="x", filters=b"[]", updated_ms=1)
    )
    assert await bench.subscriptions.of(LOC) == ()  # another process told it; this one has not heard yet
    bench.subscriptions.forget_all()
    assert [one.id for one in await bench.subscriptions.of(LOC)] == ["t1"]


async def test_another_process_hears_of_it_by_the_revision(bench: Bench) -> None:
    await bench.stage.locations.refresh()
    assert not await bench.stage.locations.refresh()
    for event in ("CREATED", "DELETED"):
        await bench.subscribe(event=event)
        assert await bench.stage.locations.refresh()


class Meanwhile:
    """The kept subscriptions, where something happens between reading them and having read them."""

    def __init__(self, kept: Triggers, happens: Callable[[], None]) -> None:
        self._kept = kept
        self._happens = happens
        self.put = kept.put
        self.forget = kept.forget
        self.answered = kept.answered
        self.answer = kept.answer

    async def of(self, location: str) -> list[SubscriptionRow]:
        rows = await self._kept.of(location)
        self._happens()
        return rows


async def test_what_was_read_before_a_change_is_not_remembered_behind_it(bench: Bench) -> None:
    changes = iter([True, False, False])

    def happens() -> None:
        if next(changes):
            subscriptions.forget_all()

    subscriptions = Subscriptions(
        Meanwhile(bench.database.triggers, happens),
        Installed(bench.stage.locations, bench.stage.keeper),
        crm_url=bench.stage.url,
        now_ms=bench.stage.clock,
        on_unknown=bench.unknown.append,
    )
    assert await subscriptions.of(LOC) == ()
    await bench.subscribe("t1")
    assert [one.id for one in await subscriptions.of(LOC)] == ["t1"]
