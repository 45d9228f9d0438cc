"""Moments as machines read them. PURE."""

from datetime import UTC, datetime


def utc_text(at: float) -> str:
    """Epoch seconds as RFC 3339 in UTC, to the millisecond: ``2026-11-29T12:00:00.000Z``."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
