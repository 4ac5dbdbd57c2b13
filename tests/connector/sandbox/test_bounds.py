"""What the marketplace remembers has a limit."""

from __future__ import annotations

import pytest

from connector.sandbox.apps import DEFAULT_CLIENT_ID
from connector.sandbox.events import Outbox
from connector.sandbox.exchange import Refusal
from connector.sandbox.state import Sandbox
from tests.connector.sandbox.market import CALLBACK


def test_events_that_nobody_posts_are_dropped_and_counted() -> None:
    outbox = Outbox(retry_s=(), timeout_s=1)
    for _ in range(10_002):
        outbox.put("http://127.0.0.1:1/", {"type": "INSTALL"})
    assert (outbox.pending, outbox.dropped, len(outbox.log)) == (10_000, 2, 5_000)


def test_the_oldest_codes_are_forgotten() -> None:
    sandbox = Sandbox()
    sandbox.register("One")
    app = sandbox.market.apps[DEFAULT_CLIENT_ID]
    codes = [sandbox.market.consent(DEFAULT_CLIENT_ID, redirect_uri=CALLBACK, locations=["One"]) for _ in range(1_001)]
    with pytest.raises(Refusal):
        sandbox.market.exchange(app, codes[0], CALLBACK)
    assert sandbox.market.exchange(app, codes[1], CALLBACK).access
