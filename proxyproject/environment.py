"""The settings that an operator sees: read from the environment (or a ``.env`` file), checked by type.

docs/configuration.md documents each field, and a test holds the two together.
"""

import os
import re
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    Field,
    FiniteFloat,
    NonNegativeInt,
    PositiveInt,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from monitor.object_store.place import place_of
from monitor.retention.bounds import MOST_DAYS

BASE_DIR = Path(__file__).resolve().parent.parent

_CENTURY_SECONDS = MOST_DAYS * 86_400
_Positive = Annotated[FiniteFloat, Field(gt=0, le=_CENTURY_SECONDS)]
_NotNegative = Annotated[FiniteFloat, Field(ge=0, le=_CENTURY_SECONDS)]
"""Behind a longer one no calendar has a moment: for what shall never end a century is enough."""
_Days = Annotated[FiniteFloat, Field(ge=0, le=MOST_DAYS)]


def _origins(text: str) -> str:
    """``text`` if each part is ``*`` or an origin: scheme, host, perhaps port, nothing behind."""
    for part in text.split(","):
        if part.strip() and not re.fullmatch(r"\*|https?://[^/\s*]+", part.strip()):
            raise ValueError("must be origins like https://app.example.org, separated by commas, or *")
    return text


def _trusted(text: str) -> str:
    """``text`` if each part is an origin as browsers write it, ``*.`` before its host allowed."""
    for part in filter(None, map(str.strip, text.split(","))):
        scheme, _, host = part.partition("://")
        if scheme not in {"http", "https"} or not host or "/" in host:
            raise ValueError("must be origins like https://proxy.example.org, separated by commas")
    return text


def _address(text: str) -> str:
    """``text`` without a slash at its end, if it is the address of a server."""
    if text and not re.fullmatch(r"https?://[^/\s*]+/?", text):
        raise ValueError("must be an address like https://relay.example.org")
    return text.rstrip("/")


def _body_store(url: str) -> str:
    """``url`` if it names a bucket."""
    place_of(url)
    return url


