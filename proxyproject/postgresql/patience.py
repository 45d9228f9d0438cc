"""How long PostgreSQL and this process wait for each other when one of them is frozen or gone. PURE.

Without that a host that vanishes keeps its locks until TCP gives up, by the kernels' defaults after two
hours, and a process that is frozen in a transaction keeps them for ever: who writes the same rows waits.
"""

from collections.abc import Mapping

TOLD_LIBPQ = {
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
    "tcp_user_timeout": "60000",
}
"""For our side of a connection: it fails a minute after the server has gone. The last is in milliseconds."""

TOLD_SERVER = {
    "idle_in_transaction_session_timeout": "30s",
    "tcp_keepalives_idle": "30s",
    "tcp_keepalives_interval": "10s",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "60s",
}
"""For the server's side: it ends a session whose client has gone, or does nothing inside a transaction.

Told once the connection is made, not as libpq's ``options``: a PgBouncer refuses what it does not know
there.
"""


def with_patience(options: Mapping[str, str]) -> dict[str, str]:
    """What libpq is told: what the operator's ``options`` say, and ours for the rest."""
    return {**TOLD_LIBPQ, **options}


def settings_of_session(options: str) -> dict[str, str]:
    """What the server is told of a new session; without what the operator sets in libpq's ``options``."""
    return {name: value for name, value in TOLD_SERVER.items() if name not in options.lower()}
