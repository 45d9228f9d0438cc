"""Each setting is typed, documented, and told in words when it is wrong."""

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils.module_loading import import_string
from pydantic_core import PydanticUndefined

from proxyproject.environment import Environment, read_environment
from proxyproject.postgresql.patience import TOLD_LIBPQ
from tests.running_server import ROOT

FIELDS = Environment.model_fields
ROWS = re.findall(
    r"^\| `([A-Z_]+)` \| (–|`[^`]*`) \| (.+) \|$", (ROOT / "docs/configuration.md").read_text(), re.M
)


def as_written(default: object) -> str:
    """A default as a person writes it into the environment; nothing where there is none."""
    match default:
        case None | "":
            return ""
        case bool():
            return "true" if default else "false"
        case int() | float():
            return f"{default:.15g}"
        case tuple():
            return json.dumps(default)
        case _:
            return str(default)


def settings_in_a_process(tmp_path: Path, code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``code`` after ``from proxyproject import settings`` in a process with this environment alone."""
    world = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PROXY_ENV_FILE": ""} | environment
    command = [sys.executable, "-c", f"from proxyproject import settings; {code}"]
    return subprocess.run(command, cwd=ROOT, env=world, capture_output=True, text=True)


def test_every_setting_is_documented() -> None:
    """docs/configuration.md has a row for each setting, in the same order, and no other."""
    assert [name for name, _, _ in ROWS] == [name.upper() for name in FIELDS]


def test_the_documented_default_is_the_real_one(subtests: pytest.Subtests) -> None:
    """Each row shows the default as one would write it, and says what the setting is for."""
    for name, default, meaning in ROWS:
        with subtests.test(f"{name, default, meaning!r:.120}"):
            field = FIELDS[name.lower()]
            assert field.default is not PydanticUndefined
            assert default.strip("`–") == as_written(field.default)
            assert len(meaning) > 20


@pytest.mark.outside
def test_the_example_file_names_every_setting() -> None:
    """.env.example lists all of them, commented out, with their defaults."""
    lines = re.findall(r"^# ?([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.M)
    assert dict(lines) == {name.upper(): as_written(field.default) for name, field in FIELDS.items()}


def test_no_document_names_a_setting_that_does_not_exist() -> None:
    """Documents, Dockerfile and compose file speak of real settings alone."""
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "Dockerfile", ROOT / "compose.yaml"]
    known = {name.upper() for name in FIELDS} | {
        "PROXY_ENV_FILE",
        "PROXY_KEY",
    }  # the last: a client's variable
    for document in documents:
        named = set(re.findall(r"\b(?:PROXY|RELAY|POOL|MONITOR)_[A-Z_]+\b", document.read_text()))
        assert named <= known, document


def test_the_tests_clear_every_setting() -> None:
    """tests/settings.py recognises each variable by its beginning; a new group must be added there."""
    known = ("PROXY_", "RELAY_", "POOL_", "MONITOR_", "DATABASE_URL", "REDIS_URL")
    assert [name for name in FIELDS if not name.upper().startswith(known)] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RELAY_IDLE_TIMEOUT_SECONDS", "soon-secret"),
        ("RELAY_IDLE_TIMEOUT_SECONDS", "0"),
        ("RELAY_DRAIN_SECONDS", "-1"),
        ("RELAY_DRAIN_SECONDS", "inf"),
        ("MONITOR_RETENTION_DAYS", "inf"),
        ("MONITOR_RETENTION_DAYS", "1e400"),
        ("POOL_QUOTA_MARK_SECONDS", "[1e400]"),
        ("RELAY_MAX_BODY_BYTES", "1.5-secret"),
        ("PROXY_HTTPS", "secret"),
        ("PROXY_TRUSTED_ORIGINS", "secret.example.org"),
        ("PROXY_TRUSTED_ORIGINS", "https://a.example.org,https://secret.example.org/"),
        ("PROXY_TIME_ZONE", "Mars/secret"),
        ("PROXY_LANGUAGE", "secret"),
        ("PROXY_ACCOUNT_HEADER", "secret"),
        ("PROXY_LOG_LEVEL", "secret"),
        ("POOL_QUOTA_MARK_SECONDS", "[]"),
    ],
)
def test_a_value_that_cannot_be_used_is_told_in_words(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """The setting is named with what is wrong, and not the value: it may be a secret."""
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        read_environment()
    assert f"{name}: " in str(ended.value)
    assert "secret" not in str(ended.value)


@pytest.mark.outside
def test_a_server_with_a_wrong_setting_does_not_start(tmp_path: Path) -> None:
    """It ends with 1 and the sentence on stderr, without a traceback."""
    done = settings_in_a_process(tmp_path, "pass", RELAY_DRAIN_SECONDS="soon")
    assert done.returncode == 1
    assert "RELAY_DRAIN_SECONDS: " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.outside
def test_a_database_that_is_none_is_refused(tmp_path: Path) -> None:
    """DATABASE_URL is PostgreSQL's or absent."""
    done = settings_in_a_process(tmp_path, "pass", DATABASE_URL="mysql://root:secret@host/name")
    assert done.returncode == 1
    assert "postgresql://" in done.stderr
    assert "secret" not in done.stderr


@pytest.mark.outside
@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "postgresql://user:password@host"),
        ("DATABASE_URL", "postgresql://user:sec/ret@host/name"),
        ("DATABASE_URL", "postgresql://user:sec℀ret@host/name"),
        ("DATABASE_URL", "postgresql://user:sec[ret@host/name"),
        ("REDIS_URL", "secret"),
        ("REDIS_URL", "http://secret@host"),
        ("REDIS_URL", "redis://user:sec/ret@host"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused_at_once(tmp_path: Path, name: str, url: str) -> None:
    """In words, and without what stands there: a server that begins would wait for it for ever."""
    done = settings_in_a_process(tmp_path, "pass", **{name: url})
    assert done.returncode == 1
    assert done.stderr.startswith(name)
    assert "Traceback" not in done.stderr
    assert "sec" not in done.stderr


@pytest.mark.outside
def test_a_database_url_is_taken_apart(tmp_path: Path) -> None:
    """User, password, host, port and name, with escapes; or the directory of a unix socket."""
    code = (
        "d = settings.DATABASES['default']; print(d['USER'], d['PASSWORD'], d['HOST'], d['PORT'], d['NAME'])"
    )
    url = "postgresql://u%40x:p%2Fw@db.example:6432/evenkeel"
    assert settings_in_a_process(tmp_path, code, DATABASE_URL=url).stdout.split() == [
        "u@x", "p/w", "db.example", "6432", "evenkeel",
    ]  # fmt: skip
    url = "postgresql://u@/evenkeel?host=%2Frun%2Fpostgresql"
    assert settings_in_a_process(tmp_path, code, DATABASE_URL=url).stdout.split() == [
        "u", "/run/postgresql", "evenkeel",
    ]  # fmt: skip


@pytest.mark.outside
def test_what_libpq_is_told_reaches_it(tmp_path: Path) -> None:
    """Nothing behind the ? of DATABASE_URL is dropped in silence, ``sslmode=verify-full`` above all, and it
    goes before what we would say.
    """
    code = "import json; d = settings.DATABASES['default']; print(json.dumps([d['OPTIONS'], d['HOST']]))"
    url = "postgresql://u@db/evenkeel?sslmode=verify-full&sslrootcert=%2Fetc%2Fca.pem&connect_timeout=3"
    given = {"sslmode": "verify-full", "sslrootcert": "/etc/ca.pem", "connect_timeout": "3"}
    options, host = json.loads(settings_in_a_process(tmp_path, code, DATABASE_URL=url).stdout)
    assert (options, host) == ({**TOLD_LIBPQ, **given}, "db")


@pytest.mark.outside
def test_a_fresh_data_directory_is_made_whatever_keys_are_set(tmp_path: Path) -> None:
    """With both keys in the environment nothing else would make it; one that cannot be made is told of."""
    keys = {"PROXY_SECRET_KEY": "s", "PROXY_FERNET_KEYS": "f"}
    directory = tmp_path / "a" / "b"
    done = settings_in_a_process(tmp_path, "pass", PROXY_DATA_DIR=str(directory), **keys)
    assert done.returncode == 0, done.stderr
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    (tmp_path / "file").write_text("")
    done = settings_in_a_process(tmp_path, "pass", PROXY_DATA_DIR=str(tmp_path / "file" / "b"), **keys)
    assert done.returncode == 1
    assert "cannot be made: Not a directory" in done.stderr


@pytest.mark.outside
def test_the_home_directory_holds_the_data_by_default(tmp_path: Path) -> None:
    """Without PROXY_DATA_DIR it is ~/.antigravity_tools, for its owner alone, with a secret of mode 0600."""
    done = settings_in_a_process(tmp_path, "print(settings.DATA_DIR, settings.SECRET_KEY)")
    directory, secret = done.stdout.split()
    assert Path(directory) == tmp_path / ".antigravity_tools"
    assert stat.S_IMODE(Path(directory).stat().st_mode) == 0o700
    assert stat.S_IMODE((Path(directory) / "django_secret.key").stat().st_mode) == 0o600
    assert len(secret) >= 50
    again = settings_in_a_process(tmp_path, "print(settings.SECRET_KEY)")
    assert again.stdout.strip() == secret


@pytest.mark.outside
def test_a_file_of_settings_is_read(tmp_path: Path) -> None:
    """PROXY_ENV_FILE names it; the environment goes before it; what is set to nothing counts as not set."""
    file = tmp_path / "settings"
    file.write_text("RELAY_DRAIN_SECONDS=7\nRELAY_BACKOFF_SCALE=3\nRELAY_PATIENCE_SECONDS=\n")
    code = (
        "e = settings.ENVIRONMENT; "
        "print(e.relay_drain_seconds, e.relay_backoff_scale, e.relay_patience_seconds)"
    )
    done = settings_in_a_process(tmp_path, code, PROXY_ENV_FILE=str(file), RELAY_BACKOFF_SCALE="2")
    assert done.stdout.split() == ["7.0", "2.0", "15.0"]


@pytest.mark.outside
def test_redis_carries_the_channels_between_processes(tmp_path: Path) -> None:
    """With REDIS_URL the channel layer is Redis's pub/sub, else it lives in memory."""
    code = "print(settings.CHANNEL_LAYERS['default']['BACKEND'])"
    with_redis = settings_in_a_process(tmp_path, code, REDIS_URL="redis://127.0.0.1:1/0").stdout
    assert with_redis.strip() == "channels_redis.pubsub.RedisPubSubChannelLayer"
    assert settings_in_a_process(tmp_path, code).stdout.strip() == "channels.layers.InMemoryChannelLayer"


@pytest.mark.outside
def test_production_settings_pass_djangos_own_check(tmp_path: Path) -> None:
    """check --deploy finds nothing, not even a warning, when the server is reached over https."""
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "PROXY_ENV_FILE": "", "PROXY_HTTPS": "true"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_no_migration_is_missing(db: None) -> None:
    """The models and the migrations say the same."""
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_every_middleware_runs_asynchronously(settings: object) -> None:
    """A single one that cannot would send every request of the admin to a thread."""
    for path in settings.MIDDLEWARE:  # type: ignore[attr-defined]
        assert import_string(path).async_capable, path


def test_no_page_fetches_from_another_host(settings: object) -> None:
    """unfold's settings bring no remote font, style or script."""
    assert "http" not in json.dumps(settings.UNFOLD, default=str)  # type: ignore[attr-defined]


@pytest.mark.outside
def test_a_server_on_sqlite_loads_no_postgresql() -> None:
    """unfold would load psycopg and its libraries, 8 MB, for widgets that nobody sees."""
    code = (
        "import proxyproject.asgi, sys;"
        "from django.urls import get_resolver; get_resolver('proxyproject.urls').url_patterns;"
        "print([name for name in ('psycopg', 'django.contrib.postgres', 'rich') if name in sys.modules])"
    )
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"DJANGO_SETTINGS_MODULE": "proxyproject.settings", "PROXY_ENV_FILE": ""}
    said = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert said.stdout == "[]\n"
