"""Settings of the tests of what calls mean."""

from __future__ import annotations

from hypothesis import settings

# A busy machine is no fault of the code: how long an example takes is for the benchmarks to say.
settings.register_profile("ringback", deadline=None)
settings.load_profile("ringback")
