"""PURE: requests for grants, and their answers decoded strictly. Whatever is not wholly a grant becomes none.

Fields: the CRM's OpenAPI (`/oauth/token`, `/oauth/locationToken`) and RFC 6749, section 5.1. One switch, `v3`, decides
between the old form (snake_case, no `Version` header) and the new one; answers are read in either spelling.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

import orjson

from oauth.refusal import MalformedGrantError
from oauth.standing import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_NEW_SPELLING: Final = {
    "access_token": "accessToken",
    "refresh_token": "refreshToken",
    "expires_in": "expiresIn",
    "token_type": "tokenType",
    "client_id": "clientId",
    "client_secret": "clientSecret",
    "grant_type": "grantType",
    "redirect_uri": "redirectUri",
    "user_type": "userType",
}
_SECRETS: Final = {"client_secret", "clientSecret", "code", "refresh_token", "refreshToken"}
_LONGEST_TOKEN: Final = 16_384
_LONGEST_LIFE_S: Final = 366 * 86_400
_AHEAD: Final = 0.75
_SPREAD: Final = 0.15
_MARGIN_MS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Client:
    """Our app's credentials, from the marketplace's portal, and which form of request it speaks."""

    client_id: str
    client_secret: str = field(repr=False)
    v3: bool = False


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A form to be posted to `path`; `version` None: without that header."""

    verb: str
    path: str
    form: Mapping[str, str] = field(repr=False)
    version: str | None = None

    @property
    def body(self) -> bytes:
        """The form, encoded (application/x-www-form-urlencoded)."""
        return urlencode(self.form).encode()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What of it must not be shown, should an answer repeat it."""
        return tuple(value for name, value in self.form.items() if name in _SECRETS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Tokens for one agency or one sub-account, and what the CRM told with them; times are epoch milliseconds."""

    kind: Kind
    company_id: str
    location_id: str | None
    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    """None for one that was minted from the agency's grant: it is minted again."""
    obtained_ms: int
    expires_ms: int
    scopes: tuple[str, ...]
    user_id: str | None = None
    """Who installed."""
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)
    """All else that the answer held, under its own names."""

    @property
    def id(self) -> str:
        """Whom it speaks for: the sub-account, or the agency."""
        return self.location_id if self.location_id is not None else self.company_id

    @property
    def is_bulk(self) -> bool:
        """Whether an agency installed it for sub-accounts, whose tokens are to be minted."""
        return self.extra.get("isBulkInstallation") is True

    @property
    def future(self) -> bool:
        """Whether sub-accounts made later are to have it as well."""
        return self.extra.get("installToFutureLocations") is True

    def refresh_from_ms(self, spread: float) -> int:
        """When to refresh ahead: at 75 to 90 % of its life; `spread` (0..1) keeps many from coming at once."""
        return self.obtained_ms + int((self.expires_ms - self.obtained_ms) * (_AHEAD + _SPREAD * spread))

    @property
    def usable_until_ms(self) -> int:
        """Until when it may be sent: 20 s (of a short life, a tenth) before it expires, for clocks that differ."""
        return self.expires_ms - min(_MARGIN_MS, (self.expires_ms - self.obtained_ms) // 10)

    def to_json(self) -> str:
        """All of it, tokens included: to be sealed."""
        fields = {name: getattr(self, name) for name in self.__slots__}
        return orjson.dumps(fields).decode()

    @staticmethod
    def from_json(text: str) -> Grant:
        """What `to_json` made."""
        fields = orjson.loads(text)
        return Grant(**{**fields, "kind": Kind(fields["kind"]), "scopes": tuple(fields["scopes"])})


def authorization_code(
    client: Client, code: str, *, redirect_uri: str | None = None, kind: Kind | None = None
) -> TokenRequest:
    """Exchange a code (RFC 6749, section 4.1.3); it works once."""
    return _token(client, "exchange_code", "authorization_code", code=code, redirect_uri=redirect_uri, user_type=kind)


def refresh(client: Client, refresh_token: str, *, kind: Kind) -> TokenRequest:
    """A new pair for an old one (RFC 6749, section 6), which dies with it; the CRM repeats its answer for 30 s."""
    return _token(client, "refresh_grant", "refresh_token", refresh_token=refresh_token, user_type=kind)


def location_token(company_id: str, location_id: str, *, v3: bool = False) -> TokenRequest:
    """Mint a sub-account's token; to be sent with its agency's access token."""
    form = {"companyId": company_id, "locationId": location_id}
    if v3:
        return TokenRequest("mint_token", "/oauth/location-token", form, "v3")
    return TokenRequest("mint_token", "/oauth/locationToken", form, "2021-07-28")


def decode_installed(body: bytes, *, now_ms: int) -> Grant:
    """The grant for a code: every field that the CRM always sends must be there.

    Args:
        body: Of an answer with a status of success.
        now_ms: When it was asked for; its life is counted from then.

    Raises:
        MalformedGrantError: it is not wholly a grant.
    """
    return _decode(_answer(body), known={}, rotates=True, now_ms=now_ms)


def decode_refreshed(body: bytes, *, before: Grant, now_ms: int) -> Grant:
    """The grant for a refresh token. The old pair is dead, so all but the tokens may be missing; nothing contradicts.

    Raises:
        MalformedGrantError: it is not wholly a grant, or one for somebody else.
    """
    known = {
        "userType": before.kind.value,
        "companyId": before.company_id,
        "locationId": before.location_id,
        "scope": " ".join(before.scopes),
        "userId": before.user_id,
        "token_type": "Bearer",
        "expires_in": (before.expires_ms - before.obtained_ms) // 1000,
    }
    return _decode(_answer(body), known={**before.extra, **known}, rotates=True, now_ms=now_ms)


def decode_minted(body: bytes, *, company_id: str, location_id: str, now_ms: int) -> Grant:
    """The grant minted for a sub-account; it need not have a refresh token.

    Raises:
        MalformedGrantError: it is not wholly a grant, or one for somebody else.
    """
    known = {"userType": Kind.LOCATION.value, "companyId": company_id, "locationId": location_id}
    return _decode(_answer(body), known=known, rotates=False, now_ms=now_ms)


def missing(granted: Iterable[str], needed: Mapping[str, str]) -> dict[str, str]:
    """The scopes that are needed and were not granted, each with the feature that it is needed for."""
    have = set(granted)
    return {scope: feature for scope, feature in needed.items() if scope not in have}


def is_token(value: object) -> bool:
    """Whether a header can carry it: anything else could end that header, or begin another (RFC 6750, section 2.1)."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= _LONGEST_TOKEN
        and value.isascii()
        and value.isprintable()
        and " " not in value
    )


def _token(client: Client, verb: str, grant_type: str, **more: str | None) -> TokenRequest:
    form = {
        "client_id": client.client_id,
        "client_secret": client.client_secret,
        "grant_type": grant_type,
        **{name: str(value) for name, value in more.items() if value is not None},
    }
    if client.v3:
        spelt = {_NEW_SPELLING.get(name, name): value for name, value in form.items()}
        return TokenRequest(verb, "/oauth/token", spelt, "v3")
    return TokenRequest(verb, "/oauth/token", form)


def _answer(body: bytes) -> dict[str, Any]:
    """The answer's fields, the few with two spellings under the old one; what is null counts as not there."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise MalformedGrantError("the answer is no JSON") from None
    if not isinstance(answer, dict):
        raise MalformedGrantError("the answer is no JSON object")
    if answer.get("error") or answer.get("statusCode") not in (None, 200, 201):
        raise MalformedGrantError("the answer has a status of success and tells of an error")
    old = {new: old for old, new in _NEW_SPELLING.items() if new != "userType"}
    return {str(old.get(name, name)): value for name, value in answer.items() if value is not None}


def _decode(answer: dict[str, Any], *, known: Mapping[str, Any], rotates: bool, now_ms: int) -> Grant:
    for name in ("userType", "companyId", "locationId"):
        if known.get(name) is not None and answer.get(name, known[name]) != known[name]:
            raise MalformedGrantError(f"the answer is for another {name}")
    left = {**known, **answer}
    token_type = left.pop("token_type", None)
    if not isinstance(token_type, str) or token_type.lower() != "bearer":
        raise MalformedGrantError("the answer's token_type is not Bearer")
    access_token = _secret(left, "access_token")
    refresh_token = _secret(left, "refresh_token") if rotates or "refresh_token" in left else None
    kind = _kind(left)
    location_id = _text(left, "locationId") if kind is Kind.LOCATION else None
    user_id = left.pop("userId", None)
    return Grant(
        kind=kind,
        company_id=_text(left, "companyId"),
        location_id=location_id,
        access_token=access_token,
        refresh_token=refresh_token,
        obtained_ms=now_ms,
        expires_ms=now_ms + _life_s(left) * 1000,
        scopes=tuple(_text(left, "scope").split()),
        user_id=user_id if isinstance(user_id, str) else None,
        extra=left,
    )


def _secret(left: dict[str, Any], name: str) -> str:
    value = left.pop(name, None)
    if not isinstance(value, str) or not is_token(value):
        raise MalformedGrantError(f"the answer has no usable {name}")
    return value


def _text(left: dict[str, Any], name: str) -> str:
    value = left.pop(name, None)
    if not isinstance(value, str) or not value.strip():
        raise MalformedGrantError(f"the answer has no {name}")
    return value


def _kind(left: dict[str, Any]) -> Kind:
    try:
        return Kind(_text(left, "userType"))
    except ValueError:
        raise MalformedGrantError("the answer's userType is neither Company nor Location") from None


def _life_s(left: dict[str, Any]) -> int:
    """Seconds; some servers write them as text. One that is over already still has a refresh token worth keeping."""
    value = left.pop("expires_in", None)
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = float(value[:12])
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MalformedGrantError("the answer has no usable expires_in")
    return int(min(max(value, 0), _LONGEST_LIFE_S))
