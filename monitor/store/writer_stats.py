"""Counters of the writer of the history."""

import msgspec


class WriterStats(msgspec.Struct, frozen=True, kw_only=True):
    """How the writer fares; the counters count from its making."""

    rows_written: int
    bodies_written: int
    rows_dropped: int
    bodies_dropped: int
    queued_rows: int
    queued_body_bytes: int
    last_error: str
    """The class and first line of the store's latest failure; empty when there was none."""
    last_error_at: float | None
    """Seconds since the epoch, as ``busy_since``."""
    is_failing: bool = False
    """Whether the store did not take the latest batch."""
    busy_since: float | None = None
    """When the batch that the store is being given now was begun."""
