"""The statistics: filled once however often, kept longer than the exchanges, shown and exported alike."""

import csv
import io
import time
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any

import msgspec
import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from monitor.history.failure_groups import failure_groups
from monitor.history.last_hour import last_hour
from monitor.models import DailyStatistic, HourStatistic, RequestLog
from monitor.record.records import EndedBy, Outcome, Phase, RequestRecord
from monitor.statistics import due, filling
from monitor.statistics.due import count_first_hour
from monitor.statistics.filling import days_to_fill, fill_day, fill_hour, hours_to_fill
from monitor.statistics.shares import COUNTS, HOUR_SECONDS, SUMS
from monitor.statistics.totals import Sums, by_bucket, by_dimension, cache_collapse, total
from monitor.store.upsert import upsert
from tests.monitor.statistics.stored import stored

HOUR = 1_700_000_000 // HOUR_SECONDS * HOUR_SECONDS
NOW = datetime.fromtimestamp(HOUR + 1800, UTC)
Make = Callable[..., RequestRecord]


def ended(record: RequestRecord, outcome: Outcome = Outcome.OK, **more: Any) -> RequestRecord:
    return msgspec.structs.replace(
        record,
        in_flight=False,
        outcome=outcome,
        ended_by=EndedBy.UPSTREAM,
        ended_in=Phase.AFTER_STOP,
        mapped_model="m",
        account="a@x.example",
        **more,
    )


def fill(now: float) -> list[int]:
    hours = list(hours_to_fill(now))
    for hour in hours:
        fill_hour(hour)
    return hours


def fill_days(now: float = NOW.timestamp()) -> list[date]:
    days = list(days_to_fill(now))
    for day in days:
        fill_day(day)
    return days


def statistic(hours_ago: float, hour: datetime | None = None, **fields: Any) -> None:
    """Some requests in an hour, put beside what it has, by each dimension."""
    values = {name: fields.pop(name, plain) for name, plain in VALUES.items()}
    counts = {**dict.fromkeys((*COUNTS, *SUMS), 0), "requests": 1, **fields}
    counts["failed"] = counts["requests"] if values["outcome"] == "error" else 0
    hour = hour or datetime.fromtimestamp(HOUR, UTC) - timedelta(hours=hours_ago)
    for dimension, value in values.items():
        row, is_new = HourStatistic.objects.get_or_create(
            hour=hour, dimension=dimension, value=value, defaults=counts
        )
        if not is_new:
            for name, count in counts.items():
                setattr(row, name, getattr(row, name) + count)
            row.save()


VALUES = {"model": "m", "account": "a", "client_key": "k", "outcome": "ok"}


def of(dimension: str) -> Any:
    """The hours by that dimension, by value."""
    return HourStatistic.objects.filter(dimension=dimension).order_by("value")


def test_filling_twice_counts_once(store: str, request_record: Make) -> None:
    """An hour is worked out as a whole; what is in flight does not count until it ends."""
    running = request_record(started_at=HOUR + 30)
    upsert(
        [
            ended(request_record(started_at=HOUR + 1), tokens_in=10, tokens_out=5, cost=Decimal("0.5")),
            ended(request_record(started_at=HOUR + 2), tokens_in=20, tokens_cached=70, attempts=2),
            ended(request_record(started_at=HOUR + 3), Outcome.HEALED, healed=True),
            running,
        ]
    )
    fill(HOUR + 60)
    fill(HOUR + 120)
    [healed, ok] = of("outcome")
    assert (ok.requests, ok.tokens_in, ok.tokens_out, ok.tokens_cached, ok.retried) == (2, 30, 5, 70, 1)
    assert ok.cost == Decimal("0.5")
    assert (healed.value, healed.requests, healed.healed, healed.rescued) == ("healed", 1, 1, 1)
    for dimension, value in (("model", "m"), ("account", "a@x.example"), ("client_key", "team")):
        [row] = of(dimension)
        assert (row.value, row.requests, row.tokens_in, row.cost) == (value, 3, 30, Decimal("0.5"))
    upsert([ended(running)])
    fill(HOUR + 180)
    assert sorted(of("outcome").values_list("requests", flat=True)) == [1, 3]


