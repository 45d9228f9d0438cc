"""Which server processes run, and which revision each has taken: rows that they write themselves.

The times are the database's, for the hosts' own clocks may differ. Every function here blocks on it.
"""

from datetime import datetime, timedelta
from typing import Final

from django.db.models import QuerySet
from django.db.models.functions import Now

from accounts.processes.models import ProcessHeartbeat

FRESH_SECONDS: Final = 15.0
"""A process that was not seen for longer is taken for dead."""

_FORGOTTEN_AFTER: Final = timedelta(hours=1)


def beat(process_id: str, started_at: datetime, revision: int) -> int:
    """Says that this process lives and has taken ``revision``; returns how many processes live."""
    ProcessHeartbeat.objects.update_or_create(
        process_id=process_id,
        defaults={"started_at": started_at, "seen_at": Now(), "revision": revision},
    )
    return _fresh().count()


def leave(process_id: str) -> None:
    """This process ends; the rows of those long dead go too."""
    ProcessHeartbeat.objects.filter(process_id=process_id).delete()
    ProcessHeartbeat.objects.filter(seen_at__lt=Now() - _FORGOTTEN_AFTER).delete()


def live_process_ids() -> set[str]:
    """The processes seen within the last 15 s."""
    return set(_fresh().values_list("process_id", flat=True))


def behind(revision: int) -> set[str]:
    """The live processes that have not taken ``revision`` yet."""
    return set(_fresh().filter(revision__lt=revision).values_list("process_id", flat=True))


def _fresh() -> QuerySet[ProcessHeartbeat]:
    return ProcessHeartbeat.objects.filter(seen_at__gte=Now() - timedelta(seconds=FRESH_SECONDS))
