"""How an account fared today, and the list that says so."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import msgspec
import pytest

from accounts.admin.figures import account_figures, register_account_figures
from accounts.models import Account
from monitor.record.records import AttemptRecord, RequestRecord
from monitor.statistics.account_day import account_days
from monitor.statistics.filling import fill_hour, hours_to_fill
from monitor.store.upsert import upsert
from proxyproject.pages.account_figures import account_figures as figures_of_the_monitor
from proxyproject.pages.start_page import last_day
from tests.monitor.shelf import operator_named
from tests.monitor.statistics.stored import stored
from tests.monitor.statistics.test_statistics import ended

Make = Callable[..., RequestRecord]


def tried(record: RequestRecord, number: int, account: str, **more: object) -> AttemptRecord:
    return AttemptRecord(
        request_id=record.id,
        number=number,
        account=account,
        account_kind="anthropic",
        upstream_model="m",
        started_offset_ms=0,
        end_ms=5,
        **more,
    )


@pytest.fixture
def a_day(store: str, request_record: Make) -> datetime:
    """Noon of a day on which a@x.example failed twice of four times, and b@x.example never."""
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    start = noon.timestamp() - 3600
    rows = [request_record(started_at=start + number) for number in range(4)]
    yesterday = request_record(started_at=start - 86400)
    simulated = request_record(started_at=start + 10, is_simulated=True)
    used = {"tokens_in": 10, "tokens_cached": 5, "tokens_out": 7, "cost": Decimal("0.5")}
    upsert([ended(row, **used) for row in (*rows, yesterday, simulated)])
    broken = {"failure_kind": "status", "failure_text": "no\ncapacity", "status": 503}
    upsert(
        [
            tried(rows[0], 1, "a@x.example"),
            tried(rows[1], 1, "a@x.example", failure_kind="empty", failure_text="nothing came"),
            tried(rows[2], 1, "a@x.example", **broken),
            tried(rows[2], 2, "b@x.example"),
            tried(rows[3], 1, "a@x.example", failure_kind="status", failure_text="bad body", status=400),
            tried(yesterday, 1, "a@x.example", **broken),
            tried(simulated, 1, "simulator 1", **broken),
            msgspec.structs.replace(tried(rows[3], 2, "b@x.example"), end_ms=None),
        ]
    )
    for hour in list(hours_to_fill(noon.timestamp())):
        fill_hour(hour)
    return noon


def test_an_account_is_judged_by_its_own_attempts(a_day: datetime) -> None:
    """Each attempt of today counts for the account that was asked; the client's mistakes are no failures."""
    days = account_days(a_day)
    assert set(days) == {("anthropic", "a@x.example"), ("anthropic", "b@x.example")}
    a, b = days["anthropic", "a@x.example"], days["anthropic", "b@x.example"]
    assert (a.attempts, a.failed, b.attempts, b.failed) == (4, 2, 1, 0)
    assert (a.last_error, b.last_error) == ("503: no capacity", "")
    assert (a.tokens_in, a.tokens_out, a.cost) == (60, 28, Decimal(2))


def test_the_first_minute_has_its_figures(
    monkeypatch: pytest.MonkeyPatch, store: str, request_record: Make
) -> None:
    """Nobody waits for who keeps house: the accounts' tokens and the overview's strip are there at once."""
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    monkeypatch.setattr("django.utils.timezone.now", lambda: noon + timedelta(seconds=20))
    row = request_record(started_at=noon.timestamp() + 5)
    stored([ended(row, tokens_in=10, tokens_out=7)])
    upsert([tried(row, 1, "a@x.example")])
    assert last_day(noon + timedelta(seconds=20)) is not None
    [figures] = figures_of_the_monitor().values()
    assert (figures.tokens_in, figures.tokens_out) == (10, 7)


@pytest.fixture
def registered() -> Iterator[None]:
    """The list asks the monitor, as in a server."""
    register_account_figures(figures_of_the_monitor)
    yield
    register_account_figures(dict)


@pytest.mark.usefixtures("registered", "a_day")
def test_the_list_of_accounts_says_it(monkeypatch: pytest.MonkeyPatch, a_day: datetime) -> None:
    """Success, tokens, cost and the last error with a link to it, in as many queries for all."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: a_day + timedelta(minutes=1))
    Account.objects.create(email="a@x.example", kind="anthropic")
    Account.objects.create(email="new@x.example", kind="gemini")
    text = operator_named("looker", "view_account").get("/admin/accounts/account/").content.decode()
    for told in (
        "50.0 %",
        "2 of 4 failed",
        "60 in",
        "28 out",
        "$2.0000",
        "503: no capacity",
        "/monitor/history/",
    ):
        assert told in text, told
    assert set(account_figures()) == {("anthropic", "a@x.example"), ("anthropic", "b@x.example")}
