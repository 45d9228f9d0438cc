"""Past exchanges are priced again on purpose: row, ledger and statistics agree, the old figure is kept."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO
from math import inf
from typing import Any, Final

import msgspec
import pytest
from django.core.management import CommandError, call_command

from monitor.conversations.models import Conversation
from monitor.history.listing.keyset import records_by_id
from monitor.ledger.booking import dollars
from monitor.ledger.models import LedgerCorrection
from monitor.ledger.reading import by_client_key
from monitor.ledger.writing import book
from monitor.models import ModelPrice, RequestLog
from monitor.pricing import recomputing
from monitor.record.attempt_use import AttemptUse
from monitor.record.estimated import GUESSED_PRICE, is_estimated
from monitor.record.records import RequestRecord
from monitor.record.request_id import first_request_id
from monitor.statistics import filling
from monitor.statistics.models import HourStatistic
from monitor.statistics.totals import by_dimension
from monitor.store.writer import RecordWriter
from tests.monitor.store.test_writer import ended

HOUR = 1_700_006_400
"""2023-11-15 00:00 UTC."""
SINCE = "2023-11-15"


@pytest.fixture
def written(writer: RecordWriter, request_record: Callable[..., RequestRecord]) -> RecordWriter:
    """An exchange in the hour before, five in one hour, three in another, one just now."""
    moments = [HOUR - 60.0, *(HOUR + 60.0 * n for n in range(5)), *(HOUR + 7200 + 60.0 * n for n in range(3))]
    for moment in moments:
        record = request_record(started_at=moment, client_key_id=1, conversation="c" * 32)
        writer.submit(ended(record, mapped_model="in-house", account="a", tokens_in=1000, tokens_out=0))
    assert writer.flush(10)
    for hour in filling.hours_to_fill(moments[-1] + 7200):
        filling.fill_hour(hour)
    for day in filling.days_to_fill(moments[-1] + 7200):
        filling.fill_day(day)
    return writer


def price(per_million: str) -> None:
    ModelPrice.objects.update_or_create(
        pattern="in-house",
        defaults={
            "valid_from": datetime(2023, 1, 1, tzinfo=UTC), "input_price": Decimal(per_million),
            "output_price": Decimal(0),
        },
    )  # fmt: skip


def command(*arguments: str) -> str:
    said = StringIO()
    call_command("recompute_costs", *arguments, stdout=said)
    return said.getvalue()


def told() -> tuple[Decimal, ...]:
    """The sum of costs as the rows, the ledger, the conversation and the statistics have it."""
    rows = sum((cost or Decimal(0) for cost in RequestLog.objects.values_list("cost", flat=True)), Decimal(0))
    ledger = dollars(by_client_key(0, inf)["team"].cost_units)
    [(_, sums)] = by_dimension("model", 7, datetime.fromtimestamp(HOUR + 86_000, UTC))
    return rows, ledger, dollars(Conversation.objects.get().cost_units), sums.cost


def test_a_preview_changes_nothing(written: RecordWriter) -> None:
    """It says what would change, by key and model: of whole hours alone."""
    price("5")
    said = command("--since", "2023-11-01")
    assert "team  in-house  +0.040000 US$, 8 more have a price" in said
    assert "Would change 2 of 2 hours: +0.040000 US$ in all." in said
    assert told() == (0, 0, 0, 0)
    assert not LedgerCorrection.objects.exists()


def test_all_say_the_new_number_and_the_old_one_is_kept(
    written: RecordWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows, ledger, statistics; however few exchanges are taken at a time. A second run changes nothing."""
    monkeypatch.setattr(recomputing, "ROWS_AT_ONCE", 2)
    price("5")
    assert "Changed 2 of 2 hours: +0.040000 US$ in all." in command("--since", SINCE, "--apply")
    assert set(told()) == {Decimal("0.04")}
    assert by_client_key(0, inf)["team"].unpriced == 1, "the hour before is not whole on record"
    assert "Changed 0 of 2 hours" in command("--since", SINCE, "--apply")
    price("7")
    assert "Changed 1 of 1 hours: +0.010000 US$" in command(
        "--since", SINCE, "--until", "2023-11-15T01:00", "--apply"
    )
    assert set(told()) == {Decimal("0.05")}
    kept = LedgerCorrection.objects.order_by("made_at", "hour")
    assert [
        (
            dollars(one.cost_units_before),
            dollars(one.cost_units_after),
            one.unpriced_before,
            one.unpriced_after,
        )
        for one in kept
    ] == [
        (Decimal(0), Decimal("0.025"), 5, 0),
        (Decimal(0), Decimal("0.015"), 3, 0),
        (Decimal("0.025"), Decimal("0.035"), 0, 0),
    ]
    runs = command("--runs").splitlines()
    assert [run.partition("UTC  ")[2] for run in runs] == [
        "2 figures  0.000000 -> 0.040000 US$", "1 figures  0.025000 -> 0.035000 US$",
    ]  # fmt: skip


