"""Of which hours are all exchanges on record, and of which has retention removed some?

The oldest exchange alone does not tell: an id may be made by hand or come from elsewhere, and lie before all
that was removed. So whoever removes exchanges notes first up to which moment.
"""

import time
from datetime import UTC, datetime

from monitor.history.listing.keyset import moment_of_id
from monitor.models import RequestLog
from monitor.statistics.models import RemovedHistory
from monitor.statistics.shares import HOUR_SECONDS


def note_removal(before: str) -> None:
    """Exchanges with ids below that one go now. One of the future takes no hour with it that is to come."""
    ids = RequestLog.objects.filter(id__lt=before).order_by("-id").values_list("id", flat=True)
    if (newest := ids.first()) is None:
        return
    until = datetime.fromtimestamp(min(moment_of_id(newest), time.time()), UTC)
    known = RemovedHistory.objects.filter(pk=1)
    if not known.exists():
        RemovedHistory.objects.bulk_create([RemovedHistory(pk=1, until=until)], ignore_conflicts=True)
    known.filter(until__lt=until).update(until=until)


def is_whole(hour: int) -> bool:
    """Are all of the hour's exchanges still on record? Retention may have come to it meanwhile."""
    first = first_whole_hour()
    return first is not None and hour >= first


def first_whole_hour() -> int | None:
    """The hour after the oldest exchange's, and after that of the last that was removed; None without any."""
    oldest = RequestLog.objects.order_by("id").values_list("id", flat=True).first()
    if oldest is None:
        return None
    removed = RemovedHistory.objects.values_list("until", flat=True).first()
    moment = max(moment_of_id(oldest), 0 if removed is None else removed.timestamp())
    return (int(moment // HOUR_SECONDS) + 1) * HOUR_SECONDS
