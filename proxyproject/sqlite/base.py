"""A database whose file was removed or replaced is an error, and not a new, empty database.

SQLite goes on writing into a file that was removed while it was open: what is stored there nobody finds
again. And whoever connects when the file is gone makes an empty one, which stands in the way of the real one
when that is put back. So a running server looks at the file's identity before each query (2 µs), and makes
none.
"""

from pathlib import Path
from sqlite3 import OperationalError
from typing import Any

from django.db.backends.sqlite3 import base

GONE = "the database file is gone, or another one is in its place"

_Identity = tuple[int, int] | None


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
        return super().create_cursor(name)

    def _identity(self) -> _Identity:
        try:
            found = Path(self.settings_dict["NAME"]).stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


def keep_file() -> None:
    """From now on this process never makes a database file."""
    DatabaseWrapper.must_exist = True
