"""For all tests: how long an example takes says nothing about what it shows; these machines are noisy."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

settings.register_profile("noisy machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("noisy machine")
