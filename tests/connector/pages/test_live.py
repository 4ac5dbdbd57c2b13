"""Pages are told of calls that end: at once, of their own, and of none twice."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

from connector.location_config import LocationConfig
from connector.locations import Location
from connector.pages.live import RECENT_MS, Live, Told
from connector.session.role import Role
from connector.session.tokens import Session
from mappings.call import Call
from oauth.standing import Kind, Standing
from tests.connector.door import payload as call
from tests.connector.stage import Clock

if TYPE_CHECKING:
    from connector.pages.live import Page
    from tests.connector.pages.office import Office

CAROL = "+14155550111"


async def nameless(_location: str, _number: str) -> str | None:
    return None


async def carol(_location: str, _number: str) -> str | None:
    return "Carol Example"


def location(name: str = "LOC", **config: Any) -> Location:
    return Location(name, LocationConfig.model_validate(config), {})


def person(user: str = "user1", name: str | None = None, email: str | None = None) -> Session:
    return Session(user=user, role=Role.AGENT, location="LOC", company=None, until_ms=1, name=name, email=email)


def ended(call_id: str = "call-1", agent: str | None = None) -> Call:
    return Call(
        trunk="generic",
        call_id=call_id,
        direction="outbound",
        from_="+14155550100",
        to=CAROL,
        end_ms=1_790_000_000_000,
        talk_ms=83_000,
        answered=True,
        agent=agent,
    )


async def all_of(live: Live, page: Page) -> list[tuple[str, str]]:
    """What the page was told so far, as (kind, call id)."""
    live.wrapped("LOC", "mark")
    found: list[tuple[str, str]] = []
    while (told := await page.next()) is not None:
        if told.data["call_id"] == "mark":
            break
        found.append((told.kind, told.data["call_id"]))
    return found


def live_with(naming: Any = nameless) -> tuple[Live, Clock]:
    clock = Clock()
    return Live(naming, clock), clock


async def test_a_call_that_ends_is_told_with_what_its_form_shows() -> None:
    live, _ = live_with()
    with live.listening("LOC", person()) as page:
        live.ended(location(dispositions={"Connected": "Reached"}), ended())
        assert await page.next() == Told(
            "ended",
            {
                "call_id": "call-1",
                "number": CAROL,
                "name": None,
                "direction": "outbound",
                "answered": True,
                "talk_s": 83.0,
                "ended": "2026-09-21T14:13:20.000Z",
                "agent": None,
                "suggested": "Reached",
            },
        )


async def test_the_contacts_name_follows() -> None:
    live, _ = live_with(carol)
    with live.listening("LOC", person()) as page:
        live.ended(location(), ended())
        await page.next()
        assert await page.next() == Told("contact", {"call_id": "call-1", "name": "Carol Example"})


@pytest.mark.parametrize(
    ("agent", "who", "theirs"),
    [
        ("101", person("u101"), True),
        ("101", person("u102"), False),
        ("101", person("u900"), False),
        ("999", person("u101"), False),
        ("999", person("u900"), True),
        (None, person("u101"), False),
        (None, person("u900"), True),
        ("Ada Example", person("u101", name="ada example"), True),
        ("ada@example.com", person("u101", email="Ada@example.com"), True),
    ],
)
async def test_a_call_is_its_agents_and_that_of_nobody_known_is_of_whoever_is_not_known(
    agent: str | None, who: Session, *, theirs: bool
) -> None:
    live, _ = live_with()
    where = location(agents={"101": "u101", "102": "u102"})
    with live.listening("LOC", who) as page:
        live.ended(where, ended(agent=agent))
        assert bool(await all_of(live, page)) is theirs


async def test_a_page_that_comes_later_is_told_what_ended_lately() -> None:
    live, clock = live_with()
    with live.listening("LOC", person()):
        live.ended(location(), ended("old"))
        clock.now_ms += RECENT_MS
        live.ended(location(), ended("new"))
    with live.listening("LOC", person()) as page:
        assert await all_of(live, page) == [("ended", "new")]


async def test_what_was_wrapped_up_is_told_and_not_told_again() -> None:
    live, _ = live_with()
    with live.listening("LOC", person()) as page:
        live.ended(location(), ended())
        live.wrapped("LOC", "call-1")
        assert await all_of(live, page) == [("ended", "call-1"), ("wrapped", "call-1")]
    with live.listening("LOC", person()) as page:
        assert await all_of(live, page) == []


async def test_a_page_that_takes_nothing_is_let_go() -> None:
    live, _ = live_with()
    with live.listening("LOC", person()) as page:
        for number in range(1000):
            live.wrapped("LOC", f"call-{number}")
        assert await all_of(live, page) == []


async def test_the_oldest_of_very_many_pages_of_one_person_ends() -> None:
    live, _ = live_with()
    with ExitStack() as stack:
        pages = [stack.enter_context(live.listening("LOC", person())) for _ in range(21)]
        other = stack.enter_context(live.listening("LOC", person("another")))
        ended_ones = [page for page in pages if page.is_over]
        assert (len(ended_ones), other.is_over) == (1, False)


async def test_where_no_page_was_ever_open_nothing_is_kept() -> None:
    live, _ = live_with()
    live.ended(location(), ended())
    with live.listening("LOC", person()) as page:
        assert await all_of(live, page) == []


async def test_a_stream_tells_of_a_call_as_soon_as_it_is_on_disk(office: Office) -> None:
    async with office.listening() as stream:
        await office.call()
        kind, data = await stream.next()
    assert (kind, data["call_id"], data["suggested"]) == ("ended", "call-1", "No Answer")


async def test_the_same_call_told_twice_by_its_trunk_opens_one_form(office: Office) -> None:
    async with office.listening() as stream:
        await office.call()
        status, answer = await office.door.post(call("call-1"))
        assert (status, answer["status"]) == (200, "duplicate")
        await office.call("call-2")
        assert [(await stream.next())[1]["call_id"] for _ in range(2)] == ["call-1", "call-2"]


async def test_a_disposition_from_wherever_it_comes_is_told(office: Office) -> None:
    path = "/api/v1/locations/LOC/calls/call-1/wrapup"
    async with office.listening() as stream:
        await office.call()
        await stream.next()
        await office.ask(path, token=await office.token(), method="POST", body={"disposition": "Busy"})
        assert await stream.next() == ("wrapped", {"call_id": "call-1"})


async def test_a_stream_ends_with_its_installation(office: Office) -> None:
    office.door.service.pages.ping_s = 0.01
    async with office.listening() as stream:
        await office.grant(Kind.LOCATION, "LOC", "AG", Standing.REMOVED)
        assert b"event:" not in await stream.rest()


async def test_a_stop_waits_for_no_open_page(office: Office) -> None:
    async with office.listening() as stream:
        assert office.door.client.app is not None
        await office.door.client.app.shutdown()
        assert b"event:" not in await stream.rest()
