"""The grants of agencies and sub-accounts: what the CRM gave when somebody installed us."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from oauth.standing import Back, GrantRow, Kind, Lease, Leased, NewGrant, NewPair, Standing


class Grants(Protocol):
    """Kept for all processes on this database. Times are epoch milliseconds; what a method did is on disk.

    A sub-account whose grant becomes active again goes on at once: in the same transaction its pause is lifted, what
    waited for the pause's reason falls due, and the revision of the sub-accounts grows. An agency whose grant becomes
    active wakes those of its sub-accounts that are wanted or need it.
    """

    async def get(self, kind: Kind, grant_id: str) -> GrantRow | None:
        """The grant; None where there never was one."""

    async def put(self, grant: NewGrant, *, expected: int, now_ms: int) -> bool:
        """Keep what was installed, in place of whatever was there.

        Args:
            grant: As it was installed.
            expected: The version last read; 0 where there was no row.
            now_ms: The time.

        Returns:
            False where the version is another one by now: nothing was kept; read again.
        """

    async def want(self, locations: Sequence[str], *, company_id: str | None, at_ms: int, now_ms: int) -> int:
        """Sub-accounts of an agency's install, whose tokens are to be minted; how many became wanted by this.

        Those not known and those removed before `at_ms` become wanted; one that is wanted already learns its agency;
        all others stay as they are. They fall due once their agency's grant is active.
        """

    async def take(self, standing: Standing, *, now_ms: int, until_ms: int, limit: int) -> list[Leased]:
        """Lease grants of this standing that are due, those due first first; also where a lease ran out."""

    async def lease(self, kind: Kind, grant_id: str, *, now_ms: int, until_ms: int) -> Leased | None:
        """The right to ask for a new pair; None where somebody has it, or there is no grant."""

    async def commit(self, lease: Lease, pair: NewPair, *, now_ms: int) -> bool:
        """Keep the new pair, which makes an active grant of all but an unconfirmed one; the lease is given back.

        Returns:
            False where the pair is no more the one that was leased: nothing was kept. A holder that slept past its
            lease can still bring home what it got, as long as nobody else brought anything; it cannot overwrite.
        """

    async def give_back(self, lease: Lease, back: Back, *, now_ms: int) -> bool:
        """End the lease without a new pair. False where it is held by another by now, or the pair is another."""

    async def lapse(self, *, now_ms: int) -> int:
        """End the leases of processes that cannot live any more; how many. What they held falls due at once.

        All of them where an engine has one serving process; none where it cannot know: there leases run out.
        """

    async def confirm(self, kind: Kind, grant_id: str, *, now_ms: int) -> bool:
        """Make an unconfirmed grant active. False where it is not unconfirmed."""

    async def remove(self, kind: Kind, grant_id: str, *, at_ms: int, now_ms: int) -> bool:
        """Forget its tokens: it was uninstalled at that time. False where it is not, or was installed later."""

    async def remove_company(self, company_id: str, *, at_ms: int, now_ms: int) -> int:
        """Likewise for an agency with all its sub-accounts; how many grants were removed."""

    async def of_company(self, company_id: str, *, limit: int = 100, after: str = "") -> list[GrantRow]:
        """An agency's sub-accounts by id, beginning after that one."""

    async def page(
        self, *, kind: Kind | None = None, limit: int = 100, after: tuple[str, str] = ("", "")
    ) -> list[GrantRow]:
        """All grants by kind and id, or those of one kind, beginning after that kind and id."""

    async def counts(self, company_id: str | None = None) -> Mapping[Standing, int]:
        """How many sub-accounts stand how, in all or of one agency; each standing is named."""