def test_what_failed_attempts_cost_is_priced_again_too(
    written: RecordWriter, request_record: Callable[..., RequestRecord]
) -> None:
    """Each attempt by its own model; one whose price is not known keeps what it has. All say one number."""
    listed, own, unknown = (
        AttemptUse(number=number, account="b", model=model, tokens_in=1000, tokens_out=0, failed=number < 3)
        for number, model in ((1, "claude-opus-5-5"), (2, "in-house"), (3, "nobodys"))
    )
    row = ended(
        request_record(started_at=HOUR + 30.0, client_key_id=1, conversation="c" * 32),
        mapped_model="nobodys",
        account="b",
        attempts=3,
        used_by_attempt=(listed, own, unknown),
    )
    written.submit(row)
    assert written.flush(10)
    before = RequestLog.objects.get(id=row.id)
    assert [use.get("cost") for use in before.used_by_attempt] == ["0.0040000000", None, None]
    price("5")
    command("--since", SINCE, "--apply")
    after = RequestLog.objects.get(id=row.id)
    assert [use.get("cost") for use in after.used_by_attempt] == ["0.0040000000", "0.0050000000", None]
    assert (before.cost, after.cost) == (Decimal("0.004"), Decimal("0.009"))
    found = dict(by_dimension("model", 7, datetime.fromtimestamp(HOUR + 86_000, UTC)))
    by_model = {model: (sums.cost, sums.tokens_in, sums.requests) for model, sums in found.items()}
    assert by_model == {
        "claude-opus-5-5": (Decimal("0.004"), 1000, 0),
        "in-house": (Decimal("0.045"), 10_000, 9),
        "nobodys": (0, 1000, 1),
    }
    booked = by_client_key(0, inf)["team"]
    rows = sum(cost or Decimal(0) for cost in RequestLog.objects.values_list("cost", flat=True))
    assert dollars(booked.cost_units) == dollars(Conversation.objects.get().cost_units) == rows
    assert (booked.requests, booked.unpriced) == (10, 2)


DREW: Final = {"drawn_image_out": 5, "drawn_by": "an image model of tomorrow"}


def store_a_guess(writer: RecordWriter, request_record: Callable[..., RequestRecord]) -> RequestRecord:
    """A row whose price rests on a guess, in an hour that is whole."""
    row = ended(request_record(started_at=HOUR + 30.0), mapped_model="gpt-5", tokens_in=1000, tokens_out=0)
    later = ended(request_record(started_at=HOUR + 7200.0), mapped_model="in-house")
    first = ended(request_record(started_at=HOUR - 7200.0), mapped_model="in-house")
    for one in (first, msgspec.structs.replace(row, diagnostics=DREW), later):
        writer.submit(one)
    assert writer.flush(10)
    return row


def test_a_guess_goes_with_an_own_price(
    writer: RecordWriter, request_record: Callable[..., RequestRecord]
) -> None:
    """The row is shown as estimated no longer: who drew is not in the price any more."""
    row = store_a_guess(writer, request_record)
    stored = RequestLog.objects.get(id=row.id)
    assert is_estimated(stored)
    ModelPrice.objects.create(
        pattern="gpt-5", valid_from=datetime(2023, 1, 1, tzinfo=UTC), input_price=Decimal(5),
        output_price=Decimal(0),
    )  # fmt: skip
    command("--since", SINCE, "--apply")
    stored.refresh_from_db()
    assert (stored.cost, stored.diagnostics) == (Decimal("0.005"), DREW)
    assert not is_estimated(stored)


def test_a_guess_of_an_older_version_is_named(
    writer: RecordWriter, request_record: Callable[..., RequestRecord]
) -> None:
    """A row that was stored before guesses were named is shown as estimated after it was priced again."""
    row = store_a_guess(writer, request_record)
    RequestLog.objects.filter(id=row.id).update(diagnostics=DREW)
    stored = RequestLog.objects.get(id=row.id)
    cost = stored.cost
    assert not is_estimated(stored)
    command("--since", SINCE, "--apply")
    stored.refresh_from_db()
    assert is_estimated(stored)
    assert stored.cost == cost


def store_guesses(writer: RecordWriter, request_record: Callable[..., RequestRecord]) -> RequestRecord:
    """The same with two attempts that used something: the price of one rests on a guess."""
    row = store_a_guess(writer, request_record)
    uses = (
        AttemptUse(number=1, account="b", model="gpt-5", tokens_in=1000, tokens_out=0, diagnostics=DREW),
        AttemptUse(number=2, account="a", model="gpt-5", tokens_in=1000, tokens_out=0),
    )
    again = msgspec.structs.replace(row, account="a", attempts=2, used_by_attempt=uses)
    writer.submit(again)
    assert writer.flush(10)
    return again


