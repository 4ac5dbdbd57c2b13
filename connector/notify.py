"""Posts signed webhooks to addresses that rule books name (Standard Webhooks), and to no address inside our network."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import ClientError, ClientSession, ClientTimeout, InvalidURL, TCPConnector
from aiohttp.abc import AbstractResolver
from aiohttp.resolver import ThreadedResolver
from yarl import URL

from connector.crm.errors import NotDeliveredError, RefusedError
from connector.notify_secret import SECRET
from mappings.payload.standard_webhooks import key
from oauth.vault import place

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Mapping

    from aiohttp.abc import ResolveResult

    from oauth.keeper import SecretSource
    from oauth.vault import Vault

_TIMEOUT_S: Final = 10.0
_OK: Final = range(200, 300)
_FINAL: Final = frozenset(range(300, 500)) - {408, 425, 429}


class ForbiddenAddressError(OSError):
    """The address is inside a private network."""


class _Outside(AbstractResolver):
    """Only addresses of the public internet: looked at where the connection is made, no name can change meanwhile."""

    def __init__(self) -> None:
        self._resolver = ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = ...) -> list[ResolveResult]:  # type: ignore[assignment] # aiohttp always gives it
        found = await self._resolver.resolve(host, port, family)
        for one in found:
            must_be_public(one["host"])
        return found

    async def close(self) -> None:
        await self._resolver.close()


class Notify:
    """See `Notifier` (connector/actions/job.py). Redirects are not followed, answers not read.

    Args:
        source: where the sub-accounts' signing secrets are.
        vault: opens them.
        now_ms: epoch milliseconds.
        private: let addresses inside our own network be posted to, and plain http.
        timeout_s: how long a receiver has.
    """

    def __init__(
        self,
        source: SecretSource,
        vault: Vault,
        now_ms: Callable[[], int],
        *,
        private: bool = False,
        timeout_s: float = _TIMEOUT_S,
    ) -> None:
        self._source = source
        self._vault = vault
        self._now_ms = now_ms
        self._private = private
        self._timeout_s = timeout_s
        self._session: ClientSession | None = None

    async def send(self, location: str, url: str, body: Mapping[str, Any], *, message_id: str) -> None:
        """Post it, signed.

        Raises:
            RefusedError: no secret, a forbidden address, or a receiver that will never take it.
            NotDeliveredError: it may take it later.
        """
        address = self._address(url)
        sealed = await self._source.secret(location, SECRET)
        if sealed is None:
            raise RefusedError("notifications need a signing secret: `ringback location set LOC --notify-secret ...`")
        secret = self._vault.open(sealed, bound_to=place(location, SECRET))
        raw = orjson.dumps(body)
        try:
            async with self._opened().post(
                address,
                data=raw,
                headers=signed(secret, message_id, self._now_ms() // 1000, raw),
                allow_redirects=False,
            ) as answer:
                status = answer.status
        except InvalidURL as error:
            raise RefusedError(_NO_ADDRESS) from error
        except (ClientError, TimeoutError) as error:
            if isinstance(error.__cause__, ForbiddenAddressError):
                raise RefusedError(_FORBIDDEN) from error
            raise NotDeliveredError(f"{type(error).__name__}: {error}") from error
        if status in _FINAL:
            raise RefusedError(f"the receiver answered {status}")
        if status not in _OK:
            raise NotDeliveredError(f"the receiver answered {status}")

    async def close(self) -> None:
        """Let go of its connections."""
        if self._session is not None:
            await self._session.close()

    def _address(self, url: str) -> URL:
        """The address as the client will read it: what is looked at is what is asked, however it is written."""
        try:
            address = URL(url)
        except ValueError:
            raise RefusedError(_NO_ADDRESS) from None
        if self._private:
            return address
        if address.scheme != "https" or not address.host:
            raise RefusedError("notifications go to https addresses only")
        try:
            must_be_public(address.host)
        except ForbiddenAddressError:
            raise RefusedError(_FORBIDDEN) from None
        except ValueError:
            pass  # a name: looked at when it is resolved
        return address

    def _opened(self) -> ClientSession:
        if self._session is None:
            resolver = None if self._private else _Outside()
            self._session = ClientSession(
                connector=TCPConnector(resolver=resolver, limit=50, limit_per_host=5),
                timeout=ClientTimeout(total=self._timeout_s),
            )
        return self._session


def signed(secret: str, message_id: str, at_s: int, body: bytes) -> dict[str, str]:
    """The headers of Standard Webhooks (https://www.standardwebhooks.com, symmetric `v1`) for this body."""
    mac = hmac.digest(key(secret.encode()), f"{message_id}.{at_s}.".encode() + body, hashlib.sha256)
    return {
        "Content-Type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(at_s),
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def must_be_public(host: str) -> None:
    """Nothing for an address of the public internet.

    Raises:
        ForbiddenAddressError: it is not one.
        ValueError: it is a name.
    """
    address = ipaddress.ip_address(host.split("%", 1)[0])
    for one in (address, *_carried(address)):
        # Only of a mapped one does the address around it say nothing: that is never on the wire.
        if one.is_multicast or not (one.is_global or (one is address and getattr(address, "ipv4_mapped", None))):
            raise ForbiddenAddressError(host)


def _carried(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> list[ipaddress.IPv4Address]:
    """The IPv4 addresses inside one of IPv6, to which a network may pass it on: mapped, 6to4, NAT64, compatible."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found = [one for one in (address.ipv4_mapped, address.sixtofour) if one is not None]
    if any(address in network for network in _IPV4_AT_ITS_END):
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    return found


_IPV4_AT_ITS_END: Final = (ipaddress.IPv6Network("64:ff9b::/96"), ipaddress.IPv6Network("::/96"))
"""RFC 6052 (NAT64) and RFC 4291, section 2.5.5.1 (IPv4-compatible)."""
_NO_ADDRESS: Final = "the address to notify is none"
_FORBIDDEN: Final = "the address to notify is inside a private network, which this installation does not allow"
