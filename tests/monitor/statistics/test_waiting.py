"""What waits to be counted: the hour of an exchange is that of its id."""

import pytest

from monitor.record.request_id import new_request_id
from monitor.statistics.waiting import hour_of_id


@pytest.mark.parametrize(
    ("request_id", "hour"),
    [
        (new_request_id(1_790_000_123_000, bytes(10)), 1_789_999_200),
        ("0", 0),
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