def test_many_groups_are_filled_some_at_a_time(
    store: str, request_record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many keys and accounts an hour has, all are counted, and again when it is filled anew."""
    monkeypatch.setattr(filling, "GROUPS_AT_ONCE", 2)
    upsert([ended(request_record(started_at=HOUR + n, client_key=f"k{n % 5}")) for n in range(10)])
    for _ in range(2):
        fill_hour(HOUR)
        found = of("client_key").values_list("value", "requests")
        assert list(found) == [(f"k{n}", 2) for n in range(5)]


def test_an_hour_has_no_row_for_each_combination(store: str, request_record: Make) -> None:
    """As many as there are keys, accounts, models and outcomes, however they meet."""
    upsert(
        [
            msgspec.structs.replace(
                ended(request_record(started_at=HOUR + n, client_key=f"k{n % 10}")),
                account=f"a{n % 7}",
                mapped_model=f"m{n % 3}",
            )
            for n in range(210)
        ]
    )
    fill_hour(HOUR)
    assert HourStatistic.objects.count() == 10 + 7 + 3 + 1
    for dimension in VALUES:
        assert sum(of(dimension).values_list("requests", flat=True)) == 210


def test_hours_of_an_older_installation_are_copied(store: str) -> None:
    """By each dimension; what failed and what was rescued is told by the outcome there."""
    state = MigrationExecutor(connection).loader.project_state(("monitor", "0020_hours_by_dimension"))
    old = state.apps.get_model("monitor", "HourlyStatistic")
    hour = datetime.fromtimestamp(HOUR, UTC)
    for number, outcome in enumerate(("ok", "error", "healed")):
        counts = dict.fromkeys(("healed", "retried", *SUMS), number)
        old.objects.create(
            hour=hour, model="m", account=f"a{number}", client_key="k", outcome=outcome, requests=5, **counts
        )
    import_module("monitor.migrations.0020_hours_by_dimension").copy(state.apps, None)
    for dimension in VALUES:
        rows = of(dimension)
        assert sum(row.requests for row in rows) == 15
        assert sum(row.cost for row in rows) == 3
        assert (sum(row.failed for row in rows), sum(row.rescued for row in rows)) == (5, 5)
    assert list(of("account").values_list("value", "failed")) == [("a0", 0), ("a1", 5), ("a2", 0)]


def test_counted_tokens_are_not_used_ones(store: str, request_record: Make) -> None:
    """A count is a request, and its tokens were neither sent to a model nor paid."""
    upsert(
        [
            ended(
                request_record(started_at=HOUR + 1, path="/v1/messages/count_tokens?beta=true"), tokens_in=7
            ),
            ended(request_record(started_at=HOUR + 2, path="/v1beta/models/m:countTokens"), tokens_in=7),
            ended(request_record(started_at=HOUR + 3), tokens_in=5),
        ]
    )
    fill(HOUR + 60)
    assert of("model").values_list("requests", "tokens_in").get() == (3, 5)


def test_the_simulator_is_no_part_of_the_figures(store: str, request_record: Make) -> None:
    """Nobody paid for it and nothing failed: neither statistics nor the last hour count it."""
    failed = ended(request_record(started_at=HOUR + 1), Outcome.ERROR, is_simulated=True)
    upsert([failed, ended(request_record(started_at=HOUR + 2), tokens_in=1)])
    fill(HOUR + 60)
    assert list(of("outcome").values_list("value", "requests")) == [("ok", 1)]
    hour = last_hour(HOUR + 60.0)
    assert (hour.requests, hour.failed) == (1, 0)
    assert failure_groups(5) == []


def test_it_goes_from_the_oldest_hour_on_and_then_does_the_open_ones(
    store: str, request_record: Make
) -> None:
    """At first every hour that has exchanges; afterwards the newest three, and what came since."""
    days_ago = HOUR - 40 * 24 * HOUR_SECONDS
    upsert([ended(request_record(started_at=at + 5)) for at in (days_ago, HOUR - 5 * HOUR_SECONDS, HOUR)])
    assert fill(HOUR + 60) == [days_ago, HOUR - 5 * HOUR_SECONDS, HOUR]
    assert fill(HOUR + 60) == [HOUR]
    later = HOUR + 2 * HOUR_SECONDS
    upsert([ended(request_record(started_at=later + 5))])
    assert fill(later + 60) == [HOUR, later]


def test_a_page_that_is_read_first_hides_no_older_hours(store: str, request_record: Make) -> None:
    """The newest hour says that all before it are counted: a page counts the running one only in its turn."""
    hours = [HOUR - number * HOUR_SECONDS for number in range(9, -1, -1)]
    upsert([ended(request_record(started_at=at + 5)) for at in hours[:-1]])
    stored([ended(request_record(started_at=HOUR + 5))])
    count_first_hour(HOUR + 60)
    assert not HourStatistic.objects.exists()
    assert fill(HOUR + 60) == hours
    fill_days(HOUR + 60)
    stored([ended(request_record(started_at=HOUR + HOUR_SECONDS + 5))])
    count_first_hour(HOUR + HOUR_SECONDS + 60)
    assert of("model").count() == len(hours) + 1


def test_a_page_in_the_first_minute_of_an_hour_has_the_one_before(store: str, request_record: Make) -> None:
    """What was asked a moment ago may belong to an hour of which nothing is counted yet."""
    stored([ended(request_record(started_at=HOUR - 30))])
    count_first_hour(HOUR + 20)
    assert of("model").get().requests == 1


def test_a_page_of_a_server_that_rests_works_nothing_out(
    store: str, request_record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an ended exchange in the running hour each look would look at the hours before it."""
    stored([ended(request_record(started_at=HOUR + 5)), request_record(started_at=HOUR + HOUR_SECONDS + 5)])
    fill(HOUR + 60)
    done: list[int] = []
    monkeypatch.setattr(due, "check", done.append)
    count_first_hour(HOUR + HOUR_SECONDS + 60)
    assert done == []
    stored([ended(request_record(started_at=HOUR + HOUR_SECONDS + 9))])
    count_first_hour(HOUR + HOUR_SECONDS + 60)
    assert done == [HOUR, HOUR + HOUR_SECONDS]


def test_statistics_outlive_the_exchanges(store: str, request_record: Make) -> None:
    """What retention removes stays counted."""
    upsert([ended(request_record(started_at=HOUR + 1))])
    fill(HOUR + 60)
    RequestLog.objects.all().delete()
    fill(HOUR + 120)
    assert of("model").get().requests == 1


def test_without_exchanges_there_is_nothing_to_fill(store: str) -> None:
    """A new server has no hours."""
    assert fill(HOUR) == []


@pytest.mark.django_db
@pytest.mark.parametrize(("days", "buckets"), [(1, 24), (7, 8), (30, 31)])
def test_a_span_has_each_of_its_buckets(days: int, buckets: int) -> None:
    """A day in hours, more in days, also those without anything; together they are the whole span."""
    statistic(0, requests=3)
    statistic(20, requests=4)
    statistic(24 * days + 1, requests=100)
    fill_days()
    found = by_bucket(days, NOW)
    assert len(found) == buckets
    assert len({moment for moment, _ in found}) == buckets
    assert total(sums for _, sums in found).requests == 7
    assert found[-1][1].requests >= 3


@pytest.mark.thorough
@pytest.mark.django_db
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/St_Johns"])
def test_days_are_the_sum_of_their_hours(zone: str, settings: Any) -> None:
    """In the server's zone; any span is what the hours alone would say, also its first day."""
    settings.TIME_ZONE = zone
    for hours_ago in range(0, 24 * 33, 5):
        statistic(hours_ago, requests=hours_ago + 1, cost=Decimal(hours_ago), client_key=str(hours_ago % 3))
    fill_days()
    for days in (7, 30):
        wanted = sum(hours_ago + 1 for hours_ago in range(0, 24 * days, 5))
        assert total(sums for _, sums in by_bucket(days, NOW)).requests == wanted
        assert total(sums for _, sums in by_dimension("client_key", days, NOW)).requests == wanted


@pytest.mark.django_db
def test_days_are_added_up_anew(settings: Any) -> None:
    """At first all, afterwards the newest two; what another zone had cut otherwise is replaced."""
    statistic(0)
    statistic(24 * 40)
    assert len(fill_days()) == 2
    assert len(fill_days()) == 1
    statistic(1, requests=4)
    fill_days()
    models = DailyStatistic.objects.filter(dimension="model")
    assert sorted(models.values_list("requests", flat=True)) == [1, 5]
    settings.TIME_ZONE = "Pacific/Auckland"
    assert by_dimension("model", 30, NOW) == []
    fill_days()
    assert total(sums for _, sums in by_dimension("model", 30, NOW)).requests == 5
    assert set(DailyStatistic.objects.values_list("zone", flat=True)) == {"Pacific/Auckland"}


@pytest.mark.django_db
def test_values_come_with_the_most_asked_first() -> None:
    """By any of the four; another is refused."""
    statistic(0, requests=1, outcome="error", model="x")
    statistic(1, requests=5, model="y")
    fill_days()
    assert [(value, sums.requests, sums.failed) for value, sums in by_dimension("model", 7, NOW)] == [
        ("y", 5, 0),
        ("x", 1, 1),
    ]
    with pytest.raises(ValueError, match="no dimension"):
        by_dimension("id", 7, NOW)


def test_shares_of_nothing_are_unknown() -> None:
    """Not 0 %."""
    assert (Sums().failed_percent, Sums().cached_percent) == (None, None)
    assert Sums(tokens_in=25, tokens_cached=75).cached_percent == 75


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("before", "after", "tokens", "told"),
    [(80, 10, 200_000, True), (80, 60, 200_000, False), (10, 0, 200_000, False), (80, 10, 50_000, False)],
)
def test_a_collapse_of_the_cache_is_told(before: int, after: int, tokens: int, told: bool) -> None:
    """The last day against the week before: below its half, where share and amount mean something."""
    statistic(48, tokens_in=(100 - before) * 10_000, tokens_cached=before * 10_000)
    statistic(1, tokens_in=(100 - after) * tokens // 100, tokens_cached=after * tokens // 100)
    assert cache_collapse(NOW) == ((before, after) if told else None)


@pytest.mark.django_db
def test_the_page_and_its_csv_say_the_same(admin_client: Any) -> None:
    """The page's sum is the CSV's; nothing in a cell is a formula for a spreadsheet."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for number in range(3):
        statistic(0, hour, requests=111, client_key=f"=key{number}", model="<b>m")
    fill_days(hour.timestamp())
    page = admin_client.get("/monitor/statistics/?days=30&by=client_key").content.decode()
    assert '<div class="ek-tile-value">333</div>' in page
    assert "=key2" in page
    assert "&lt;b&gt;m" in admin_client.get("/monitor/statistics/?by=model").content.decode()
    response = admin_client.get("/monitor/statistics/?days=30&format=csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode())))
    keys = [row for row in rows if row["dimension"] == "client_key"]
    assert sum(int(row["requests"]) for row in keys) == 333
    assert {row["value"] for row in keys} == {"'=key0", "'=key1", "'=key2"}


@pytest.mark.django_db
def test_what_was_rescued_is_one_number(admin_client: Any, request_record: Make) -> None:
    """Healed, retried and continued; the hours, the days, the last hour and the history agree on it."""
    now = time.time()
    ids = (f"{request_record(started_at=now).id[:16]}{number:016x}" for number in range(5))
    made = [request_record(started_at=now, id=next(ids)) for _ in range(5)]
    outcomes = (Outcome.HEALED, Outcome.RETRIED, Outcome.CONTINUED, Outcome.OK)
    stored([*map(ended, made, outcomes), ended(made[-1], Outcome.ERROR, healed=True, attempts=3)])
    moment = datetime.fromtimestamp(now, UTC)
    page = admin_client.get("/monitor/statistics/").content.decode()
    assert "60.0 %" in page
    for days in (1, 90):
        assert total(sums for _, sums in by_bucket(days, moment)).rescued == 3
    assert last_hour(now).rescued == 3
    assert admin_client.get("/monitor/history/?rescued=1").content.decode().count("<tr data-row") == 3


@pytest.mark.django_db
def test_the_statistics_are_there_at_once(admin_client: Any, request_record: Make) -> None:
    """Nobody waits a minute for the first request to be counted."""
    assert b"Nothing was asked" in admin_client.get("/monitor/statistics/").content
    stored([ended(request_record(started_at=time.time() - 1), tokens_in=5)])
    assert b"Nothing was asked" not in admin_client.get("/monitor/statistics/").content


@pytest.mark.django_db
@pytest.mark.parametrize("by", ["model", "account", "client_key", "outcome", "nonsense"])
def test_the_page_asks_a_fixed_number_of_queries(
    admin_client: Any, by: str, django_assert_max_num_queries: Any
) -> None:
    """Whatever it shows; also when it is empty."""
    assert b"Nothing was asked" in admin_client.get(f"/monitor/statistics/?by={by}").content
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for number in range(60):
        statistic(0, now, model=f"m{number}", account=f"a{number}")
    fill_days(now.timestamp())
    with django_assert_max_num_queries(15):
        assert admin_client.get(f"/monitor/statistics/?by={by}&days=90").status_code == 200


@pytest.mark.django_db
def test_only_operators_see_it(client: Any) -> None:
    """Others are sent to the login."""
    assert client.get("/monitor/statistics/").status_code == 302
