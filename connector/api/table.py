"""All routes of the API: a new subject is a file here with `routes(...)`, and its line in `table`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connector.api import calls, companies, deliveries, dialling, keys, locations, reviews, timers, triggers

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.api.route import Route
    from connector.book_names import BookNames
    from connector.configuration import Configurations
    from connector.dialling import DialAdvice
    from connector.locations import LocationBook
    from connector.store import Repair
    from connector.store.database import Database
    from connector.wrapup import Wrapups


def table(
    *,
    store: Repair,
    database: Database,
    configurations: Configurations,
    book: LocationBook,
    wrapups: Wrapups,
    advice: DialAdvice,
    names: BookNames,
    now_ms: Callable[[], int],
) -> tuple[Route, ...]:
    """All routes of the API."""
    return (
        *deliveries.routes(store, now_ms),
        *locations.routes(database, configurations, names),
        *companies.routes(database, configurations),
        *keys.routes(database.access, now_ms),
        *triggers.routes(database.triggers),
        *calls.routes(database, wrapups, book, now_ms),
        *dialling.routes(advice, book),
        *reviews.routes(database.follow_up, now_ms),
        *timers.routes(database.follow_up),
    )
