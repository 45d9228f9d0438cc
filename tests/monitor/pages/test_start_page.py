"""The start page: the last hour in numbers, what is in trouble, what is missing."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from django.contrib.auth.models import Permission, User
from django.http import QueryDict
from django.utils import timezone

from accounts.models import Account, ClientKey, ModelMapping
from monitor.history.failure_groups import failure_groups
from monitor.history.last_hour import COUNTED_ROWS, last_hour, quantile
from monitor.history.listing.filters import parse
from monitor.history.listing.keyset import page_of
from monitor.record.records import EndedBy, Outcome, Phase, RequestRecord
from monitor.statistics.models import HourStatistic
from monitor.statistics.shares import COUNTS, SUMS
from monitor.store.upsert import upsert
from monitor.store.writer_stats import WriterStats
from proxyproject.pages.start_page import (
    disk_warnings,
    last_day,
    limit_warnings,
    retirement_warnings,
    store_warnings,
)

NOW = 1_700_000_000.0
Make = Callable[..., RequestRecord]
QUIET = WriterStats(
    rows_written=5,
    bodies_written=5,
    rows_dropped=0,
    bodies_dropped=0,
    queued_rows=0,
    queued_body_bytes=0,
    last_error="",
    last_error_at=None,
)


def ended(record: RequestRecord, outcome: Outcome, **more: Any) -> RequestRecord:
    return msgspec.structs.replace(
        record,
        in_flight=False,
        outcome=outcome,
        ended_by=EndedBy.UPSTREAM,
        ended_in=Phase.AFTER_STOP,
        **{"status": 200, **more},
    )


def an_account(email: str = "a@x.example") -> Account:
    account = Account(kind="gemini", email=email)
    account.credential = {"api_key": "k"}
    account.save()
    return account


def a_key() -> ClientKey:
    key = ClientKey(name="team")
    key.give_value()
    key.save()
    return key


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, None), ([7], 0.95, 7), ([1, 2, 3, 4], 0.5, 2), (list(range(1, 101)), 0.95, 95)],
)
def test_quantiles_are_values_that_were_measured(
    values: list[int], share: float, expected: int | None
) -> None:
    """Nearest rank, nothing interpolated."""
    assert quantile(values, share) == expected


def test_the_last_hour_counts_what_ended_in_it(store: str, request_record: Make) -> None:
    """Shares are of the ended; what is older does not count."""
    upsert(
        [
            ended(request_record(started_at=NOW - 10), Outcome.OK, first_data_ms=100),
            ended(request_record(started_at=NOW - 20), Outcome.HEALED, healed=True, first_data_ms=300),
            ended(request_record(started_at=NOW - 30), Outcome.RETRIED, first_data_ms=200),
            ended(request_record(started_at=NOW - 40), Outcome.ERROR),
            request_record(started_at=NOW - 50),
            ended(request_record(started_at=NOW - 4000), Outcome.ERROR),
        ]
    )
    hour = last_hour(NOW)
    assert (hour.requests, hour.ended, hour.failed, hour.rescued) == (5, 4, 1, 2)
    assert (hour.failed_percent, hour.rescued_percent) == (25, 50)
    assert (hour.first_data_p50_ms, hour.first_data_p95_ms) == (200, 300)
    assert hour.counted_since is None


def test_an_empty_hour_has_no_shares(store: str) -> None:
    """Nothing of nothing is not 0 %."""
    hour = last_hour(NOW)
    assert (hour.failed_percent, hour.rescued_percent, hour.first_data_p50_ms) == (None, None, None)


def test_a_full_hour_says_since_when_it_counts(
    store: str, request_record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only so many rows are read, the newest."""
    assert COUNTED_ROWS > 2
    monkeypatch.setattr("monitor.history.last_hour.COUNTED_ROWS", 2)
    upsert([ended(request_record(started_at=NOW - ago), Outcome.OK) for ago in (10, 20, 30)])
    hour = last_hour(NOW)
    assert (hour.requests, hour.counted_since) == (2, NOW - 20)


