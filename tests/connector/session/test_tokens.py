"""Sessions and tickets: only ours, only for their time, each ticket once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from connector.session.role import SCOPES, Role
from connector.session.tokens import MARK, SESSION_MS, TICKET_MS
from oauth.standing import Kind, Standing

if TYPE_CHECKING:
    from tests.connector.session.stage import Desk


async def test_a_session_is_known_by_its_token(desk: Desk) -> None:
    session = await desk.open()
    assert await desk.sessions.opened(desk.sessions.issue(session)) == session


async def test_a_token_shows_nothing_of_its_holder(desk: Desk) -> None:
    token = desk.sessions.issue(await desk.open())
    assert "user1" not in token
    assert "Ada" not in repr(await desk.sessions.opened(token))


async def test_a_session_ends_by_itself(desk: Desk) -> None:
    token = desk.sessions.issue(await desk.open())
    desk.clock.now_ms += SESSION_MS - 1
    assert await desk.sessions.opened(token) is not None
    desk.clock.now_ms += 1
    assert await desk.sessions.opened(token) is None


@pytest.mark.parametrize("standing", [Standing.REMOVED, Standing.UNCONFIRMED])
async def test_a_session_ends_with_its_installation(desk: Desk, standing: Standing) -> None:
    token = desk.sessions.issue(await desk.open())
    await desk.grant(Kind.LOCATION, "LOC", "AG", standing)
    assert await desk.sessions.opened(token) is None


async def test_an_agencys_session_ends_with_its_installation(desk: Desk) -> None:
    token = desk.sessions.issue(await desk.open(type="agency", role="admin", activeLocation=""))
    assert await desk.sessions.opened(token) is not None
    await desk.grant(Kind.COMPANY, "AG", "AG", Standing.REMOVED)
    assert await desk.sessions.opened(token) is None


@pytest.mark.parametrize("token", ["", MARK, f"{MARK}x", f"{MARK}gAAAA", "§", f"{MARK}§", f"{MARK}{'x' * 5000}"])
async def test_what_is_not_ours_is_no_session(desk: Desk, token: str) -> None:
    assert await desk.sessions.opened(token) is None


async def test_what_was_sealed_for_something_else_is_no_session(desk: Desk) -> None:
    ticket = desk.sessions.ticket(await desk.open(), "events", "LOC")
    assert await desk.sessions.opened(MARK + ticket) is None


async def test_a_ticket_is_good_once(desk: Desk) -> None:
    session = await desk.open()
    ticket = desk.sessions.ticket(session, "events", "LOC")
    assert await desk.sessions.redeem(ticket, "events") == (session, "LOC")
    assert await desk.sessions.redeem(ticket, "events") is None


async def test_a_ticket_is_good_for_seconds(desk: Desk) -> None:
    ticket = desk.sessions.ticket(await desk.open(), "events", "LOC")
    desk.clock.now_ms += TICKET_MS
    assert await desk.sessions.redeem(ticket, "events") is None


async def test_a_ticket_is_good_for_one_purpose(desk: Desk) -> None:
    ticket = desk.sessions.ticket(await desk.open(), "events", "LOC")
    assert await desk.sessions.redeem(ticket, "recordings") is None


async def test_a_session_is_no_ticket(desk: Desk) -> None:
    token = desk.sessions.issue(await desk.open())
    assert await desk.sessions.redeem(token.removeprefix(MARK), "events") is None


async def test_a_role_opens_what_the_ones_before_it_open(desk: Desk) -> None:
    session = await desk.open()
    agent, manager, admin = (replace(session, role=role).scopes for role in Role)
    assert agent < manager < admin


def test_an_agent_changes_nothing_but_calls() -> None:
    assert sorted(SCOPES[Role.AGENT]) == ["calls:write", "dial:read"]
