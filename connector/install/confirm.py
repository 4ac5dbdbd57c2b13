"""An installation without a state becomes a connected one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from oauth.standing import Kind, Standing

if TYPE_CHECKING:
    from connector.install.connection import Connections
    from connector.store.grants import Grants
    from oauth.standing import GrantRow


async def confirm(grants: Grants, connections: Connections, row: GrantRow, *, now_ms: int) -> bool:
    """Make an unconfirmed grant active, its sub-account registered before; False where it is none, or has no token."""
    if row.standing is not Standing.UNCONFIRMED or row.sealed is None:
        return False
    if row.kind is Kind.LOCATION:
        await connections.ensure(row.id, row.company_id)
    return await grants.confirm(row.kind, row.id, now_ms=now_ms)
