"""The way of one request through the client: token, turn, tries, and who hears of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from connector.crm import errors
from tests.connector.crm.conftest import TOKEN
from tests.connector.crm.contract import CONTACT, LOCATION, Verb
from tests.connector.crm.verbs import VERBS

if TYPE_CHECKING:
    import respx

    from connector.crm.client import Crm
    from connector.crm.pace import Pace
    from tests.connector.crm.clock import Clock
    from tests.connector.crm.conftest import Heard

each_verb = pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)


def on(router: respx.MockRouter, verb: Verb) -> respx.Route:
    return router.route(method=verb.method, path=verb.target.partition("?")[0])


@each_verb
async def test_what_was_never_sent_is_tried_again(verb: Verb, router: respx.MockRouter, crm: Crm) -> None:
    good = httpx.Response(verb.status, json=verb.answer)
    route = on(router, verb).mock(side_effect=[httpx.ConnectError("refused"), httpx.ConnectError("refused"), good])
    assert await verb.call(crm) == verb.means
    assert route.call_count == 3


@each_verb
async def test_a_write_in_doubt_is_repeated_only_if_that_changes_nothing(
    verb: Verb, router: respx.MockRouter, crm: Crm
) -> None:
    route = on(router, verb).mock(side_effect=httpx.ReadTimeout("no answer"))
    with pytest.raises(errors.InDoubtError):
        await verb.call(crm)
    assert route.call_count == (3 if verb.repeatable else 1)


@each_verb
async def test_a_server_error_is_in_doubt_too(verb: Verb, router: respx.MockRouter, crm: Crm) -> None:
    route = on(router, verb).respond(503)
    with pytest.raises(errors.InDoubtError):
        await verb.call(crm)
    assert route.call_count == (3 if verb.repeatable else 1)


async def test_a_lost_write_after_an_unsent_one_is_not_repeated(router: respx.MockRouter, crm: Crm) -> None:
    route = router.post(f"/contacts/{CONTACT}/notes")
    route.mock(side_effect=[httpx.ConnectError("refused"), httpx.ReadTimeout("no answer")])
    with pytest.raises(errors.InDoubtError):
        await crm.add_note(LOCATION, CONTACT, "x")
    assert route.call_count == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429])
async def test_a_no_is_not_asked_twice(status: int, router: respx.MockRouter, crm: Crm) -> None:
    route = router.get(f"/contacts/{CONTACT}").respond(status)
    with pytest.raises(errors.CrmError):
        await crm.get_contact(LOCATION, CONTACT)
    assert route.call_count == 1


async def test_a_refusal_after_a_bump_goes_up_as_it_is(router: respx.MockRouter, crm: Crm) -> None:
    router.get(f"/contacts/{CONTACT}").mock(side_effect=[httpx.ConnectError("refused"), httpx.Response(401)])
    with pytest.raises(errors.UnauthorizedError):
        await crm.get_contact(LOCATION, CONTACT)


async def test_waits_between_tries_by_the_injected_clock(router: respx.MockRouter, crm: Crm, clock: Clock) -> None:
    router.get(f"/contacts/{CONTACT}").respond(503)
    with pytest.raises(errors.InDoubtError):
        await crm.get_contact(LOCATION, CONTACT)
    assert clock.slept == [0.5, 0.5]


async def test_trouble_that_took_longer_than_a_bump_is_not_repeated(
    router: respx.MockRouter, crm: Crm, clock: Clock
) -> None:
    def hang(_request: httpx.Request) -> httpx.Response:
        clock.now += 10
        raise httpx.ReadTimeout("no answer")

    route = router.get(f"/contacts/{CONTACT}").mock(side_effect=hang)
    with pytest.raises(errors.InDoubtError):
        await crm.get_contact(LOCATION, CONTACT)
    assert route.call_count == 1


async def test_each_try_is_heard_of(router: respx.MockRouter, crm: Crm, heard: Heard) -> None:
    good = httpx.Response(200, json={"contact": {"id": CONTACT}})
    router.get(f"/contacts/{CONTACT}").mock(side_effect=[httpx.ConnectError("refused"), httpx.Response(500), good])
    await crm.get_contact(LOCATION, CONTACT)
    assert heard.requests == [(LOCATION, "get_contact", status) for status in (None, 500, 200)]


async def test_without_a_token_nothing_is_sent(crm: Crm, heard: Heard) -> None:
    with pytest.raises(LookupError):
        await crm.get_contact("without-token", CONTACT)
    assert heard.requests == []


async def test_a_429_holds_the_sub_account_and_no_other(router: respx.MockRouter, crm: Crm, pace: Pace) -> None:
    router.get(f"/contacts/{CONTACT}").respond(429, headers={"Retry-After": "7"})
    with pytest.raises(errors.ThrottledError):
        await crm.get_contact(LOCATION, CONTACT)
    assert (pace.room_in_s(LOCATION), pace.room_in_s("another")) == (7.0, 0.0)


async def test_the_crms_own_count_is_heeded(router: respx.MockRouter, crm: Crm, pace: Pace) -> None:
    left = {"X-RateLimit-Remaining": "0", "X-RateLimit-Interval-Milliseconds": "10000"}
    router.get(f"/contacts/{CONTACT}").respond(200, headers=left, json={"contact": {"id": CONTACT}})
    await crm.get_contact(LOCATION, CONTACT)
    assert pace.room_in_s(LOCATION) >= 10


@each_verb
async def test_no_error_tells_the_token(verb: Verb, router: respx.MockRouter, crm: Crm) -> None:
    on(router, verb).respond(401, json={"message": "Invalid JWT"})
    with pytest.raises(errors.UnauthorizedError) as caught:
        await verb.call(crm)
    assert TOKEN not in f"{caught.value!r} {caught.value}"


async def test_an_unmocked_request_fails_the_test(crm: Crm) -> None:
    with pytest.raises(AssertionError, match="not mocked"):
        await crm.get_contact(LOCATION, CONTACT)
