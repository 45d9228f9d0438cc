"""A PostgreSQL that lets nobody write is one that is away: what waits for that keeps its rows."""

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests import stores
from tests.running_server import ROOT

CODE = """
import django; django.setup()
from django.db import Error, connection
from accounts.loaded.journal import Batch, write_what_can_be
def error_of(statement):
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    except Error as error:
        return type(error).__name__
print(error_of("UPDATE noted SET n = 2"), error_of("SELECT 1 / 0"), error_of("SELECT nothing"))
print(sorted(write_what_can_be(Batch(disabled={1: "refused", 2: "refused"})).disabled))
"""


@pytest.fixture
def url() -> Iterator[str]:
    """A database that takes nothing, as a standby."""
    name = f"read_only_{uuid.uuid4().hex[:12]}"
    url = stores.create_database(name)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("CREATE TABLE noted (n int); CREATE TABLE accounts_account (id int)")
        admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    yield url
    stores.drop_database(name)


@pytest.mark.outside
def test_what_it_refuses_is_kept(url: str, tmp_path: Path) -> None:
    """It is told as a server that is away, other errors as they were; a note on an account is not dropped."""
    environment = {
        "PATH": os.environ["PATH"], "PROXY_ENV_FILE": "", "PROXY_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "proxyproject.settings", "DATABASE_URL": url,
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    first, second = done.stdout.splitlines()[-2:]
    assert first == "OperationalError DataError ProgrammingError"
    assert second == "[1, 2]", done.stdout + done.stderr
