"""What waits to be counted in the statistics: written with the rows, in their transaction.

Each batch of rows adds one line, and changes none: so no process waits for another here. ``growing`` takes
the lines away in the transaction that adds them to the statistics, so each is counted once.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from django.db import connection

from monitor.history.listing.keyset import moment_of_id
from monitor.record.records import RequestRecord
from monitor.record.request_id import tells_time
from monitor.statistics.models import StatisticChange
from monitor.statistics.shares import HOUR_SECONDS, Share, changes

_REQUESTS: Final = 0
_lines = msgspec.json.Encoder()
_read = msgspec.json.Decoder(tuple[Share, ...])


def keep(rows: Sequence[RequestRecord], before: Mapping[str, RequestRecord]) -> None:
    """Note what the ended ``rows`` add, or change; ``before``: those of them that had ended before."""
    changed = changes(
        (hour, before.get(row.id), row)
        for row in rows
        if not (row.in_flight or row.is_simulated) and (hour := hour_of_id(row.id)) is not None
    )
    if not changed:
        return
    quote = connection.ops.quote_name
    table = quote(StatisticChange._meta.db_table)
    names = ", ".join(map(quote, ("hour", "requests", "shares")))
    adapted = connection.ops.adapt_datetimefield_value
    with connection.cursor() as cursor:
        cursor.executemany(
            f"INSERT INTO {table} ({names}) VALUES (%s, %s, %s)",  # noqa: S608  names of the model, no values
            [
                [
                    adapted(datetime.fromtimestamp(hour, UTC)),
                    sum(numbers[_REQUESTS] for numbers in sums.values()),
                    _lines.encode(list(sums.items())).decode(),
                ]
                for hour, sums in sorted(changed.items())
            ],
        )


def shares_in(line: str) -> tuple[Share, ...]:
    """The shares that a line notes."""
    return _read.decode(line)


def hour_of_id(request_id: str) -> int | None:
    """The hour in which the exchange was admitted: the epoch seconds of its beginning.

    None for an id that was made by hand and tells no time, or one that no calendar has: it has no hour.
    """
    if not tells_time(request_id):
        return None
    return int(moment_of_id(request_id) // HOUR_SECONDS) * HOUR_SECONDS
