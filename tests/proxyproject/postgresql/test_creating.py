"""``create_database`` on a real PostgreSQL: what is missing is made, by whoever may; nothing else changes."""

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from proxyproject.postgresql.patience import TOLD_SERVER
from tests import stores
from tests.running_server import ROOT

PASSWORD = "a secret@with/signs"
NAME = f'create "{uuid.uuid4().hex[:12]}'
"""A quotation mark in the name: it is quoted, not trusted."""

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def url_of(user: str, name: str) -> str:
    """Of this run's PostgreSQL."""
    quoted = user.replace(" ", "%20").replace('"', "%22"), name.replace(" ", "%20").replace('"', "%22")
    parts = urlsplit(stores.database_url())
    secret = PASSWORD.replace(" ", "%20").replace("@", "%40").replace("/", "%2F")
    return urlunsplit(parts._replace(netloc=f"{quoted[0]}:{secret}@", path=f"/{quoted[1]}"))


@pytest.fixture
def clean() -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
    """A superuser's connection; what the test makes goes afterwards."""
    with psycopg.connect(stores.database_url(), autocommit=True) as connection:
        yield connection
        quoted = psycopg.sql.Identifier(NAME)
        connection.execute(psycopg.sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(quoted))
        for role in (NAME, "creator"):
            connection.execute(psycopg.sql.SQL("DROP ROLE IF EXISTS {}").format(psycopg.sql.Identifier(role)))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """The command, told the admin's URL over the environment or standard input."""

    def start(
        stdin: str = "", url: str = url_of(NAME, NAME), **env: str
    ) -> "subprocess.CompletedProcess[str]":
        world = {"PATH": os.environ["PATH"], "PROXY_ENV_FILE": "", "PROXY_DATA_DIR": str(tmp_path)}
        command = [sys.executable, "manage.py", "create_database"]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**world, "DATABASE_URL": url, **env},
            input=stdin,
            capture_output=True,
            text=True,
        )
        assert PASSWORD not in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return start


Connection = psycopg.Connection[tuple[object, ...]]


@pytest.mark.outside
def test_what_is_missing_is_made_once(clean: Connection, run: Run) -> None:
    """Role, verifier, patience and database; a second run finds them, and migrations run there."""
    done = run(stdin=stores.database_url())
    assert done.returncode == 0, done.stderr
    assert f"Made the role {NAME}." in done.stdout
    assert f"Made the database {NAME}, which belongs to {NAME}." in done.stdout
    [found] = clean.execute("SELECT rolpassword, rolsuper FROM pg_authid WHERE rolname = %s", [NAME])
    assert str(found[0]).startswith("SCRAM-SHA-256$"), "no password in the clear"
    assert found[1] is False
    with psycopg.connect(url_of(NAME, NAME)) as theirs:
        for setting, value in TOLD_SERVER.items():
            [shown] = theirs.execute(psycopg.sql.SQL("SHOW {}").format(psycopg.sql.Identifier(setting)))
            assert shown[0] == value or setting.startswith("tcp_"), "those are the system's on a unix socket"
    again = run(DATABASE_ADMIN_URL=stores.database_url())
    assert again.returncode == 0, again.stderr
    assert again.stdout.count("is there already") == 2
    [after] = clean.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", [NAME])
    assert after[0] == found[0]


@pytest.mark.outside
def test_who_is_no_superuser_may_do_it_too(clean: Connection, run: Run) -> None:
    """As the first user of a managed PostgreSQL: CREATEROLE and CREATEDB are enough."""
    clean.execute("CREATE ROLE creator LOGIN CREATEROLE CREATEDB")
    done = run(DATABASE_ADMIN_URL=url_of("creator", "postgres"))
    assert done.returncode == 0, done.stderr
    assert f"Made the database {NAME}" in done.stdout


@pytest.mark.outside
def test_what_is_in_the_way_is_told(clean: Connection, run: Run) -> None:
    """A role without rights, a URL that cannot be read, SQLite, no URL, a database of somebody else."""
    clean.execute("CREATE ROLE creator LOGIN")
    cases = [
        (run(DATABASE_ADMIN_URL=url_of("creator", "postgres")), "permission denied"),
        (run(DATABASE_ADMIN_URL=f"postgresql://u:{PASSWORD}@[::"), "cannot be read"),
        (run(url="", DATABASE_ADMIN_URL=stores.database_url()), "SQLite needs no role"),
        (run(), "DATABASE_ADMIN_URL or standard input"),
    ]
    clean.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(NAME)))
    theirs = run(DATABASE_ADMIN_URL=stores.database_url())
    [version] = clean.execute("SHOW server_version_num")
    if int(str(version[0])) >= 150000:  # before, everybody might make tables in everybody's database
        cases.append((theirs, "GRANT CREATE ON SCHEMA public"))
    for done, told in cases:
        assert done.returncode == 1
        assert told in done.stderr