def test_the_last_failures_come_with_their_diagnosis(store: str, request_record: Make) -> None:
    """Newest first, and only failures."""
    upsert(
        [
            ended(request_record(started_at=NOW - 10, client_key="x"), Outcome.ERROR),
            ended(request_record(started_at=NOW - 20), Outcome.OK),
            ended(request_record(started_at=NOW - 30), Outcome.ZERO_TOKENS),
        ]
    )
    found = failure_groups(5)
    assert [group.newest.outcome for group in found] == [Outcome.ERROR, Outcome.ZERO_TOKENS]
    assert all(group.diagnosis.next_step.message for group in found)


def test_failures_that_are_alike_are_one_line(store: str, request_record: Make) -> None:
    """With their number, from when to when, and the way to them; another model or a pause begins anew."""
    upsert(
        [
            ended(request_record(started_at=NOW - ago, client_model=model), Outcome.ERROR, status=429)
            for ago, model in ((10, "a"), (20, "b"), (30, "a"), (40, "a"), (4000, "a"))
        ]
    )
    found = failure_groups(5)
    assert [(group.newest.client_model, group.count) for group in found] == [("a", 3), ("b", 1), ("a", 1)]
    group = found[0]
    assert (group.first_at, group.last_at) == (NOW - 40, NOW - 10)
    assert group.word == "every account resting or busy"
    asked = parse(QueryDict(group.query))
    assert [row.started_at for row in page_of(asked).rows] == [NOW - 10, NOW - 30, NOW - 40]
    assert len(failure_groups(1)) == 1


