"""A fresh sandbox with one sub-account, for each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from aiohttp.test_utils import TestClient, TestServer

from connector.sandbox.app import make_app
from connector.sandbox.seed import user, workflow
from connector.sandbox.state import Sandbox
from tests.connector.sandbox.crm import LOCATION, TOKEN, Clock, Crm

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def crm() -> AsyncIterator[Crm]:
    clock = Clock()
    sandbox = Sandbox(clock_ms=clock, search_lag_ms=0, webhook_retry_s=(0, 0))
    now = sandbox.now()
    sandbox.register(
        LOCATION,
        name="One",
        workflows=[
            workflow(LOCATION, "wf-live", "Follow-up", "published", now),
            workflow(LOCATION, "wf-draft", "Idea", "draft", now),
            workflow(LOCATION, "wf-again", "Any time", "published", now, allow_reentry=True),
        ],
        users=[user(LOCATION, "user-1", "Maya Lind")],
    )
    sandbox.grant(TOKEN, LOCATION)
    sandbox.register("LocationTwo")
    sandbox.grant("pit-two", "LocationTwo")
    async with TestClient(TestServer(make_app(sandbox))) as client:
        yield Crm(sandbox, clock, client)
