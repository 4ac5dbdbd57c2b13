"""`POST /oauth/token`, in the old spelling and in v3's.

Source: the vendor's OpenAPI files for OAuth, both generations; its words for errors are nowhere listed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import parse_qsl

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from connector.sandbox.bodies import Text
from connector.sandbox.exchange import Refusal, violations
from connector.sandbox.marketplace import ADMIN

if TYPE_CHECKING:
    from collections.abc import Mapping

    from connector.sandbox.exchange import Answer
    from connector.sandbox.state import Record, Sandbox
    from connector.sandbox.tokens import Pair

_RENAMED: Final = ("access_token", "token_type", "expires_in", "refresh_token")
"""What v3 writes in camelCase; the other fields have always been."""


class TokenForm(BaseModel):
    """The request, in snake_case."""

    model_config = ConfigDict(extra="forbid", strict=True)
    client_id: Text
    client_secret: Text
    grant_type: Literal["authorization_code", "refresh_token", "client_credentials"]
    code: str | None = None
    refresh_token: str | None = None
    user_type: Literal["Company", "Location"] | None = None
    redirect_uri: str | None = None


class TokenFormV3(TokenForm):
    """The same in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel)


def token(sandbox: Sandbox, headers: Mapping[str, str], raw: bytes) -> Answer:
    """Tokens for a code or a refresh token; which kind follows from the install, not from `user_type`.

    Raises:
        Refusal: the form is wrong (422, in v3 400), the client (401) or what it brings (400).
    """
    v3 = headers.get("Version") == "v3"
    form = _form(fields(headers, raw), v3=v3)
    app = sandbox.market.apps.get(form.client_id)
    if app is None or app.client_secret != form.client_secret:
        raise Refusal(401, "Invalid client: client credentials are invalid")
    if form.grant_type == "authorization_code":
        pair = sandbox.market.exchange(app, _needed(form, "code", v3=v3), form.redirect_uri)
    elif form.grant_type == "refresh_token":
        pair = sandbox.market.refresh(app, _needed(form, "refresh_token", v3=v3))
    else:
        raise Refusal(400, "Unsupported grant type: client_credentials")
    return 200, spelt(_shown(pair, sandbox), v3=v3)


def fields(headers: Mapping[str, str], raw: bytes) -> Any:
    """A form's fields, or a JSON body's.

    Raises:
        Refusal: it is neither (415), or no JSON (400).
    """
    kind = headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(raw.decode(errors="replace"), keep_blank_values=True))
    if kind != "application/json":
        raise Refusal(415, "Unsupported Media Type")
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Refusal(400, "Unexpected token in JSON") from None


def tokens_of(pair: Pair, sandbox: Sandbox) -> Record:
    """What every token answer holds, in the old spelling."""
    grant = pair.grant
    shown: Record = {
        "access_token": pair.access,
        "token_type": "Bearer",
        "expires_in": ((grant.expires_ms or 0) - sandbox.clock_ms()) // 1000,
        "scope": " ".join(sorted(grant.scopes or ())),
        "userType": "Location" if grant.location_id else "Company",
        "companyId": grant.company_id,
        "userId": ADMIN,
    }
    if grant.location_id:
        shown["locationId"] = grant.location_id
    if pair.refresh:
        shown |= {"refresh_token": pair.refresh, "refreshTokenId": pair.refresh_id}
    return shown


def spelt(answer: Record, *, v3: bool) -> Record:
    """The answer as this version writes it."""
    return {to_camel(name) if v3 and name in _RENAMED else name: value for name, value in answer.items()}


def _shown(pair: Pair, sandbox: Sandbox) -> Record:
    install = pair.grant.install
    shown = tokens_of(pair, sandbox) | {"isBulkInstallation": install is not None and install.bulk}
    if install is not None and install.location_id is None and pair.grant.location_id is None:
        shown |= {"approveAllLocations": install.everywhere, "installToFutureLocations": install.future}
    return shown


def _form(given: Any, *, v3: bool) -> TokenForm:
    model = TokenFormV3 if v3 else TokenForm
    try:
        return model.model_validate(given)
    except ValidationError as error:
        if not v3:
            raise Refusal(422, violations(error)) from None
        first = error.errors()[0]
        kind = "Missing" if first["type"] in {"missing", "string_too_short"} else "Invalid"
        raise Refusal(400, f"{kind} parameter: {first['loc'][0] if first['loc'] else 'body'}") from None


def _needed(form: TokenForm, name: str, *, v3: bool) -> str:
    value = getattr(form, name)
    if value:
        return str(value)
    if v3:
        raise Refusal(400, f"Missing parameter: {to_camel(name)}")
    raise Refusal(422, [f"{name} should not be empty"])
