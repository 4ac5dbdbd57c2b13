"""Logs show no phone number and no secret."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import structlog

from connector.observe import Metrics, configure_logs, redact

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize(
    "text", ["+14155550123", "call from +14155550123 to 14155550199", "number=%2B14155550123&x=1", "(+4930901820)"]
)
def test_a_phone_number_is_cut_to_its_last_digits(text: str) -> None:
    assert "555" not in redact(text)
    assert "9018" not in redact(text)


@pytest.mark.parametrize("text", ["2026-11-23T10:00:00Z", "status 503", "3f0c9a52-6f7d-4b6e-9a3c-1c2d3e4f5a6b"])
def test_other_text_stays(text: str) -> None:
    assert redact(text) == text


@pytest.fixture
def unset() -> Iterator[None]:
    """Logs are as they were afterwards: set up, they write to this test's stream, which is closed then."""
    yield
    structlog.reset_defaults()


@pytest.mark.usefixtures("unset")
def test_what_is_named_a_secret_is_never_logged(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logs()
    structlog.get_logger().warning("look", token="pit-123", authorization="Bearer abc", caller="+14155550123")
    told = json.loads(capsys.readouterr().err)
    assert told["token"] == told["authorization"] == "***"
    assert told["caller"] == "…23"


def test_two_services_in_one_process_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.received.labels("generic", "accepted").inc()
    assert b'ringback_received_total{status="accepted",trunk="generic"} 1.0' in one.text()
    assert b"accepted" not in other.text()
