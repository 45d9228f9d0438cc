"""An hour is whole if all of its exchanges are on record: not because an older one is."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import import_module

import msgspec
import pytest
from django.apps import apps
from django.db import transaction

from monitor.models import HourStatistic, RemovedHistory, RequestLog
from monitor.pricing.recomputing import whole_hours
from monitor.record.records import Outcome, RequestRecord
from monitor.record.request_id import first_request_id, new_request_id
from monitor.retention.pruner import Limits, Pruning, planned, prune
from monitor.statistics.checking import check
from monitor.statistics.growing import grow
from monitor.statistics.shares import HOUR_SECONDS
from monitor.statistics.whole_hours import first_whole_hour, is_whole
from monitor.store.ended import add_ended
from monitor.store.upsert import upsert

pytestmark = pytest.mark.stores

HOUR = 1_700_000_000 // HOUR_SECONDS * HOUR_SECONDS
LONG_AGO = new_request_id(1_000_000_000_000, bytes(10))
Make = Callable[..., RequestRecord]


def ended(row: RequestRecord) -> RequestRecord:
    return msgspec.structs.replace(row, in_flight=False, outcome=Outcome.OK, mapped_model="m")


def stored(rows: Sequence[RequestRecord]) -> None:
    """As the writer does it, with their words: they are to be removed."""
    with transaction.atomic():
        upsert(rows)
        add_ended(rows, {})


def three_hours(make: Make) -> None:
    """Two exchanges in each, counted."""
    hours = [HOUR + HOUR_SECONDS * number for number in range(3)]
    stored([ended(make(started_at=hour + second)) for hour in hours for second in (600, 1800)])
    while grow():
        pass


def half_of_the_second_removed() -> None:
    """By age, as retention does: 12 minutes after the hour's first exchange."""
    now = HOUR + HOUR_SECONDS + 600 + 720 + 86_400.0
    list(prune(planned(Limits(days=1, size_bytes=0), now)))
    assert RequestLog.objects.count() == 3


def counted(hour: int) -> int:
    found = HourStatistic.objects.get(hour=datetime.fromtimestamp(hour, UTC), dimension="outcome")
    return found.requests


@pytest.mark.parametrize("request_id", [LONG_AGO, "-by hand-", "0", "00000000-row"])
def test_an_older_id_makes_no_hour_whole(store: str, request_record: Make, request_id: str) -> None:
    """One that was made by hand, or comes from elsewhere: what retention has removed stays counted."""
    three_hours(request_record)
    half_of_the_second_removed()
    stored([ended(request_record(id=request_id, started_at=1e9))])
    second, third = HOUR + HOUR_SECONDS, HOUR + 2 * HOUR_SECONDS
    assert not is_whole(second)
    assert is_whole(third)
    assert list(whole_hours(0, third + HOUR_SECONDS)) == [third]
    assert not check(second)
    assert counted(second) == 2


def test_an_hour_behind_what_was_removed_is_put_right(store: str, request_record: Make) -> None:
    """Of it nothing was removed: so what is counted too often there is a mistake."""
    three_hours(request_record)
    half_of_the_second_removed()
    third = HOUR + 2 * HOUR_SECONDS
    HourStatistic.objects.filter(hour=datetime.fromtimestamp(third, UTC)).update(requests=5)
    assert check(third)
    assert counted(third) == 2


def test_a_removal_that_finds_nothing_is_none(store: str, request_record: Make) -> None:
    """Nor does one of less take back what an earlier one has said."""
    three_hours(request_record)
    list(prune(planned(Limits(days=1, size_bytes=0), HOUR)))
    assert not RemovedHistory.objects.exists()
    half_of_the_second_removed()
    said = RemovedHistory.objects.get().until
    assert said == datetime.fromtimestamp(HOUR + HOUR_SECONDS + 600, UTC)
    stored([ended(request_record(id=LONG_AGO, started_at=1e9))])
    list(prune(planned(Limits(days=1, size_bytes=0), HOUR)))
    assert RemovedHistory.objects.get().until == said


def test_an_id_of_the_future_that_goes_takes_no_hour_to_come(store: str, request_record: Make) -> None:
    """Whoever makes room removes it last; hours from now on are whole all the same."""
    stored([ended(request_record(id="1" * 32, started_at=1e9))])
    list(prune(Pruning("g", "g", 1, 0, 0, 0)))
    stored([ended(request_record(id=first_request_id(4_000_000_000_000), started_at=4e9))])
    first = first_whole_hour()
    assert first is not None
    assert first < 4_000_000_000 + 2 * HOUR_SECONDS


def test_an_installation_of_before_has_removed_what_its_oldest_row_says(
    store: str, request_record: Make
) -> None:
    """Hours of the statistics from before the oldest row show that some were; without them none was."""
    migration = import_module("monitor.migrations.0028_removed_history")
    three_hours(request_record)
    migration.note_what_was_removed(apps, None)
    assert not RemovedHistory.objects.exists()
    RequestLog.objects.filter(id__lt=first_request_id((HOUR + HOUR_SECONDS + 1000) * 1000)).delete()
    migration.note_what_was_removed(apps, None)
    stored([ended(request_record(id=LONG_AGO, started_at=1e9))])
    assert first_whole_hour() == HOUR + 2 * HOUR_SECONDS
    RemovedHistory.objects.all().delete()  # with a row whose id tells of long ago there already
    migration.note_what_was_removed(apps, None)
    assert first_whole_hour() == HOUR + 2 * HOUR_SECONDS
