"""A page that fails says so; where the database is away it says that, and nothing of anybody."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import DatabaseError, OperationalError, connection
from django.db.utils import ConnectionHandler
from django.test import RequestFactory

from proxyproject.pages.error_pages import server_error
from proxyproject.sqlite.base import DatabaseWrapper, keep_file


def page_of(error: Exception) -> tuple[int, str]:
    try:
        raise error
    except Exception:
        answer = server_error(RequestFactory().get("/admin/"))
    return answer.status_code, answer.content.decode()


def test_a_database_that_is_away_is_told() -> None:
    """503, to be looked at again; the first line of the reason, escaped."""
    status, page = page_of(OperationalError("unable to open <database> file\nDETAIL: a row"))
    assert status == 503
    assert "The database cannot be asked" in page
    assert "unable to open &lt;database&gt; file" in page
    assert "DETAIL" not in page


@pytest.mark.parametrize("error", [RuntimeError("secret"), DatabaseError("no such column")])
def test_any_other_failure_is_a_plain_500(error: Exception) -> None:
    """A fault of ours is not blamed on the store, and its text is not shown."""
    status, page = page_of(error)
    assert status == 500
    assert "secret" not in page


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DatabaseWrapper]:
    """A database of its own in a file, as a server has it once it runs."""
    settings = {**connection.settings_dict, "ENGINE": "proxyproject.sqlite", "NAME": tmp_path / "x.sqlite3"}
    found = ConnectionHandler({"default": settings | {"OPTIONS": {}}})["default"]
    assert isinstance(found, DatabaseWrapper)
    with found.cursor() as cursor:
        cursor.execute("CREATE TABLE t (n)")
    monkeypatch.setattr(DatabaseWrapper, "must_exist", False)
    keep_file()
    yield found
    found.close()


@pytest.mark.django_db
def test_a_file_that_was_moved_is_an_error_until_it_is_back(
    database: DatabaseWrapper, tmp_path: Path
) -> None:
    """Neither the open connection nor a new one writes anywhere else; put back, it serves as before."""
    path = tmp_path / "x.sqlite3"
    for reconnect in (False, True):
        path.rename(tmp_path / "away")
        if reconnect:
            database.close()
        with pytest.raises(OperationalError, match="gone"), database.cursor() as cursor:
            cursor.execute("INSERT INTO t VALUES (1)")
        assert not path.exists()
        (tmp_path / "away").rename(path)
        with database.cursor() as cursor:
            assert cursor.execute("SELECT count(*) FROM t").fetchone() == (0,)


@pytest.mark.django_db
def test_another_file_in_its_place_is_an_error_for_the_open_connection(
    database: DatabaseWrapper, tmp_path: Path
) -> None:
    """Who connects anew gets the new one."""
    path = tmp_path / "x.sqlite3"
    path.unlink()
    path.touch()
    with pytest.raises(OperationalError, match="another one"), database.cursor() as cursor:
        cursor.execute("SELECT 1")
    database.close()
    with database.cursor() as cursor:
        assert cursor.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
