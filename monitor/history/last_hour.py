"""The last hour in a few numbers, from the newest rows: bounded, however many there were."""

import math
from collections.abc import Sequence

import msgspec

from monitor.history.listing.keyset import moment_of_id
from monitor.history.queries import admitted_since
from monitor.models import FAILURES, RESCUED, RequestLog

HOUR_SECONDS = 3600
COUNTED_ROWS = 20_000
"""Read in about 50 ms, as the id says when it was: a column of times takes twice as long. When there were
more, the numbers are those of the newest, and the page says so."""


class LastHour(msgspec.Struct, frozen=True):
    """``ended`` are the exchanges whose end is known; shares are of them, None when there are none."""

    requests: int
    ended: int
    failed: int
    rescued: int
    first_data_p50_ms: int | None
    first_data_p95_ms: int | None
    counted_since: float | None
    """Seconds since the epoch where not the whole hour is counted, else None."""

    @property
    def failed_percent(self) -> float | None:
        """Of the ended."""
        return 100 * self.failed / self.ended if self.ended else None

    @property
    def rescued_percent(self) -> float | None:
        """Of the ended."""
        return 100 * self.rescued / self.ended if self.ended else None


def last_hour(now: float) -> LastHour:
    """The hour before ``now`` (seconds since the epoch)."""
    rows = list(
        RequestLog.objects.filter(admitted_since(now - HOUR_SECONDS), is_simulated=False)
        .order_by("-id")
        .values_list("outcome", "first_data_ms", "id")[:COUNTED_ROWS]
    )
    outcomes = [outcome for outcome, *_ in rows if outcome is not None]
    waits = sorted(wait for _, wait, _ in rows if wait is not None)
    return LastHour(
        requests=len(rows),
        ended=len(outcomes),
        failed=sum(outcome in FAILURES for outcome in outcomes),
        rescued=sum(outcome in RESCUED for outcome in outcomes),
        first_data_p50_ms=quantile(waits, 0.5),
        first_data_p95_ms=quantile(waits, 0.95),
        counted_since=moment_of_id(rows[-1][-1]) if len(rows) == COUNTED_ROWS else None,
    )


def quantile(ordered: Sequence[int], share: float) -> int | None:
    """The value that ``share`` of the ordered values do not exceed (nearest rank); None of no values."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None
