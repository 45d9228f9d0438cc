"""Where an hour of the ledger begins: full hours of the server's time zone, of which its days are made."""

from datetime import UTC, datetime

from django.utils import timezone

HOUR_SECONDS = 3600


def hour_of(moment: float) -> float:
    """The beginning of the hour that ``moment`` is in; both in epoch seconds."""
    zone = timezone.get_default_timezone()
    offset = datetime.fromtimestamp(moment, UTC).astimezone(zone).utcoffset()
    shift = offset.total_seconds() if offset else 0.0
    return (moment + shift) // HOUR_SECONDS * HOUR_SECONDS - shift
