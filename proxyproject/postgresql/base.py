"""Django's PostgreSQL backend, with patience (``patience.py``) and an eye for poolers.

A pooler such as PgBouncer gives each transaction whichever session is free. What outlives a transaction
(a cursor outside one, a session's lock) would then be looked for where it is not.

A server that lets nobody write (a standby, or one that its administrator has set so) refuses each row alike.
That is the server's state as much as one that is away, and Django would call it an internal error.
"""

from types import TracebackType
from typing import Any

from django.db import OperationalError
from django.db.backends.postgresql import base
from django.db.utils import DatabaseErrorWrapper
from django.utils.functional import cached_property
from psycopg.errors import ReadOnlySqlTransaction

from proxyproject.postgresql.patience import settings_of_session


class ErrorsOfPostgres(DatabaseErrorWrapper):
    """A server that lets nobody write is one that is away: whoever waits for that waits for this."""

    wrapper: Any

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Raises the error as Django's."""
        if isinstance(exc_value, ReadOnlySqlTransaction):
            self.wrapper.errors_occurred = True
            raise OperationalError(*exc_value.args).with_traceback(traceback) from exc_value
        super().__exit__(exc_type, exc_value, traceback)


class DatabaseWrapper(base.DatabaseWrapper):
    """Tells the server its patience with each new session, and sees who answers: one statement."""

    is_behind_pooler = False
    """Whether somebody stands between this process and PostgreSQL; known once it has connected."""

    @cached_property
    def wrap_database_errors(self) -> ErrorsOfPostgres:
        """Around everything that is asked of the driver."""
        return ErrorsOfPostgres(self)

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect; the settings stand outside any transaction, so that no rollback takes them back.

        A pooler names a process of its own when it greets us, for it has not chosen a session yet.
        """
        made = super().get_new_connection(conn_params)
        told = settings_of_session(conn_params.get("options", ""))
        calls = ", set_config(%s, %s, false)" * len(told)
        parameters = [part for pair in told.items() for part in pair]
        [server_pid, *_] = made.execute(f"SELECT pg_backend_pid(){calls}", parameters).fetchone()
        self.is_behind_pooler = server_pid != made.info.backend_pid
        made.commit()
        return made

    def chunked_cursor(self) -> Any:
        """A cursor in the server; behind a pooler only in a transaction, else one that fetches everything."""
        self.ensure_connection()
        if self.is_behind_pooler and self.get_autocommit() and not self.in_atomic_block:
            return self.cursor()
        return super().chunked_cursor()
