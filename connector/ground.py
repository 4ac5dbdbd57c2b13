"""What all parts of a connector stand on: its keys, its database, the CRM."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from connector.clock import now_ms
from connector.crm.client import Crm
from connector.crm.contacts import Contacts
from connector.crm.pace import Pace, burst_rate
from connector.crm.tokens import TokenEndpoint
from connector.crm.transport import AiohttpTransport
from connector.crm.zones import CrmZones
from connector.crm_events.own import OwnTags
from connector.keys import open_vault
from connector.locations import LocationBook, StoredSecrets
from connector.observe import Metrics
from connector.store.open import open_store
from oauth.grant import Client
from oauth.keeper import Keeper, Market

if TYPE_CHECKING:
    from collections.abc import Callable

    from connector.crm.model import Request as CrmRequest
    from connector.crm.seam import Transport
    from connector.crm.tokens import OnTokenRequest
    from connector.settings import Settings
    from connector.store.database import Database
    from oauth.vault import Vault


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Made once, by `lay`."""

    settings: Settings
    vault: Vault
    database: Database
    metrics: Metrics
    locations: LocationBook
    transport: AiohttpTransport
    endpoint: TokenEndpoint | None
    keeper: Keeper
    pace: Pace
    own_tags: OwnTags
    crm: Crm
    contacts: Contacts
    zones: CrmZones


async def lay(
    settings: Settings,
    *,
    store_seam: Callable[[Database], Database],
    transport_seam: Callable[[Transport], Transport],
) -> Ground:
    """Open the keys and the database, and wire the way to the CRM.

    Raises:
        StoreError: the store cannot be opened.
        UsageError: a setting is missing.
    """
    vault = open_vault(settings)
    database = store_seam(await open_store(settings.database_url, exclusive=True))
    metrics = Metrics()
    locations = LocationBook(database, vault)
    transport = AiohttpTransport(settings.crm_url, timeout_s=settings.crm_timeout_s)
    seamed = transport_seam(transport)
    counters = cache(metrics.crm_requests.labels)

    def on_request(_location: str, request: CrmRequest, status: int | None, _seconds: float) -> None:
        counters(request.verb, str(status or "none")).inc()

    endpoint = _token_endpoint(settings, seamed, lambda request, status: on_request("", request, status, 0.0))
    keeper = Keeper(StoredSecrets(database), vault, Market(grants=database.grants, endpoint=endpoint, now_ms=now_ms))
    pace = Pace(burst_rate(settings.crm_burst), settings.crm_daily)
    own_tags = OwnTags(database.inbox, locations, now_ms)
    crm = Crm(seamed, keeper, pace, crm_url=settings.crm_url, on_request=on_request, on_tags=own_tags.writing)
    return Ground(
        settings=settings,
        vault=vault,
        database=database,
        metrics=metrics,
        locations=locations,
        transport=transport,
        endpoint=endpoint,
        keeper=keeper,
        pace=pace,
        own_tags=own_tags,
        crm=crm,
        contacts=Contacts(crm),
        zones=CrmZones(crm),
    )


def _token_endpoint(settings: Settings, transport: Transport, on_request: OnTokenRequest) -> TokenEndpoint | None:
    """None where no marketplace app is configured: private tokens work without one."""
    if settings.client_id is None or settings.client_secret is None:
        return None
    client = Client(settings.client_id, settings.client_secret.get_secret_value(), v3=settings.oauth_v3)
    return TokenEndpoint(transport, client, now_ms=now_ms, on_request=on_request)
