"""PURE: what somebody is to a sub-account, and what of the API that opens."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from connector.api.scope import ALL, Scope

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from oauth.sso import CrmUser


class Role(StrEnum):
    """Each may do what those before it may."""

    AGENT = "agent"
    MANAGER = "manager"
    ADMIN = "admin"


_AGENT: Final = frozenset(scope for scope in Scope if scope.startswith(("calls:", "dial:")))
_MANAGER: Final = _AGENT | {scope for scope in Scope if scope.startswith("review:")} | {Scope.DELIVERIES_READ}

SCOPES: Final[Mapping[Role, frozenset[Scope]]] = {Role.AGENT: _AGENT, Role.MANAGER: _MANAGER, Role.ADMIN: ALL}


def role_in(user: CrmUser, reviewers: Collection[str]) -> Role:
    """What somebody is in the sub-account whose pages are open.

    Args:
        user: As the CRM tells it; its `admin` is an admin of its level, and an agency's is one in its sub-accounts.
        reviewers: The CRM's users who look after the review queue (`LocationConfig.reviewers`).
    """
    if user.role == "admin":
        return Role.ADMIN
    return Role.MANAGER if user.id in reviewers else Role.AGENT
