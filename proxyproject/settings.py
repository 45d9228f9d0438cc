"""Django's settings, derived from what the operator set (``environment.py``)."""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from accounts.processes.redis_client import channels_host
from proxyproject import unused_imports
from proxyproject.data_directory import claim
from proxyproject.environment import BASE_DIR, read_environment
from proxyproject.logs import app_log
from proxyproject.postgresql.patience import with_patience

ENVIRONMENT = read_environment()


def _kept_secret(path: Path) -> str:
    """The secret kept in ``path`` (mode 0600), made on first use; two starting processes agree on one."""
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
            "ENGINE": "proxyproject.sqlite",
            "NAME": data_dir / "proxy.sqlite3",
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # A log that has once been long (a migration's) does not stay so.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
                " PRAGMA journal_size_limit=67108864;",
            },
        }
    if not url.startswith(("postgres://", "postgresql://")):
        raise SystemExit("DATABASE_URL must begin with postgresql:// (or be absent for SQLite)")
    try:
        parts = urlsplit(url)
        port = str(parts.port or "")
    except ValueError:  # it would repeat what stands there: a password with such a character in it
        raise SystemExit(
            "DATABASE_URL cannot be read: the port is a number; in a password / is %2F, ? is %3F, # is %23,"
            " [ is %5B, ] is %5D, and any other odd character is written so, too"
        ) from None
    query = dict(parse_qsl(parts.query))
    if not parts.path.lstrip("/") and "service" not in query:
        raise SystemExit("DATABASE_URL names no database: postgresql://user:password@host:5432/name")
    host = query.pop("host", "") or unquote(parts.hostname or "")
    return {
        "ENGINE": "proxyproject.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": port,
        "CONN_MAX_AGE": 0,  # each page is served in a thread of its own, where a kept one would be lost
        "OPTIONS": with_patience(query),  # libpq's: sslmode, sslrootcert, connect_timeout …
    }


def _redis_host(url: str) -> str | dict[str, object]:
    """``REDIS_URL`` as Channels takes it."""
    try:
        return channels_host(url)
    except ValueError as error:
        raise SystemExit(str(error)) from None


def _listed(text: str) -> list[str]:
    """What stands between the commas of ``text``."""
    return [part.strip() for part in text.split(",") if part.strip()]


DATA_DIR = ENVIRONMENT.proxy_data_dir.expanduser()
claim(DATA_DIR)
SECRET_KEY = ENVIRONMENT.proxy_secret_key or _kept_secret(DATA_DIR / "django_secret.key")
DEBUG = ENVIRONMENT.proxy_debug
ALLOWED_HOSTS = _listed(ENVIRONMENT.proxy_allowed_hosts)
CSRF_TRUSTED_ORIGINS = _listed(ENVIRONMENT.proxy_trusted_origins)
CORS_ORIGINS = frozenset(_listed(ENVIRONMENT.relay_cors_origins))

INSTALLED_APPS = [
    "proxyproject",
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "servestatic",
    "django.contrib.staticfiles",
    "channels",
    "ninja",  # the scripts of /api/docs
    "accounts",
    "relay",
    "monitor",
]

# For the operator's pages alone; the relay's paths do without (proxyproject/asgi.py). Each must be able to
# run asynchronously: a single one that is not sends every request to a thread.
MIDDLEWARE = [
    "proxyproject.login.gate.login_gate",
    "django.middleware.security.SecurityMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "proxyproject.login.known_sessions.remember_session",
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
        "DIRS": [BASE_DIR / "proxyproject" / "templates"],  # before the apps': it overrides unfold's pages
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
unused_imports.leave_out(uses_postgresql="postgresql" in str(DATABASES["default"]["ENGINE"]))
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
REDIS_URL = ENVIRONMENT.redis_url
CHANNEL_LAYERS: dict[str, dict[str, object]] = {
    "default": {
        # pubsub: 12,900 sends a second where the .core layer has 700
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [_redis_host(REDIS_URL)], "prefix": "evenkeel"},
    }
    if REDIS_URL
    else {"BACKEND": "channels.layers.InMemoryChannelLayer"}
}

LOGIN_REDIRECT_URL = "admin:index"  # the theme's form names no page when it was asked for by itself
LANGUAGE_CODE = ENVIRONMENT.proxy_language
LANGUAGES = [("en", "English"), ("ja", "日本語")]
LOCALE_PATHS = [BASE_DIR / "proxyproject" / "locale"]
USE_TZ = True
TIME_ZONE = ENVIRONMENT.proxy_time_zone

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Files are served from where the packages have them: nothing to collect, so a fresh start simply works.
SERVESTATIC_USE_FINDERS = True
SERVESTATIC_AUTOREFRESH = DEBUG
SERVESTATIC_MAX_AGE = 0 if DEBUG else 300
SERVESTATIC_ALLOW_ALL_ORIGINS = False

DATA_UPLOAD_MAX_MEMORY_SIZE = ENVIRONMENT.relay_max_body_bytes
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000  # requests that were chosen for an export
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

# Behind a TLS front. Without it cookies must travel over plain http, as they do to 127.0.0.1.
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = ENVIRONMENT.proxy_https
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "evenkeel_session", "evenkeel_csrf"  # cookies do not tell ports apart
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENVIRONMENT.proxy_https else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    "security.W004",  # HSTS and
    "security.W008",  # the redirect to https belong to the front that owns the certificate
]

LOGGING = app_log.configuration(
    DATA_DIR / "logs",
    ENVIRONMENT.proxy_log_level,
    keep_days=ENVIRONMENT.proxy_log_days,
    total_bytes=ENVIRONMENT.proxy_log_bytes,
)

# Unfold's purple; the shades of text are lighter on dark and darker on light, for a contrast over 4.5.
PRIMARY = {
    "50": "oklch(97.7% .014 308.299)",
    "100": "oklch(94.6% .033 307.174)",
    "200": "oklch(90.2% .063 306.703)",
    "300": "oklch(82.7% .119 306.383)",
    "400": "oklch(76% .16 305.5)",
    "500": "oklch(72% .19 305.5)",
    "600": "oklch(52% .27 302)",
    "700": "oklch(46% .25 302)",
    "800": "oklch(43.8% .218 303.724)",
    "900": "oklch(38.1% .176 304.987)",
    "950": "oklch(29.1% .149 302.717)",
}

UNFOLD = {
    "COLORS": {"primary": PRIMARY},
    "SITE_TITLE": "Evenkeel",
    "SITE_HEADER": "Evenkeel",
    "SITE_SYMBOL": "sailing",
    "SITE_URL": None,
    "DASHBOARD_CALLBACK": "proxyproject.pages.start_page.dashboard",
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda _request: f"/{STATIC_URL}evenkeel/favicon.svg",
        }
    ],
    "SHOW_LANGUAGES": True,
    "SCRIPTS": [
        lambda _request: f"/{STATIC_URL}evenkeel/theme.js",
        lambda _request: f"/{STATIC_URL}evenkeel/frame.js",
    ],
    "STYLES": [lambda _request: f"/{STATIC_URL}evenkeel/frame.css"],
    "SIDEBAR": {
        "show_search": True,
        "navigation": "proxyproject.pages.navigation.sections",
    },
}