def _known_zone(name: str) -> str:
    """``name`` if it is a time zone's."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError("must be the name of a time zone, like Europe/Berlin or Asia/Tokyo") from None
    return name


class Environment(BaseSettings):
    """The settings an operator may give; names are environment variables in upper case."""

    # env_ignore_empty: a variable that is set to nothing counts as not set, as compose files do it.
    model_config = SettingsConfigDict(
        env_file=os.environ.get("PROXY_ENV_FILE", ".env"), extra="ignore", env_ignore_empty=True
    )

    proxy_data_dir: Path = Path("~/.antigravity_tools")
    proxy_secret_key: str = ""
    proxy_fernet_keys: str = ""
    proxy_debug: bool = False
    proxy_allowed_hosts: str = "127.0.0.1,localhost,[::1]"
    proxy_trusted_origins: Annotated[str, AfterValidator(_trusted)] = ""
    proxy_https: bool = False
    proxy_pages_port: Annotated[int, Field(ge=0, le=65535)] = 0
    proxy_pages_host: str = ""
    proxy_client_url: Annotated[str, AfterValidator(_address)] = ""
    proxy_figures_for: Annotated[str, Field(pattern="^(loopback|everybody)$")] = "loopback"
    proxy_figures_token: str = ""
    proxy_language: Annotated[str, Field(pattern="^(en|ja)$")] = "en"
    proxy_time_zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    proxy_mask_emails: bool = False
    proxy_account_header: Annotated[str, Field(pattern="^(full|masked|off)$")] = "full"
    proxy_log_level: Annotated[str, Field(pattern="^(DEBUG|INFO|WARNING|ERROR)$")] = "INFO"
    proxy_log_days: PositiveInt = 30
    proxy_log_bytes: Annotated[int, Field(ge=1_000_000)] = 1_000_000_000
    database_url: str = ""
    redis_url: str = ""

    proxy_header_timeout_seconds: _Positive = 20
    proxy_body_timeout_seconds: _Positive = 30
    proxy_body_bytes_per_second: PositiveInt = 2048
    proxy_idle_connection_seconds: _Positive = 75
    proxy_unread_timeout_seconds: _Positive = 600
    proxy_connections_per_address: NonNegativeInt = 1000
    proxy_held_body_bytes: PositiveInt = 512 * 1024 * 1024
    proxy_stall_seconds: _Positive | None = None

    relay_peek_timeout_seconds: _Positive | None = None
    relay_thinking_timeout_seconds: _Positive = 300
    relay_idle_timeout_seconds: _Positive = 120
    relay_settle_seconds: _Positive = 5
    relay_unknown_limits: Annotated[str, Field(pattern="^(open|closed)$")] = "open"
    relay_deadline_seconds: _Positive = 600
    relay_patience_seconds: _NotNegative = 15
    relay_keep_alive_seconds: _Positive = 15
    relay_backoff_scale: _NotNegative = 1.0
    relay_retry_share: _NotNegative = 0.2
    relay_retry_floor: Annotated[int, Field(ge=0)] = 10
    relay_retry_queue: Annotated[int, Field(ge=0)] = 1000
    relay_breaker_attempts: Annotated[int, Field(ge=0)] = 20
    relay_breaker_share: Annotated[float, Field(gt=0, le=1)] = 0.95
    relay_breaker_seconds: _Positive = 5
    relay_lame_duck_seconds: _NotNegative = 0
    relay_drain_seconds: _NotNegative = 30
    relay_max_body_bytes: PositiveInt = 100 * 1024 * 1024
    relay_max_answer_bytes: PositiveInt = 128 * 1024 * 1024
    relay_max_event_bytes: PositiveInt = 64 * 1024 * 1024
    relay_connect_timeout_seconds: _Positive = 10
    relay_cors_origins: Annotated[str, AfterValidator(_origins)] = ""
    relay_signature_tool_limit: PositiveInt = 500
    relay_signature_family_limit: PositiveInt = 200
    relay_signature_session_limit: PositiveInt = 1000

    pool_slot_wait_seconds: _NotNegative = 10
    pool_admission_wait_seconds: _NotNegative = 2
    pool_rebind_after_seconds: _NotNegative = 300
    pool_session_limit: PositiveInt = 10_000
    pool_quota_mark_seconds: Annotated[tuple[_NotNegative, ...], Field(min_length=1)] = (
        60,
        300,
        1800,
        7200,
    )
    pool_rate_limit_mark_seconds: _NotNegative = 30
    pool_capacity_mark_seconds: _NotNegative = 15
    pool_unknown_limit_mark_seconds: _NotNegative = 60
    pool_forbidden_mark_seconds: _NotNegative = 600
    pool_missing_model_mark_seconds: _NotNegative = 300
    pool_credential_mark_seconds: _NotNegative = 300
    pool_soft_mark_seconds: _NotNegative = 20

    monitor_record_bodies: bool = True
    monitor_body_cap_bytes: NonNegativeInt = 1_000_000
    monitor_body_store: Annotated[str, AfterValidator(_body_store)] = ""
    monitor_retention_days: _Days = 30
    monitor_retention_bytes: NonNegativeInt = 5_000_000_000

    @model_validator(mode="after")
    def _clients_find_the_relay(self) -> Self:
        if self.proxy_pages_port and not self.proxy_client_url:
            raise ValueError("PROXY_PAGES_PORT needs PROXY_CLIENT_URL: the pages tell clients where to go")
        return self


def read_environment() -> Environment:
    """The environment, or a sentence for each field that is wrong; never a value, for it may be a secret."""
    try:
        return Environment()
    except ValidationError as error:
        wrong = "\n".join(
            "  " + ": ".join(filter(None, (".".join(map(str, e["loc"])).upper(), e["msg"])))
            for e in error.errors()
        )
        raise SystemExit(f"These settings cannot be used (see docs/configuration.md):\n{wrong}") from None