def test_a_group_that_may_be_larger_says_so(
    store: str, request_record: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only so many failures are read."""
    monkeypatch.setattr("monitor.history.failure_groups.LOOKED_AT", 2)
    upsert([ended(request_record(started_at=NOW - ago), Outcome.ERROR, status=429) for ago in (10, 20, 30)])
    [group] = failure_groups(5)
    assert (group.count, group.is_cut) == (2, True)


@pytest.mark.parametrize(
    ("change", "tones"),
    [
        ({}, []),
        ({"last_error": "OperationalError: locked", "last_error_at": NOW - 1}, ["danger"]),
        ({"last_error": "OperationalError: locked", "last_error_at": NOW - 9999}, []),
        (
            {"last_error": "OperationalError: full", "last_error_at": NOW - 9999, "is_failing": True},
            ["danger"],
        ),
        ({"busy_since": NOW - 1}, []),
        ({"busy_since": NOW - 10}, ["danger"]),
        ({"queued_rows": 5_000}, ["warning"]),
        ({"rows_dropped": 1}, ["warning"]),
        ({"bodies_dropped": 1}, ["warning"]),
    ],
)
def test_a_store_in_trouble_is_told(change: dict[str, Any], tones: list[str]) -> None:
    """Failing, slow, or leaving something out; what was long ago is no more told."""
    stats = msgspec.structs.replace(QUIET, **change)
    assert [trouble.tone for trouble in store_warnings(stats, NOW)] == tones


@pytest.mark.parametrize(
    ("day", "tones"),
    [
        (date(2026, 11, 10), []),
        (date(2026, 11, 11), ["warning", "warning"]),
        (date(2026, 12, 11), ["warning", "warning"]),
        (date(2026, 12, 12), ["danger", "danger"]),
    ],
)
def test_models_that_are_retired_are_told(
    admin_client: Any, monkeypatch: pytest.MonkeyPatch, day: date, tones: list[str]
) -> None:
    """From thirty days before: the targets of mappings, their fallbacks, and what was used in the last"
    " week."""
    monkeypatch.setattr("accounts.admin.facts.retirements.today", lambda: day)
    assert [one.tone for one in retirement_warnings(["gpt-5", "gpt-5-mini", "gpt-6-sol"], day)] == tones
    ModelMapping.objects.create(pattern="m", target="gpt-6-sol", fallbacks=["gpt-5-nano"])
    used_at(timezone.now() - timedelta(days=1), "gpt-5-mini")
    used_at(timezone.now() - timedelta(days=8), "gpt-5")
    shown = admin_client.get("/admin/").content.decode()
    told = {model: f"{model} is retired" in shown or f"{model} was retired" in shown for model in MODELS}
    assert told == {"gpt-5": False, "gpt-5-mini": bool(tones), "gpt-5-nano": bool(tones), "gpt-6-sol": False}


MODELS = ("gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-6-sol")


def used_at(hour: datetime, model: str) -> None:
    """One request for ``model`` in the statistics of ``hour``."""
    counts = dict.fromkeys((*COUNTS, *SUMS), 1)
    HourStatistic.objects.create(hour=hour, dimension="model", value=model, **counts)


def test_a_full_disk_is_told() -> None:
    """Below a gigabyte."""
    assert disk_warnings(2_000_000_000) == []
    assert [trouble.tone for trouble in disk_warnings(5_000_000)] == ["danger"]


@pytest.mark.django_db
def test_the_page_shows_it(admin_client: Any, request_record: Make) -> None:
    """Numbers, a troubled account with its reason, and the failure's sentence, as text."""
    an_account("well@x.example")
    an_account("<b>ill@x.example").disable("its key was refused twice")
    upsert([ended(request_record(), Outcome.ZERO_TOKENS)])
    page = admin_client.get("/admin/").content.decode()
    assert "its key was refused twice" in page
    assert "&lt;b&gt;ill@x.example" in page
    assert "well@x.example" not in page
    assert "zero tokens" in page


@pytest.mark.django_db
def test_the_page_shows_what_a_person_may_see(client: Any) -> None:
    """Staff without rights get a page without numbers and names."""
    an_account("ill@x.example").disable("broken")
    staff = User.objects.create_user("staff", is_staff=True)
    client.force_login(staff)
    page = client.get("/admin/").content.decode()
    assert "broken" not in page
    assert "last hour" not in page
    staff.user_permissions.add(Permission.objects.get(codename="view_account"))
    client.force_login(staff)
    assert "broken" in client.get("/admin/").content.decode()


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow(
    admin_client: Any, request_record: Make, django_assert_max_num_queries: Any
) -> None:
    """However many accounts and failures there are."""
    for number in range(15):
        an_account(f"{number}@x.example").disable("broken")
    upsert([ended(request_record(), Outcome.ERROR) for _ in range(20)])
    with django_assert_max_num_queries(18):
        admin_client.get("/admin/")


class Away:
    """Counts of which nobody can be asked."""

    def __init__(self, away: str, *, is_open: bool) -> None:
        self.away = away
        self.is_open = is_open


@pytest.mark.parametrize(
    ("away", "is_open", "says"),
    [
        ("redis", True, ("Redis does not answer", "let through")),
        ("ledger", False, ("ledger cannot be read", "are refused")),
    ],
)
def test_limits_that_are_not_known_are_told(away: str, is_open: bool, says: tuple[str, str]) -> None:
    """Who cannot be asked, and whether keys with limits are let through meanwhile."""
    counts: Any = Away(away, is_open=is_open)
    [told] = limit_warnings(counts)
    assert told.tone == "danger"
    assert all(part in told.text for part in says)
    nothing: Any = Away("", is_open=True)
    assert limit_warnings(nothing) == limit_warnings(None) == []


@pytest.mark.django_db
def test_the_overview_works_out_no_statistics(request_record: Make) -> None:
    """In a store's trouble it would wait for the lock; the strip is there when an hour is filled."""
    upsert([ended(request_record(started_at=timezone.now().timestamp()), Outcome.OK)])
    assert last_day(timezone.now()) is None
    assert not HourStatistic.objects.exists()
