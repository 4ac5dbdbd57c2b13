"""Settings: RINGBACK_* from the environment, `.env` and a TOML file, with the origin of each for `ringback doctor`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from connector.crm_events.key import CRM_KEY
from connector.errors import UsageError

PREFIX = "RINGBACK_"


class Settings(BaseSettings):
    """What an operator can set; every field is `RINGBACK_<NAME>` in the environment and `<name>` in the TOML file."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", toml_file="ringback.toml", extra="ignore", frozen=True
    )

    database_url: str = "sqlite:///ringback.db"
    """Where calls are kept: `sqlite:///file` (relative), `sqlite:////file` (absolute)."""
    host: str = "127.0.0.1"
    """The address `ringback serve` listens on."""
    port: int = Field(default=8080, ge=0, le=65535)
    """The port `ringback serve` listens on; 0 takes a free one."""
    public_url: str | None = None
    """What trunks and the CRM see, such as https://calls.example.com; needed for signatures over the URL."""
    trust_proxy: bool = False
    """Believe X-Forwarded-Proto and X-Forwarded-Host when RINGBACK_PUBLIC_URL is not set."""
    crm_url: str = "https://services.leadconnectorhq.com"
    """The CRM's API; the sandbox or a test double goes here."""
    crm_burst: str = Field(default="100/10s", pattern=r"^(off|[1-9]\d{0,5}/[1-9]\d{0,4}(s|m|h))$")
    """Requests per window and sub-account, `off` for a benchmark."""
    crm_daily: int = Field(default=200_000, ge=1)
    """Requests per day and sub-account."""
    crm_timeout_s: float = Field(default=10.0, gt=0, le=120)
    """How long one request to the CRM may take, in seconds."""
    settle_s: float = Field(default=10.0, ge=0, le=300)
    """How long to wait, in seconds, before reading back a write whose outcome is unknown."""
    client_id: str | None = None
    """The marketplace app's client id; with its secret, sub-accounts can be installed from the marketplace."""
    client_secret: SecretStr | None = None
    """The marketplace app's client secret."""
    version_id: str | None = None
    """The marketplace app's version that is installed; the client id before its hyphen when not set."""
    oauth_host: str = "https://marketplace.gohighlevel.com"
    """Where admins choose sub-accounts and consent."""
    oauth_white_label: str = "https://marketplace.leadconnectorhq.com"
    """The same for white-label agencies (`/oauth/install?white_label=1`)."""
    oauth_v3: bool = False
    """Ask for tokens in the CRM's v3 form; answers are read in either form."""
    oauth_concurrency: int = Field(default=8, ge=1, le=100)
    """Sub-accounts of agency installs that are connected at a time."""
    crm_event_keys: Annotated[tuple[str, ...], NoDecode] = (CRM_KEY,)
    """Ed25519 public keys that the CRM signs its events with, separated by commas (PEM or base64); none: no events."""
    sso_secret: SecretStr | None = None
    """The marketplace app's shared secret for signed-in users: without it nobody signs in to our pages in the CRM."""
    frame_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Hosts that may show our pages in a frame, separated by commas, such as https://app.example.com; none: any https
    host."""
    workflow_secret: SecretStr | None = None
    """What the CRM's workflow builder sends us as X-Ringback-Secret: long and random; nobody gets in without."""
    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(), validation_alias=AliasChoices("RINGBACK_SECRET_KEYS", "secret_keys")
    )
    """Fernet keys, newest first, separated by commas; made on first start beside the SQLite file when not set."""
    body_limit: int = Field(default=1024 * 1024, ge=1024, le=64 * 1024 * 1024)
    """The largest webhook body taken, in bytes, after decompression."""
    queue_limit: int = Field(default=1_000_000, ge=1)
    """Deliveries that may wait in all before new calls are answered 503."""
    queue_limit_per_location: int = Field(default=200_000, ge=1)
    """Deliveries of one sub-account that may wait before its new calls are answered 429."""
    backlog: Literal["oldest", "fresh"] = "oldest"
    """After an outage, bring the oldest calls first, or the fresh ones; calls of one contact keep their order."""
    keep_days: int = Field(default=90, ge=2)
    """How long finished deliveries are kept, in days; what waits or is parked is never forgotten."""
    keep_quarantined_days: int | None = Field(default=None, ge=1)
    """How long quarantined requests (raw bodies) are kept, in days; not set: until they are replayed."""
    api_key: SecretStr | None = None
    """The operator's key for /api/v1 (Authorization: Bearer ...); without it only keys made by `ringback key` enter."""
    api_rate: str = Field(default="100/10s", pattern=r"^(off|[1-9]\d{0,5}/[1-9]\d{0,4}(s|m|h))$")
    """Requests per window that each API key may make, `off` for any number; the operator's own key is not counted."""
    dedup_ids: int = Field(default=200_000, ge=1)
    """Events remembered in memory for 24 hours; beyond that the database answers."""
    concurrency: int = Field(default=64, ge=1, le=1000)
    """Deliveries worked on at a time."""
    concurrency_per_location: int = Field(default=8, ge=1, le=100)
    """Deliveries worked on at a time for one sub-account."""
    grace_s: float = Field(default=5.0, ge=0, le=60)
    """How long a call whose trunk tells much in other events waits for them, in seconds."""
    stale_hours: float = Field(default=12.0, gt=0)
    """After how many hours a call that began and never ended is closed, and said so."""
    max_tries: int = Field(default=12, ge=1, le=100)
    """Tries of one delivery before it is parked; pauses of the whole sub-account do not count."""
    drain_s: float = Field(default=20.0, ge=0, le=600)
    """How long a clean stop waits for what is in flight, in seconds."""
    notify_private: bool = False
    """Let rule books notify addresses inside your own network, and by plain http."""
    log_format: Literal["json", "console"] = "json"
    """Logs as JSON lines or for a terminal."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least level that is logged."""

    @field_validator("secret_keys", "crm_event_keys", "frame_hosts", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("crm_event_keys")
    @classmethod
    def _are_keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if value != (CRM_KEY,):
            from connector.crm_events.verify import public_keys  # noqa: PLC0415 - 0.3 s that few commands need

            public_keys(value)
        return value

    @field_validator("frame_hosts")
    @classmethod
    def _are_hosts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for host in value:  # they go into a header: nothing but an origin
            if re.fullmatch(r"https?://(\*\.)?[A-Za-z0-9.-]+(:(\d{1,5}|\*))?", host) is None:
                raise ValueError(f"{host!r} is no host such as https://app.example.com or https://*.example.com")
        return value

    @field_validator("public_url", "crm_url", "oauth_host", "oauth_white_label")
    @classmethod
    def _bare(cls, value: str | None) -> str | None:
        if value is not None and not value.startswith(("http://", "https://")):
            raise ValueError("must start with http:// or https://")
        return None if value is None else value.rstrip("/")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is pydantic-settings'
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The command line first, then the environment, `.env`, the TOML file."""
        toml = os.environ.get(f"{PREFIX}CONFIG", "ringback.toml")
        return (init_settings, env_settings, dotenv_settings, TomlConfigSettingsSource(settings_cls, Path(toml)))


def load(**overrides: Any) -> Settings:
    """The settings as they stand.

    Raises:
        UsageError: a value cannot be what was given; names the setting.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        wrong = "; ".join(f"{_setting(e['loc'])}: {e['msg']}" for e in error.errors())
        raise UsageError(
            f"A setting cannot be what was given: {wrong}.",
            means="nothing was started, nothing was changed.",
            do="correct it in the environment, .env or ringback.toml, then look at `ringback doctor`.",
        ) from None


def _setting(loc: tuple[int | str, ...]) -> str:
    name = str(loc[0]) if loc else "settings"
    return name if name.startswith(PREFIX) else f"{PREFIX}{name.upper()}"


def origins() -> dict[str, str]:
    """Where each setting's value comes from, by field name: `environment`, `.env`, the TOML file, or `default`."""
    init, env, dotenv, toml = _sources()
    del init
    found = dict.fromkeys(Settings.model_fields, "default")
    toml_name = os.environ.get(f"{PREFIX}CONFIG", "ringback.toml")
    for source, label in ((toml, toml_name), (dotenv, ".env"), (env, "environment")):
        for key in source():
            name = key.removeprefix(PREFIX).lower()
            if name in found:
                found[name] = label
    return found


def _sources() -> tuple[PydanticBaseSettingsSource, ...]:
    from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource, InitSettingsSource  # noqa: PLC0415 - doctor only

    return Settings.settings_customise_sources(
        Settings,
        InitSettingsSource(Settings, {}),
        EnvSettingsSource(Settings),
        DotEnvSettingsSource(Settings),
        InitSettingsSource(Settings, {}),
    )


def unknown_names() -> list[str]:
    """RINGBACK_* names in the environment that are no setting: most likely misspelt."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {f"{PREFIX}CONFIG"}
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)