def test_a_guess_within_attempts_is_read_as_it_was_stored(
    writer: RecordWriter, request_record: Callable[..., RequestRecord]
) -> None:
    """The history shows it, its hour is filled, and it is priced again; later hours wait for nothing."""
    row = store_guesses(writer, request_record)
    [shown] = records_by_id([row.id])
    assert [use.diagnostics for use in shown.used_by_attempt or ()] == [{**DREW, GUESSED_PRICE: True}, {}]
    assert is_estimated(shown)
    hours = list(filling.hours_to_fill(HOUR + 7200))
    for hour in hours:
        filling.fill_hour(hour)
    of_b = HourStatistic.objects.get(hour=datetime.fromtimestamp(HOUR, UTC), dimension="account", value="b")
    assert (of_b.requests, of_b.tokens_in, of_b.cost > 0) == (0, 1000, True)
    ModelPrice.objects.create(
        pattern="gpt-5", valid_from=datetime(2023, 1, 1, tzinfo=UTC), input_price=Decimal(5),
        output_price=Decimal(0),
    )  # fmt: skip
    command("--since", SINCE, "--apply")
    [again] = records_by_id([row.id])
    assert [(use.cost, use.diagnostics) for use in again.used_by_attempt or ()] == [
        (Decimal("0.005"), DREW), (Decimal("0.005"), {}),
    ]  # fmt: skip


def test_a_row_that_cannot_be_read_costs_itself_alone(
    writer: RecordWriter, request_record: Callable[..., RequestRecord], caplog: pytest.LogCaptureFixture
) -> None:
    """It is told in the log, shown and counted as far as it can be; the others are priced again."""
    row = store_guesses(writer, request_record)
    other = ended(request_record(started_at=HOUR + 40.0), mapped_model="gpt-5", tokens_in=1000, tokens_out=0)
    writer.submit(other)
    assert writer.flush(10)
    odd = [{"number": "first", "account": None}]
    RequestLog.objects.filter(id=row.id).update(used_by_attempt=odd, outcome="of tomorrow")
    cost = RequestLog.objects.get(id=row.id).cost
    assert [one.id for one in records_by_id([row.id, other.id])] == [other.id, row.id]
    filling.fill_hour(HOUR)
    assert set(HourStatistic.objects.values_list("dimension", "value", "requests")) >= {
        ("model", "gpt-5", 2), ("outcome", "of tomorrow", 1),
    }  # fmt: skip
    ModelPrice.objects.create(
        pattern="gpt-5", valid_from=datetime(2023, 1, 1, tzinfo=UTC), input_price=Decimal(5),
        output_price=Decimal(0),
    )  # fmt: skip
    command("--since", SINCE, "--apply")
    assert RequestLog.objects.get(id=other.id).cost == Decimal("0.005")
    kept = RequestLog.objects.get(id=row.id)
    assert (kept.cost, kept.used_by_attempt) == (cost, odd)
    told = [line.getMessage() for line in caplog.records if row.id in line.getMessage()]
    assert any("used_by_attempt" in line for line in told)
    assert any("keeps its price" in line for line in told)


def test_what_a_cache_miss_cost_changes_with_it(written: RecordWriter) -> None:
    """It is a part of the row's cost, so it is of the same price."""
    row = RequestLog.objects.filter(id__gte=first_request_id(HOUR * 1000)).order_by("id")[0]
    RequestLog.objects.filter(id=row.id).update(cache_miss="tools", cache_miss_tokens=400)
    ModelPrice.objects.create(
        pattern="in-house", valid_from=datetime(2023, 1, 1, tzinfo=UTC), input_price=Decimal(5),
        output_price=Decimal(0), cached_price=Decimal(1),
    )  # fmt: skip
    command("--since", SINCE, "--apply")
    row.refresh_from_db()
    assert (row.cost, row.cache_miss_cost) == (Decimal("0.005"), Decimal("0.0016"))


def test_an_hour_that_retention_has_come_to_keeps_its_statistics(
    written: RecordWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that are gone by the time are in the statistics, and stay there; the day with them."""
    before = (
        HourStatistic.objects.filter(dimension="model").order_by("hour").values_list("requests", flat=True)
    )
    counted = list(before)
    price("5")

    def removed_then_booked(*arguments: Any) -> None:
        RequestLog.objects.filter(id__lt=first_request_id((HOUR + 150) * 1000)).delete()
        book(*arguments)

    monkeypatch.setattr(recomputing, "book", removed_then_booked)
    command("--since", SINCE, "--apply")
    assert list(before.all()) == counted
    [(_, sums)] = by_dimension("model", 7, datetime.fromtimestamp(HOUR + 86_000, UTC))
    assert sums.requests == 9


def test_what_nobody_can_price_keeps_its_cost(written: RecordWriter) -> None:
    """A price that was removed takes no figure with it."""
    price("5")
    command("--since", SINCE, "--apply")
    ModelPrice.objects.all().delete()
    assert "Changed 0 of 2 hours" in command("--since", SINCE, "--apply")
    assert told()[0] == Decimal("0.04")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "--since"),
        (("--since", "yesterday"), "yesterday is no day"),
        (("--since", "2023-13-01"), "is no day"),
    ],
)
def test_what_is_no_moment_is_told(arguments: Any, says: str) -> None:
    """In words, before anything is read."""
    with pytest.raises(CommandError, match=says):
        command(*arguments)
