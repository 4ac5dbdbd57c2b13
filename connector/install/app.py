"""Our marketplace app, as the settings tell it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.install.scopes import needed
from oauth.install import App, app_id

if TYPE_CHECKING:
    from connector.settings import Settings


def base_url(settings: Settings) -> str:
    """How people reach this service: RINGBACK_PUBLIC_URL, or where it listens."""
    return settings.public_url or f"http://{settings.host}:{settings.port}"


def app_of(settings: Settings) -> App | None:
    """The app; None where its id or its secret is not set."""
    if not settings.client_id or settings.client_secret is None:
        return None
    return App(
        client_id=settings.client_id,
        version_id=settings.version_id or app_id(settings.client_id),
        redirect_uri=f"{base_url(settings)}/oauth/callback",
        scopes=tuple(needed()),
    )
