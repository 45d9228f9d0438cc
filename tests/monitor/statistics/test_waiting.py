"""What waits to be counted: the hour of an exchange is that of its id."""

from collections.abc import Callable

import pytest

from monitor.history.listing.filters import parse
from monitor.history.listing.keyset import page_of
from monitor.models import HourStatistic
from monitor.pricing.recomputing import whole_hours
from monitor.record.records import RequestRecord
from monitor.record.request_id import new_request_id
from monitor.statistics.due import bring_up_to_date
from monitor.statistics.filling import hours_to_fill
from monitor.statistics.shares import HOUR_SECONDS
from monitor.statistics.waiting import hour_of_id
from monitor.store.writer import RecordWriter
from tests.monitor.shelf import ENDED
from tests.served.world import PATIENCE_SECONDS

pytestmark = pytest.mark.stores

HOUR = 1_700_000_000 // HOUR_SECONDS * HOUR_SECONDS


@pytest.mark.parametrize(
    ("request_id", "hour"),
    [
        (new_request_id(1_790_000_123_000, bytes(10)), 1_789_999_200),
        ("0", None),
        ("f" * 32, None),  # of the year 10889
        ("ffffffff-not-an-id", None),
        ("Z", None),
        ("é", None),
        ("", None),
    ],
)
def test_an_id_that_tells_no_time_has_no_hour(request_id: str, hour: int | None) -> None:
    """Rows whose ids were made by hand are stored like others, and are in no hour's statistics."""
    assert hour_of_id(request_id) == hour


def test_rows_whose_ids_tell_no_time_keep_nobody_from_counting(
    writer: RecordWriter, request_record: Callable[..., RequestRecord], store: str
) -> None:
    """They are stored with their conversations, and the hours before and behind them are looked at."""
    early, late = (request_record(**ENDED, started_at=HOUR + 60 + hours * HOUR_SECONDS) for hours in (0, 2))
    made_by_hand = ["0", "Z", "f" * 32, f"{early.id[:8]}-not-an-id", f"{early.id[:7]}Z"]
    for number, name in enumerate(made_by_hand):
        writer.submit(request_record(**ENDED, id=name, conversation=f"c{number}", preview="words"))
        writer.submit(request_record(**ENDED, id=f"{name[:31]}.", conversation=f"c{number}"))
    writer.submit(early)
    writer.submit(late)
    assert writer.flush(PATIENCE_SECONDS)
    assert (writer.stats().rows_dropped, writer.stats().last_error) == (0, "")
    now = HOUR + 3 * HOUR_SECONDS
    list(bring_up_to_date(now, with_checks=True))
    counted = HourStatistic.objects.filter(dimension="outcome").values_list("hour", "requests")
    assert {hour.timestamp() for hour, _ in counted} >= {HOUR, HOUR + 2 * HOUR_SECONDS}
    assert HOUR + 2 * HOUR_SECONDS in list(whole_hours(HOUR, now))
    assert list(hours_to_fill(now))
    assert len(page_of(parse({})).rows) == 2 * len(made_by_hand) + 2
