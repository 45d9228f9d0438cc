"""A process that is frozen or gone does not keep others waiting: tried with a real PostgreSQL."""

import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from proxyproject.postgresql.patience import TOLD_LIBPQ, TOLD_SERVER, settings_of_session, with_patience
from tests import stores
from tests.running_server import ROOT

IN_A_TRANSACTION = """
import sys, django; django.setup()
from django.db import Error, connection, transaction
try:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE shared SET n = n + 1")
        print("written", flush=True)
        sys.stdin.readline()
        cursor.execute("UPDATE shared SET n = n + 1")
except Error:
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT n FROM shared")
        print("tried again:", *cursor.fetchone(), flush=True)
"""
SAID = """
import django; django.setup()
from django.db import connection
with connection.cursor() as cursor:
    for name in ("idle_in_transaction_session_timeout", "lock_timeout"):
        cursor.execute(f"SHOW {name}")
        print(*cursor.fetchone())
"""
Start = Callable[[str, str], "subprocess.Popen[str]"]


@pytest.fixture
def url() -> Iterator[str]:
    name = f"patience_{uuid.uuid4().hex[:12]}"
    yield stores.create_database(name)
    stores.drop_database(name)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """A process of ours on that database: ``start(code, url)``."""
    processes: list[subprocess.Popen[str]] = []

    def started(code: str, url: str) -> "subprocess.Popen[str]":
        environment = {
            "PATH": os.environ["PATH"], "PROXY_ENV_FILE": "", "PROXY_DATA_DIR": str(tmp_path),
            "DJANGO_SETTINGS_MODULE": "proxyproject.settings", "DATABASE_URL": url,
        }  # fmt: skip
        pipe = subprocess.PIPE
        command = [sys.executable, "-c", code]
        processes.append(
            subprocess.Popen(command, cwd=ROOT, env=environment, stdin=pipe, stdout=pipe, text=True)
        )
        return processes[-1]

    yield started
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.outside
def test_a_frozen_process_does_not_keep_the_rows_it_has_written(url: str, start: Start) -> None:
    """The server ends its transaction; who waited writes, and when it thaws it connects and tries again."""
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("CREATE TABLE shared (n integer)")
        other.execute("INSERT INTO shared VALUES (0)")
        frozen = start(IN_A_TRANSACTION, f"{url}&options=-c%20idle_in_transaction_session_timeout%3D200ms")
        assert frozen.stdout is not None
        assert frozen.stdout.readline() == "written\n"
        frozen.send_signal(signal.SIGSTOP)
        try:
            other.execute("SET lock_timeout = '60s'")
            other.execute("UPDATE shared SET n = n + 10")
        finally:
            frozen.send_signal(signal.SIGCONT)
        assert frozen.communicate("go on\n")[0] == "tried again: 10\n"


@pytest.mark.outside
def test_each_session_is_told(url: str, start: Start) -> None:
    """What we say holds, and what the operator's own ``options`` say goes before it."""
    assert start(SAID, url).communicate()[0].split() == ["30s", "0"]
    theirs = f"{url}&options=-c%20idle_in_transaction_session_timeout%3D5min%20-c%20lock_timeout%3D9s"
    assert start(SAID, theirs).communicate()[0].split() == ["5min", "9s"]


def test_the_operators_own_word_counts() -> None:
    """Name by name; the rest stays ours."""
    assert with_patience({"keepalives_idle": "5"}) == {**TOLD_LIBPQ, "keepalives_idle": "5"}
    assert settings_of_session("") == TOLD_SERVER
    told = settings_of_session("-c TCP_USER_TIMEOUT=0 --tcp_keepalives_idle=9")
    assert told == {
        name: value
        for name, value in TOLD_SERVER.items()
        if name not in {"tcp_user_timeout", "tcp_keepalives_idle"}
    }
