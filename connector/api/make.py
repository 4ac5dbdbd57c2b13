"""Puts the API together."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from connector.api.access import Doors
from connector.api.rate import Buckets, api_rate
from connector.api.serve import Api
from connector.api.table import table
from connector.configuration import Configurations

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.book_names import BookNames
    from connector.dialling import DialAdvice
    from connector.locations import LocationBook
    from connector.session.tokens import Sessions
    from connector.settings import Settings
    from connector.store.database import Database
    from connector.wrapup import Wrapups
    from oauth.vault import Vault


def make_api(
    settings: Settings,
    *,
    database: Database,
    vault: Vault,
    sessions: Sessions,
    book: LocationBook,
    wrapups: Wrapups,
    advice: DialAdvice,
    names: BookNames,
    now_ms: Callable[[], int],
) -> Api:
    """All routes, and the doors before them."""
    key = settings.api_key
    doors = Doors(
        key.get_secret_value() if key else None,
        database.access,
        database.history,
        Buckets(api_rate(settings.api_rate), time.monotonic),
        now_ms,
        sessions=sessions,
    )
    routes = table(
        store=database,
        database=database,
        configurations=Configurations(database, vault, now_ms),
        book=book,
        wrapups=wrapups,
        advice=advice,
        names=names,
        now_ms=now_ms,
    )
    return Api(routes, doors)
