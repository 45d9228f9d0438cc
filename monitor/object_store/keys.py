"""Under which key a body's content lies: by its day, so that a day can be removed whole. PURE."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

_FIRST_DAY: Final = "2000-01-01"
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ID_LENGTH: Final = 32
_HEX: Final = frozenset("0123456789abcdef")


def key_of(request_id: str, kind: str, attempt: int) -> str | None:
    """``2026-11-30/ID/response-0``; None for an id that is not one of ours: its day is not known."""
    if len(request_id) != _ID_LENGTH or not _HEX.issuperset(request_id):
        return None
    day = _day_of(request_id)
    return f"{day}/{request_id}/{kind}-{attempt}" if day else None


def days_before(days: Iterable[str], request_id: str) -> list[str]:
    """Of the days that have something those that ended before that id's began, oldest first.

    What is not written exactly as a day is not ours, and stays.
    """
    day = _day_of(request_id)
    return sorted(one for one in days if day and _DAY.fullmatch(one) and _FIRST_DAY <= one < day)


def _day_of(request_id: str) -> str:
    """The day (UTC) with which an id begins; empty where it is no moment of this time."""
    try:
        moment = datetime.fromtimestamp(int(request_id[:12], 16) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return ""
    day = f"{moment:%Y-%m-%d}"
    return day if _FIRST_DAY <= day < "3000" else ""
