"""The statistics grow by what each batch of rows adds, and are then what the rows would say anew."""

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any

import msgspec
import pytest
from django.db import OperationalError, connection, transaction

from monitor.models import DailyStatistic, HourStatistic, RequestLog, StatisticChange
from monitor.record.attempt_use import AttemptUse
from monitor.record.records import Outcome, RequestRecord
from monitor.record.request_id import RANDOM_BYTES, new_request_id
from monitor.retention.housekeeping import Housekeeper, close_orphans
from monitor.retention.pruner import Limits
from monitor.statistics import filling, growing
from monitor.statistics.checking import check, uncounted
from monitor.statistics.due import bring_up_to_date
from monitor.statistics.filling import fill_day, fill_hour
from monitor.statistics.growing import grow
from monitor.statistics.shares import HOUR_SECONDS, NAMES, by_dimension, changes, shares_of
from monitor.store.upsert import upsert
from tests.monitor.statistics.stored import stored

pytestmark = pytest.mark.stores

HOUR = 1_700_000_000 // HOUR_SECONDS * HOUR_SECONDS
HOURS = tuple(HOUR - number * HOUR_SECONDS for number in range(30, -1, -6))
"""Of three days."""
Make = Callable[..., RequestRecord]
Table = dict[tuple[Any, ...], tuple[Any, ...]]


def told() -> tuple[Table, Table]:
    """All hours and all days as they stand."""
    return (
        {tuple(row[:3]): tuple(row[3:]) for row in _rows(HourStatistic, "hour")},
        {tuple(row[:3]): tuple(row[3:]) for row in _rows(DailyStatistic, "day")},
    )


def _rows(model: Any, moment: str) -> Any:
    return model.objects.values_list(moment, "dimension", "value", *NAMES)


def worked_out_anew() -> tuple[Table, Table]:
    """The same from the rows alone."""
    days = set(DailyStatistic.objects.values_list("day", flat=True))
    for model in (HourStatistic, DailyStatistic, StatisticChange):
        model.objects.all().delete()
    for hour in HOURS:
        fill_hour(hour)
    for day in days:
        fill_day(day)
    return told()


def grow_all() -> int:
    return sum(iter(grow, 0))


def ended(row: RequestRecord, outcome: Outcome = Outcome.OK, **more: Any) -> RequestRecord:
    given = {"mapped_model": "m", "account": "a@x.example", "tokens_in": 10, "cost": Decimal("0.1"), **more}
    return msgspec.structs.replace(row, in_flight=False, outcome=outcome, **given)


def some_end(row: RequestRecord, chance: Random) -> RequestRecord:
    """However an exchange may end, with numbers that nobody can believe among them."""
    tokens = (None, 0, 7, 1_000_003, -5, 10**15, 2**62)
    uses = tuple(
        AttemptUse(
            number=number,
            account=f"a{chance.randrange(4)}",
            model=f"m{chance.randrange(3)}" * chance.choice((1, 200)),
            tokens_in=chance.choice(tokens),
            tokens_out=chance.choice(tokens),
            cost=chance.choice((None, Decimal(chance.randrange(10**6)).scaleb(-10))),
        )
        for number in (1, 2, 3)
    )
    costs = [use.cost for use in uses if use.cost is not None]
    is_told_apart = chance.random() < 0.3
    return ended(
        row,
        chance.choice(tuple(Outcome)),
        mapped_model=chance.choice((None, "", "m0", "m1", "m\0" * 150)),
        account=chance.choice((None, "a0", "a1", "a2", "ä" * 300)),
        attempts=chance.choice((0, 1, 3)),
        healed=chance.random() < 0.2,
        tokens_in=chance.choice(tokens),
        tokens_out=chance.choice(tokens),
        tokens_cached=chance.choice(tokens),
        tokens_cache_write=chance.choice(tokens),
        cached_tokens_lost=chance.choice(tokens),
        cost=sum(costs, Decimal(0)) if is_told_apart else chance.choice((None, Decimal("0.0000000003"))),
        used_by_attempt=uses if is_told_apart else None,
    )


