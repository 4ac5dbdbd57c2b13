"""The marketplace's other side: an app that is installed, asks for tokens and hears events."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import orjson
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from connector.sandbox.apps import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.connector.sandbox.crm import Crm

CALLBACK = "http://127.0.0.1:8123/oauth/callback"
CLIENT = {"client_id": DEFAULT_CLIENT_ID, "client_secret": DEFAULT_CLIENT_SECRET}
AGENCY = "SandboxAgency"
LINK = {
    "response_type": "code",
    "client_id": DEFAULT_CLIENT_ID,
    "redirect_uri": CALLBACK,
    "scope": "contacts.readonly contacts.write oauth.readonly oauth.write",
    "version_id": "sandbox",
}


def chooser(**changed: str | None) -> str:
    """The chooser's address; a parameter that is None is left out."""
    query = {name: value for name, value in (LINK | changed).items() if value is not None}
    return f"/v2/oauth/chooselocation?{urlencode(query).replace('+', '%20')}"


def answered(url: str) -> dict[str, str]:
    """What the app is told at its redirect URI."""
    assert url.startswith(CALLBACK)
    return dict(parse_qsl(urlsplit(url).query))


async def choose(crm: Crm, form: Mapping[str, Any] | list[tuple[str, str]], **changed: str | None) -> tuple[int, str]:
    """Press a button of the chooser: the status, and where it leads (or the page)."""
    async with crm.client.post(chooser(**changed), data=form, allow_redirects=False) as response:
        return response.status, response.headers.get("Location") or await response.text()


async def token(crm: Crm, version: str | None = None, **form: str) -> tuple[int, Any]:
    """POST /oauth/token as a form, with the default app's credentials in the old spelling."""
    headers = {} if version is None else {"Version": version}
    async with crm.client.post("/oauth/token", data=form if version == "v3" else CLIENT | form, headers=headers) as got:
        return got.status, await got.json()


async def exchanged(crm: Crm, code: str) -> Any:
    status, answer = await token(crm, grant_type="authorization_code", code=code)
    assert status == 200, answer
    return answer


async def installed(crm: Crm, *locations: str, **how: Any) -> Any:
    """The tokens of an install."""
    return await exchanged(crm, consented(crm, *locations, **how))


def consented(crm: Crm, *locations: str, **how: Any) -> str:
    """The code of an install that nobody has asked tokens for yet."""
    return crm.sandbox.market.consent(DEFAULT_CLIENT_ID, redirect_uri=CALLBACK, locations=locations, **how)


async def refreshed(crm: Crm, refresh_token: str) -> tuple[int, Any]:
    return await token(crm, grant_type="refresh_token", refresh_token=refresh_token)


@dataclass
class Receiver:
    """A webhook's receiver; `answers` are the next statuses, 200 after them."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    requests: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [orjson.loads(body) for _, body in self.requests]

    @property
    def kinds(self) -> list[tuple[str, str | None]]:
        return [(one["type"], one.get("locationId")) for one in self.events]

    async def hear(self, request: web.Request) -> web.Response:
        self.requests.append((request.headers.copy(), await request.read()))
        return web.Response(status=self.answers.pop(0) if self.answers else 200)


def verify(pem: str, signature: str, body: bytes) -> None:
    """Raises InvalidSignature where it is not the key's."""
    key = load_pem_public_key(pem.encode())
    assert isinstance(key, Ed25519PublicKey)
    key.verify(base64.b64decode(signature), body)
