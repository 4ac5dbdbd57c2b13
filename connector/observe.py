"""What can be seen of the running service: logs without secrets or phone numbers, and metrics."""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_PHONE = re.compile(r"(?<![\w.-])(?:\+|%2[Bb])?(\d{6,13})(\d{2})(?![\w-])")
_SECRET_KEYS = frozenset({"authorization", "token", "secret", "secrets", "password", "key", "keys", "signature"})


def redact(text: str) -> str:
    """The text with what looks like a phone number cut to its last two digits."""
    return _PHONE.sub(lambda found: f"…{found[2]}", text)


def _redacted(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if key.lower() in _SECRET_KEYS:
            event[key] = "***"
        elif isinstance(value, str) and key not in ("timestamp", "level"):
            event[key] = redact(value)
    return event


def configure_logs(*, level: str = "info", fmt: str = "json") -> None:
    """Logs to standard error, one event a line."""
    last = structlog.processors.JSONRenderer() if fmt == "json" else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _redacted,
            last,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level.upper())),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


class Metrics:
    """The service's figures, on a registry of their own (two services in one process do not meet)."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        r = self.registry
        self.received = Counter("ringback_received", "Call events by trunk and answer", ["trunk", "status"], registry=r)
        self.unknown_causes = Counter(
            "ringback_unknown_causes", "Calls with a cause nobody knows", ["trunk"], registry=r
        )
        self.triggers_not_understood = Counter(
            "ringback_triggers_not_understood", "Workflow triggers passed over, their filter not understood", registry=r
        )
        self.refused = Counter("ringback_refused", "Requests not taken, by HTTP status", ["status"], registry=r)
        self.delivered = Counter("ringback_delivered", "Deliveries that ended, by outcome", ["outcome"], registry=r)
        self.crm_requests = Counter("ringback_crm_requests", "Requests to the CRM", ["verb", "status"], registry=r)
        self.crm_events = Counter(
            "ringback_crm_events", "The CRM's events, as they came and as they ended", ["type", "status"], registry=r
        )
        self.crm_events_unfinished = Gauge(
            "ringback_crm_events_unfinished", "The CRM's events that wait or are parked", ["state"], registry=r
        )
        self.ack_s = Histogram(
            "ringback_ack_seconds",
            "Webhook received to answered",
            buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5),
            registry=r,
        )
        self.sync_s = Histogram(
            "ringback_sync_seconds",
            "Webhook received to last CRM write",
            buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 86400),
            registry=r,
        )
        self.queue_depth = Gauge("ringback_queue_depth", "Deliveries waiting", registry=r)
        self.parked = Gauge("ringback_parked", "Deliveries parked", registry=r)
        self.quarantined = Gauge("ringback_quarantined", "Requests quarantined", registry=r)
        self.oldest_waiting_s = Gauge("ringback_oldest_waiting_seconds", "Age of the oldest waiting one", registry=r)
        self.grants = Gauge("ringback_grants", "Sub-accounts installed, by how they stand", ["standing"], registry=r)
        self.paused = Gauge("ringback_paused_locations", "Sub-accounts paused", registry=r)

    def text(self) -> bytes:
        """The Prometheus text exposition."""
        return generate_latest(self.registry)
