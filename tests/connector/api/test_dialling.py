"""The dial advice over HTTP: one number, many numbers, and what the CRM is asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from connector.crm.model import Contact
from connector.store import Ending, State
from connector.store.follow_up import CallerIdUsed, Dialled
from tests.connector.api.bench import NOW
from tests.connector.store.build import claim

if TYPE_CHECKING:
    from connector.store.follow_up import Effect
    from tests.connector.api.bench import Bench, Told

ADA = "+14155550111"
BOB = "+12125550122"
HOUR_MS = 3_600_000
PATH = "/locations/LOC1/dial-advice"


async def known(bench: Bench, *effects: Effect) -> None:
    """Calls of LOC1 that ended, and what is known by them."""
    await bench.record("LOC1", f"call-{bench.clock.now_ms}-{len(effects)}")
    for delivery in await claim(bench.database, now_ms=bench.clock()):
        told = effects if delivery.location == "LOC1" else ()
        await bench.database.write_down(delivery.lease, now_ms=bench.clock(), effects=told, ending=Ending(State.DONE))


def dialled(number: str = ADA, **more: Any) -> Dialled:
    return Dialled(number=number, last_call_ms=NOW - HOUR_MS, disposition="No Answer", **more)


async def setup(bench: Bench, **config: Any) -> None:
    """LOC1 without quiet hours, unless asked for."""
    await bench.register("LOC1", **{"hours": {"quiet_from": None}, "country": "US"} | config)
    await bench.book.refresh()


async def one(bench: Bench, to: str = ADA, more: str = "", **ask: Any) -> Told:
    return await bench.ask(f"{PATH}?to={to.replace('+', '%2B')}{more}", **ask)


async def test_a_number_never_called_may_be_dialled(bench: Bench) -> None:
    await setup(bench, caller_ids=["+14155550100"])
    assert (await one(bench, key="LOC1")).body == {
        "to": ADA,
        "allowed": True,
        "until": None,
        "holds": [],
        "attempts": 0,
        "attempts_left": 6,
        "dnd": None,
        "avoid": [],
        "caller_id": "+14155550100",
        "caller_id_why": "shares +1415 with the contact; too few calls to judge (0)",
        "callback_due": None,
        "last_call": None,
        "last_disposition": None,
    }


async def test_what_earlier_calls_mean_is_told_with_its_end(bench: Bench) -> None:
    await setup(bench)
    until_ms, due_ms = NOW + HOUR_MS, NOW + 2 * HOUR_MS
    await known(
        bench,
        dialled(attempts=2, suppressed_until_ms=until_ms, suppressed_why="Voicemail left", callback_due_ms=due_ms),
    )
    told = (await one(bench)).body
    assert [(hold["code"], hold["until"]) for hold in told["holds"]] == [
        ("suppressed", "2026-09-21T15:13:20.000Z"),
        ("callback", "2026-09-21T16:13:20.000Z"),
    ]
    assert (told["allowed"], told["until"], told["callback_due"]) == (False, *["2026-09-21T16:13:20.000Z"] * 2)
    assert (told["attempts"], told["attempts_left"]) == (2, 4)
    assert (told["last_call"], told["last_disposition"]) == ("2026-09-21T13:13:20.000Z", "No Answer")
    bench.clock.now_ms = due_ms
    assert (await one(bench)).body["allowed"]


async def test_a_caller_id_that_was_dropped_is_not_used_again(bench: Bench) -> None:
    await setup(bench, caller_ids=["+14155550100", "+14155550101"])
    used = [CallerIdUsed(number="+14155550101", answered=False, fast_drop=False, at_ms=NOW)] * 30
    await known(bench, dialled(avoid=("+14155550100",)), *used)
    told = (await one(bench)).body
    assert (told["avoid"], told["caller_id"]) == (["+14155550100"], "+14155550101")
    assert (await one(bench, "+14155550155")).body["caller_id"] == "+14155550100"


async def test_only_the_pool_is_called_from(bench: Bench) -> None:
    await setup(bench)
    await known(bench, CallerIdUsed(number="+14155550100", answered=True, fast_drop=False, at_ms=NOW))
    assert (await one(bench)).body["caller_id"] is None


async def test_quiet_hours_are_those_of_the_sub_account(bench: Bench) -> None:
    """14:13 UTC is 00:13 in Sydney."""
    await setup(bench, hours={}, time_zone="Australia/Sydney")
    told = (await one(bench)).body
    assert [hold["code"] for hold in told["holds"]] == ["quiet"]
    assert told["until"] == "2026-09-21T22:00:00.000Z"
    assert bench.crm.asked == 0


async def test_the_crm_is_asked_for_the_time_zone_where_it_is_not_set(bench: Bench) -> None:
    await setup(bench, hours={})
    bench.crm.zones["LOC1"] = "Australia/Sydney"
    assert not (await one(bench)).body["allowed"]


async def test_a_time_zone_that_was_told_once_is_known_while_the_crm_is_away(bench: Bench) -> None:
    await setup(bench, hours={})
    bench.crm.zones["LOC1"] = "Australia/Sydney"
    before = (await one(bench)).body
    bench.crm.away = True
    assert (await one(bench)).body == before


@pytest.mark.parametrize("many", [True, False])
async def test_without_a_time_zone_nobody_is_advised_to_dial(bench: Bench, *, many: bool) -> None:
    await setup(bench, hours={})
    bench.crm.away = True
    told = await bench.ask(PATH, method="POST", body={"to": [ADA]}) if many else await one(bench)
    assert told.status == 503
    assert "time_zone" in told.body["detail"]
    assert told.headers["Retry-After"]


@pytest.mark.parametrize(("dnd", "allowed"), [(True, False), (False, True), (None, True)])
async def test_do_not_disturb_is_asked_for_on_demand(bench: Bench, *, dnd: bool | None, allowed: bool) -> None:
    await setup(bench)
    bench.crm.contacts[ADA] = Contact("ada", dnd=dnd)
    told = (await one(bench, more="&check_dnd=true")).body
    assert (told["dnd"], told["allowed"]) == (dnd, allowed)


async def test_without_being_asked_to_nobody_asks_the_crm(bench: Bench) -> None:
    await setup(bench)
    bench.crm.contacts[ADA] = Contact("ada", dnd=True)
    assert (await one(bench)).body["dnd"] is None
    assert bench.crm.asked == 0


async def test_what_the_crm_said_is_known_to_a_batch(bench: Bench) -> None:
    await setup(bench)
    await known(bench, dialled(contact_id="ada"))
    bench.crm.contacts[ADA] = Contact("ada", dnd=True)
    await one(bench, more="&check_dnd=true")
    assert bench.crm.asked == 1  # whose number it is was known
    (told,) = (await bench.ask(PATH, method="POST", body={"to": [ADA]})).body["advice"]
    assert (told["dnd"], told["allowed"]) == (True, False)
    bench.crm.contacts[ADA] = Contact("ada", dnd=False)
    assert (await one(bench, more="&check_dnd=true")).body["allowed"]
    assert (await one(bench)).body["dnd"] is False


async def test_the_contacts_own_time_zone_counts_where_the_crm_tells_it(bench: Bench) -> None:
    await setup(bench, hours={}, time_zone="UTC")
    bench.crm.contacts[ADA] = Contact("ada", timezone="Australia/Sydney")
    assert (await one(bench)).body["allowed"]
    assert not (await one(bench, more="&check_dnd=true")).body["allowed"]


@pytest.mark.parametrize("kept", [True, False])
async def test_a_contact_that_is_gone_is_as_one_not_known(bench: Bench, *, kept: bool) -> None:
    await setup(bench)
    await known(bench, dialled(contact_id="gone" if kept else None))
    assert (await one(bench, more="&check_dnd=true")).body["dnd"] is None


async def test_where_the_crm_cannot_be_asked_the_answer_is_no_guess(bench: Bench) -> None:
    await setup(bench)
    bench.crm.away = True
    told = await one(bench, more="&check_dnd=true")
    assert told.status == 503
    assert "without check_dnd" in told.body["detail"]


async def test_a_plus_that_was_not_escaped_is_read_as_one(bench: Bench) -> None:
    await setup(bench, country=None)
    assert (await bench.ask(f"{PATH}?to={ADA}")).body["to"] == ADA


async def test_a_national_number_is_read_in_the_sub_accounts_country(bench: Bench) -> None:
    await setup(bench)
    assert (await bench.ask(f"{PATH}?to=(415)%20555-2671")).body["to"] == "+14155552671"


@pytest.mark.parametrize("to", ["1001", "anonymous", "%2B", "sip:x@y"])
async def test_what_is_no_number_is_refused_in_words(bench: Bench, to: str) -> None:
    await setup(bench)
    told = await bench.ask(f"{PATH}?to={to}")
    assert told.status == 400
    assert "no full phone number" in told.body["detail"]


async def test_many_are_advised_in_their_order_and_a_bad_one_spoils_nothing(bench: Bench) -> None:
    await setup(bench, caller_ids=["+12125550100", "+14155550100"])
    await known(bench, dialled(attempts=6))
    told = (await bench.ask(PATH, method="POST", body={"to": [BOB, "1001", ADA, BOB]})).body["advice"]
    assert [one["to"] for one in told] == [BOB, "1001", ADA, BOB]
    assert [one["allowed"] for one in told] == [True, False, False, True]
    assert [[hold["code"] for hold in one["holds"]] for one in told] == [[], ["number"], ["attempts"], []]
    assert [one["caller_id"] for one in told] == ["+12125550100", None, "+14155550100", "+12125550100"]


async def test_one_and_many_say_the_same(bench: Bench) -> None:
    await setup(bench, caller_ids=["+12125550100", "+14155550100"])
    await known(bench, dialled(attempts=2, avoid=("+14155550100",), suppressed_until_ms=NOW + 1, suppressed_why="x"))
    for number in (ADA, BOB):
        (among_many,) = (await bench.ask(PATH, method="POST", body={"to": [number]})).body["advice"]
        assert among_many == (await one(bench, number)).body


async def test_a_thousand_are_one_question(bench: Bench) -> None:
    await setup(bench)
    numbers = [f"+1415555{n:04d}" for n in range(1000)]
    told = await bench.ask(PATH, method="POST", body={"to": numbers})
    assert [one["to"] for one in told.body["advice"]] == numbers
    assert (await bench.ask(PATH, method="POST", body={"to": [*numbers, ADA]})).status == 422


async def test_what_a_neighbour_knows_of_a_number_stays_there(bench: Bench) -> None:
    await setup(bench)
    await known(bench, dialled(attempts=5))
    await bench.register("LOC2", hours={"quiet_from": None})
    await bench.book.refresh()
    assert (await bench.ask(f"/locations/LOC2/dial-advice?to=%2B{ADA[1:]}", key="LOC2")).body["attempts"] == 0


async def test_a_sub_account_that_is_not_registered_has_no_advice(bench: Bench) -> None:
    assert (await bench.ask(f"/locations/NOBODY/dial-advice?to=%2B{ADA[1:]}")).status == 404
