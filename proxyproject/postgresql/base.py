"""Django's PostgreSQL backend, whose sessions end when their client is frozen or gone (``patience.py``)."""

from typing import Any

from django.db.backends.postgresql import base

from proxyproject.postgresql.patience import settings_of_session


class DatabaseWrapper(base.DatabaseWrapper):
    """Tells the server its patience with each new session: one statement."""

    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        """Connect; the settings stand outside any transaction, so that no rollback takes them back."""
        made = super().get_new_connection(conn_params)
        told = settings_of_session(conn_params.get("options", ""))
        calls = ", ".join(["set_config(%s, %s, false)"] * len(told))
        if calls:
            made.execute(f"SELECT {calls}", [part for pair in told.items() for part in pair])
            made.commit()
        return made