def some_row(make: Make, chance: Random) -> RequestRecord:
    moment = chance.choice(HOURS) + chance.randrange(HOUR_SECONDS)
    return make(
        id=new_request_id(moment * 1000, chance.randbytes(RANDOM_BYTES)),
        started_at=moment,
        client_key=f"k{chance.randrange(9)}",
        client_model=chance.choice(("", "c1")),
        is_simulated=chance.random() < 0.05,
        path=chance.choice(("/v1/messages", "/v1/messages", "/v1/messages/count_tokens")),
        process_id="gone" if chance.random() < 0.1 else "here",
    )


def lose_batch(rows: Sequence[RequestRecord]) -> None:
    """The database fails at the end of the transaction."""
    with transaction.atomic():
        stored(rows)
        transaction.set_rollback(True)


def grow_and_fail(monkeypatch: pytest.MonkeyPatch) -> None:
    """All is added, and the transaction comes to no end."""
    with monkeypatch.context() as patched:
        patched.setattr(growing, "_remove_nothing", _fail)
        with pytest.raises(OperationalError):
            grow()


def _fail(*_: object) -> None:
    raise OperationalError("terminating connection due to administrator command")


@pytest.mark.parametrize("seed", range(3))
def test_they_are_what_the_rows_say(
    store: str, request_record: Make, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """After batches that failed and came again, late corrections, closed orphans, growth that broke off and
    hours worked out anew in between: each exchange counts once, as it is on record."""
    chance = Random(seed)
    monkeypatch.setattr(growing, "LINES_AT_ONCE", 3)
    known: list[RequestRecord] = []
    for turn in range(38):
        begun = [some_row(request_record, chance) for _ in range(10)]
        stored(begun)
        ends = [some_end(row, chance) for row in begun if row.process_id == "here"]
        if turn % 5 == 0:
            lose_batch(ends)
        stored(ends)
        if turn % 7 == 0:  # the same once more
            stored(ends)
        if turn % 3 == 0 and known:
            stored([some_end(row, chance) for row in chance.sample(known, 8)])
        if turn % 11 == 0:
            close_orphans({"here"}, HOUR + 2 * HOUR_SECONDS)
        if turn % 6 == 0:
            grow_and_fail(monkeypatch)
        for _ in range(chance.randrange(4)):
            grow()
        if turn % 8 == 0:
            fill_hour(chance.choice(HOURS))
        if turn % 13 == 0:
            list(bring_up_to_date(HOUR + 60, with_checks=True))
        known += begun  # also those whose process was slow, and not gone
    assert grow_all()
    list(bring_up_to_date(HOUR + 60, with_checks=False))
    assert [uncounted(hour) for hour in HOURS] == [0] * len(HOURS)
    grown = told()
    assert grown == worked_out_anew()
    assert len(grown[1]) > 20


@pytest.mark.outside
def test_who_is_killed_while_it_counts_has_counted_nothing(store: str, request_record: Make) -> None:
    """By kill -9, when all is added and nothing is taken away: the next one counts each once."""
    stored([ended(request_record(started_at=HOUR + number)) for number in range(5)])
    connection.close()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:  # pragma: no cover  it is killed
        growing._add_all = _then_wait(growing._add_all, writing)
        grow()
        os._exit(1)
    os.close(writing)
    assert os.read(reading, 1) == b"+"
    os.kill(child, signal.SIGKILL)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    os.close(reading)
    assert not HourStatistic.objects.exists()
    assert grow_all() == 1
    assert set(HourStatistic.objects.values_list("dimension", "requests")) == {
        (dimension, 5) for dimension in filling.VALUE_OF
    }


def _then_wait(add: Callable[[Any], None], told_to: int) -> Callable[[Any], None]:
    def added(shares: Any) -> None:
        add(shares)
        os.write(told_to, b"+")
        signal.pause()

    return added


def test_of_two_that_count_at_once_each_takes_what_the_other_has_not(
    store: str, request_record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that both believe to keep house count each exchange once."""
    monkeypatch.setattr(growing, "LINES_AT_ONCE", 2)
    for number in range(40):
        stored([ended(request_record(started_at=HOUR + number, client_key=f"k{number % 5}"))])
    begin = threading.Barrier(2, timeout=60)
    took: list[int] = []
    tries: list[int] = []

    def count() -> None:
        begin.wait()
        while StatisticChange.objects.exists():
            try:
                took.append(grow())
            except OperationalError:  # SQLite has one writer, and is locked meanwhile
                tries.append(1)
                assert len(tries) < 1000
        connection.close()

    threads = [threading.Thread(target=count) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sum(took) == 40
    keys = HourStatistic.objects.filter(dimension="client_key").order_by("value")
    assert list(keys.values_list("requests", flat=True)) == [8] * 5


def test_what_comes_while_an_hour_is_worked_out_counts_once(
    store: str, request_record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No writer waits for it on PostgreSQL; its rows are not seen, and wait to be counted."""
    stored([ended(request_record(started_at=HOUR + 1))])
    corrections = filling.corrections

    def and_meanwhile(*asked: Any) -> Any:
        if connection.vendor == "postgresql":
            in_a_thread(lambda: stored([ended(request_record(started_at=HOUR + 2))]))
        return corrections(*asked)

    monkeypatch.setattr(filling, "corrections", and_meanwhile)
    fill_hour(HOUR)
    if connection.vendor != "postgresql":  # there it waits for the one that writes
        stored([ended(request_record(started_at=HOUR + 2))])
    assert StatisticChange.objects.count() == 1
    assert set(HourStatistic.objects.values_list("requests", flat=True)) == {1}
    grow_all()
    assert set(HourStatistic.objects.values_list("requests", flat=True)) == {2}


def in_a_thread(work: Callable[[], None]) -> None:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(60)
    assert not thread.is_alive()
    assert not failures


def test_a_repaired_orphan_leaves_no_trace(store: str, request_record: Make) -> None:
    """Closed as interrupted, it is counted as such until its process says how it ended."""
    row = request_record(started_at=HOUR + 1, process_id="slow")
    stored([row])
    assert len(close_orphans(set(), HOUR + 60)) == 1
    grow_all()
    assert _outcomes() == {"interrupted": 1}
    stored([ended(row)])
    grow_all()
    assert _outcomes() == {"ok": 1}


def _outcomes() -> dict[str, int]:
    return dict(HourStatistic.objects.filter(dimension="outcome").values_list("value", "requests"))


def test_rows_that_nobody_noted_are_found(store: str, request_record: Make) -> None:
    """An older version beside this one writes such: when a process begins to keep house, then each hour."""
    housekeeper = Housekeeper(set, Limits(days=0, size_bytes=0))
    upsert([ended(request_record(started_at=HOUR - 1))])
    housekeeper.tick(HOUR + 60.0)
    assert _outcomes() == {"ok": 1}
    upsert([ended(request_record(started_at=HOUR - 2), Outcome.ERROR)])
    housekeeper.tick(HOUR + 180.0)
    assert _outcomes() == {"ok": 1}
    housekeeper.tick(HOUR + HOUR_SECONDS + 60.0)
    assert _outcomes() == {"ok": 1, "error": 1}


def test_what_another_version_counted_too_is_put_right(store: str, request_record: Make) -> None:
    """It works hours out and takes nothing away that waits. But what retention has removed stays counted."""
    stored([ended(request_record(started_at=HOUR - HOUR_SECONDS - 1))])
    stored([ended(request_record(started_at=HOUR + 1)), ended(request_record(started_at=HOUR + 2))])
    waiting = list(StatisticChange.objects.filter(hour=datetime.fromtimestamp(HOUR, UTC)).values())
    fill_hour(HOUR)
    StatisticChange.objects.bulk_create([StatisticChange(**line) for line in waiting])
    assert uncounted(HOUR) == -2
    assert check(HOUR)
    grow_all()
    assert uncounted(HOUR) == 0
    RequestLog.objects.order_by("id")[0].delete()
    RequestLog.objects.order_by("id")[0].delete()
    assert not check(HOUR)
    hour = HourStatistic.objects.filter(hour=datetime.fromtimestamp(HOUR, UTC), dimension="outcome")
    assert hour.get().requests == 2


@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/St_Johns"])
def test_days_grow_with_their_hours(store: str, request_record: Make, settings: Any, zone: str) -> None:
    """In the server's zone; another zone's are added up once, and grow from then on."""
    settings.TIME_ZONE = "Pacific/Auckland"
    for _ in range(2):
        for hour in HOURS:
            stored([ended(request_record(started_at=hour + 5))])
            list(bring_up_to_date(HOUR + 60, with_checks=False))
        settings.TIME_ZONE = zone
    grown = told()
    assert set(DailyStatistic.objects.values_list("zone", flat=True)) == {zone}
    assert grown == worked_out_anew()


def test_an_hour_worked_out_on_purpose_changes_its_day(store: str, request_record: Make) -> None:
    """Both in one transaction: so a known day is always the sum of its hours."""
    stored([ended(request_record(started_at=HOUR + 5), account="a1")])
    list(bring_up_to_date(HOUR + 60, with_checks=True))
    RequestLog.objects.update(account="a2", tokens_in=30)
    fill_hour(HOUR)
    of_accounts = DailyStatistic.objects.filter(dimension="account")
    assert list(of_accounts.values_list("value", "requests", "tokens_in")) == [("a2", 1, 30)]


def test_what_comes_while_it_counts_is_for_the_next_time(store: str, request_record: Make) -> None:
    """Under load a line comes with each step: who keeps house comes to an end, and to its other work."""
    stored([ended(request_record(started_at=HOUR + 1))])
    steps = 0
    for _ in bring_up_to_date(HOUR + 60, with_checks=False):
        steps += 1
        assert steps < 20, "it goes on for as long as lines come"
        stored([ended(request_record(started_at=HOUR + 1 + steps))])
    waiting = StatisticChange.objects.count()
    assert waiting == steps
    list(bring_up_to_date(HOUR + 60, with_checks=False))
    assert not StatisticChange.objects.exists()
    of_all = HourStatistic.objects.filter(dimension="account")
    assert sum(of_all.values_list("requests", flat=True)) == 1 + steps


@pytest.mark.django_db
def test_nothing_is_asked_of_the_tables_where_nothing_waits(django_assert_num_queries: Any) -> None:
    """A server at rest looks once."""
    with django_assert_num_queries(1):
        assert grow() == 0


def test_the_same_version_once_more_changes_nothing(request_record: Make) -> None:
    """Nor does a correction of what no statistic tells."""
    row = some_end(request_record(started_at=HOUR + 1), Random(1))
    assert changes([(HOUR, row, row), (HOUR, row, msgspec.structs.replace(row, error="late"))]) == {}


def test_each_dimension_adds_up_to_the_same(request_record: Make) -> None:
    """However many shares an exchange has."""
    chance = Random(2)
    rows = [some_end(some_row(request_record, chance), chance) for _ in range(200)]
    cells = by_dimension(share for row in rows for share in shares_of(row))
    sums = {
        tuple(map(sum, zip(*_of(dimension, cells), strict=True)))
        for dimension in ("model", "account", "client_key", "outcome")
    }
    assert len(sums) == 1


def _of(dimension: str, cells: dict[tuple[str, str], tuple[int, ...]]) -> Iterator[tuple[int, ...]]:
    return (numbers for (of, _), numbers in cells.items() if of == dimension)
