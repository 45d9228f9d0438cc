"""Every setting, read once from the environment (or a ``.env`` file) and checked by type.

``Environment`` is the list that an operator sees; docs/configuration.md documents each field and a
test holds the two together. Django's own names are derived from it below.
"""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from typing import Annotated
from urllib.parse import unquote, urlsplit

from pydantic import Field
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

BASE_DIR = Path(__file__).resolve().parent.parent


class Environment(BaseSettings):
    """The settings an operator may give; names are environment variables in upper case."""

    model_config = SettingsConfigDict(
        env_file=os.environ.get("PROXY_ENV_FILE", ".env"), extra="ignore", env_ignore_empty=True
    )

    proxy_data_dir: Path = Path.home() / ".antigravity_tools"
    proxy_secret_key: str = ""
    proxy_fernet_keys: str = ""
    proxy_debug: bool = False
    proxy_allowed_hosts: str = "127.0.0.1,localhost,[::1]"
    proxy_trusted_origins: str = ""
    proxy_language: str = "en"
    proxy_mask_emails: bool = False
    proxy_account_header: Annotated[str, Field(pattern="^(full|masked|off)$"), NoDecode] = "full"
    database_url: str = ""
    redis_url: str = ""

    relay_peek_timeout_seconds: float | None = None
    relay_thinking_timeout_seconds: float = 300
    relay_idle_timeout_seconds: float = 120
    relay_deadline_seconds: float = 600
    relay_patience_seconds: float = 15
    relay_keep_alive_seconds: float = 15
    relay_backoff_scale: float = 1.0
    relay_drain_seconds: float = 30
    relay_max_body_bytes: int = 100 * 1024 * 1024
    relay_connect_timeout_seconds: float = 10
    relay_signature_tool_limit: int = 500
    relay_signature_family_limit: int = 200
    relay_signature_session_limit: int = 1000

    monitor_record_bodies: bool = True
    monitor_body_cap_bytes: int = 1_000_000


ENVIRONMENT = Environment()


def _kept_secret(path: Path) -> str:
    """The secret kept in ``path`` (mode 0600), made on first use; two starting processes agree on one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as draft:  # made with mode 0600
            draft.write(secrets.token_urlsafe(50))
            draft.flush()
            with contextlib.suppress(FileExistsError):
                os.link(draft.name, path)
    return path.read_text()


def _database(url: str, data_dir: Path) -> dict[str, object]:
    """Django's DATABASES entry for ``DATABASE_URL``; without one, SQLite in the data directory."""
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": data_dir / "proxy.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError("DATABASE_URL must begin with postgresql:// (or be absent for SQLite)")
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(query.get("host") or parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
    }


DATA_DIR = ENVIRONMENT.proxy_data_dir.expanduser()
SECRET_KEY = ENVIRONMENT.proxy_secret_key or _kept_secret(DATA_DIR / "django_secret.key")
DEBUG = ENVIRONMENT.proxy_debug
ALLOWED_HOSTS = [host.strip() for host in ENVIRONMENT.proxy_allowed_hosts.split(",") if host.strip()]
CSRF_TRUSTED_ORIGINS = [o.strip() for o in ENVIRONMENT.proxy_trusted_origins.split(",") if o.strip()]

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "accounts",
    "relay",
    "monitor",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "proxyproject.urls"
ASGI_APPLICATION = "proxyproject.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "proxyproject" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": _database(ENVIRONMENT.database_url, DATA_DIR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = ENVIRONMENT.redis_url
LANGUAGE_CODE = ENVIRONMENT.proxy_language
LANGUAGES = [("en", "English"), ("ja", "日本語")]
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
DATA_UPLOAD_MAX_MEMORY_SIZE = ENVIRONMENT.relay_max_body_bytes
