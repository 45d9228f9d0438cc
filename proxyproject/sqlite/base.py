"""A database whose file was removed or replaced is an error, and not a new, empty database.

SQLite goes on writing into a file that was removed while it was open: what is stored there nobody finds
again. And whoever connects when the file is gone makes an empty one, which stands in the way of the real one
when that is put back. So a running server looks at the file's identity before each query (2 µs), and makes
none.

The writer's statements are long and always the same: what SQLite is given for one is kept.
"""

import os
from functools import lru_cache
from sqlite3 import OperationalError
from typing import Any

from django.db.backends.sqlite3 import base

GONE = "the database file is gone, or another one is in its place"

_Identity = tuple[int, int] | None


class _Cursor(base.SQLiteCursorWrapper):
    """Django's, which would write ``?`` for each ``%s`` of a statement anew."""

    def convert_query(self, query: str, *, param_names: Any = None) -> str:
        """As Django does it."""
        if param_names is None:
            return _with_question_marks(query)
        return str(super().convert_query(query, param_names=param_names))


@lru_cache(maxsize=128)
def _with_question_marks(query: str) -> str:
    return str(base.SQLiteCursorWrapper.convert_query(_NO_CURSOR, query))


_NO_CURSOR: Any = None


class DatabaseWrapper(base.DatabaseWrapper):
    """``must_exist`` is set by a server once its database is there."""

    must_exist = False

    _opened: _Identity = None

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect; raises OperationalError where that would make a new file under a running server."""
        if self.must_exist and not self.is_in_memory_db() and self._identity() is None:
            raise OperationalError(GONE)
        made = super().get_new_connection(conn_params)
        self._opened = self._identity()
        return made

    def create_cursor(self, name: str | None = None) -> Any:
        """As Django does; raises OperationalError when the open file is not the one that stands there now."""
        if self._opened is not None and self._identity() != self._opened:
            raise OperationalError(GONE)
        return self.connection.cursor(factory=_Cursor)

    def _identity(self) -> _Identity:
        try:
            found = os.stat(self.settings_dict["NAME"])  # noqa: PTH116  a fifth of what a Path's takes
        except OSError:
            return None
        return found.st_dev, found.st_ino


def keep_file() -> None:
    """From now on this process never makes a database file."""
    DatabaseWrapper.must_exist = True
