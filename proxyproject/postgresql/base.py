"""Django's PostgreSQL backend, with patience (``patience.py``) and an eye for poolers.

A pooler such as PgBouncer gives each transaction whichever session is free. What outlives a transaction
(a cursor outside one, a session's lock) would then be looked for where it is not.
"""

from typing import Any

from django.db.backends.postgresql import base

from proxyproject.postgresql.patience import settings_of_session


class DatabaseWrapper(base.DatabaseWrapper):
    """Tells the server its patience with each new session, and sees who answers: one statement."""

    is_behind_pooler = False
    """Whether somebody stands between this process and PostgreSQL; known once it has connected."""

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
