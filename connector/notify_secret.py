"""The secret that signs a sub-account's notifications."""

from __future__ import annotations

import base64
import secrets
from typing import Final

SECRET: Final = "notify"  # noqa: S105 - the secret's name, not the secret
"""The name under which it is kept, as `whsec_...`."""


def made() -> str:
    """A new one (24 random bytes, as Standard Webhooks writes them)."""
    return f"whsec_{base64.b64encode(secrets.token_bytes(24)).decode()}"
