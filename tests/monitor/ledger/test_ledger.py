"""One ledger: whoever is asked what a key spent, there is one number."""

import asyncio
import csv
import io
import os
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from math import inf
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Sum

from accounts.keys.key_loading import key_limits
from accounts.models import ClientKey
from monitor.ledger.booking import dollars
from monitor.ledger.models import LedgerHour
from monitor.ledger.reading import by_client_key, by_model_and_hour, used_in
from monitor.ledger.totals import Totals
from monitor.models import RequestLog
from monitor.record.attempt_use import AttemptUse
from monitor.record.records import AttemptRecord, Outcome, RequestRecord
from monitor.statistics import filling
from monitor.statistics.models import HourStatistic
from monitor.statistics.totals import by_dimension
from monitor.store.writer import RecordWriter
from proxyproject.pages import key_figures
from relay.front import health, usage_page
from relay.limits import looking, usage_reading
from relay.limits.counts import Counts
from relay.limits.key_counting import from_ledger
from relay.limits.key_usage import as_csv, as_json
from tests import stores
from tests.monitor.store.test_writer import ended, locked

NewRecord = Callable[..., RequestRecord]
NOW = 1_700_000_000 + 8 * 3600
KEYS = {"team": 1, "laptop": 2, "build": 3}
MODELS = ("claude-opus-5-5", "gemini-3-pro-preview", "a-model-without-a-price")


def exchange(number: int, chance: random.Random, record: NewRecord) -> RequestRecord:
    """One of many, as they come: whole, failed, cut, counted, simulated, of an operator."""
    name = chance.choice(tuple(KEYS))
    row = record(
        id=f"{int((NOW - 8 * 3600 + number * 12) * 1000):012x}{number:020x}",
        started_at=float(NOW - 8 * 3600 + number * 12),
        client_key=name,
        client_key_id=KEYS[name],
    )
    sort = chance.random()
    if sort < 0.05:
        path = chance.choice(("/v1/messages/count_tokens", "/v1/messages/count_tokens?beta=true"))
        row = msgspec.structs.replace(row, path=path)
    elif sort < 0.1:
        row = msgspec.structs.replace(row, is_simulated=True, cost=Decimal(0))
    elif sort < 0.15:
        row = msgspec.structs.replace(row, client_key_id=None, replay_of="1" * 32)
    elif sort < 0.2:  # no count, whatever its query says
        row = msgspec.structs.replace(row, path="/v1/messages?note=/count_tokens")
    return row


def end_of(row: RequestRecord, chance: random.Random) -> RequestRecord:
    """How it ended: whole, without an answer, or cut in the middle."""
    used = {
        "mapped_model": chance.choice(MODELS),
        "account": chance.choice("abc"),
        "tokens_in": chance.randrange(50_000),
        "tokens_out": chance.randrange(8_000),
        "tokens_cached": chance.choice((None, 0, chance.randrange(90_000))),
        "tokens_cache_write": chance.choice((None, chance.randrange(5_000))),
    }
    if chance.random() < 0.1:
        return ended(row, outcome=Outcome.ERROR, status=502)
    if chance.random() < 0.2:
        return after_attempts_that_failed(ended(row, **{**used, "attempts": 4}), chance)
    if chance.random() < 0.1:
        return ended(row, **{**used, "outcome": Outcome.INTERRUPTED, "tokens_out": None})
    return ended(row, **used)


def after_attempts_that_failed(row: RequestRecord, chance: random.Random) -> RequestRecord:
    """The row with attempts before it on which upstream had told something; some rows end without a count."""
    failed = [
        AttemptUse(
            number=number,
            account=chance.choice("abce"),
            model=chance.choice(MODELS),
            tokens_in=chance.randrange(1, 9_000),
            tokens_out=chance.choice((0, 1, chance.randrange(900))),
            failed=True,
        )
        for number in range(1, chance.randrange(2, 4))
    ]
    if chance.random() < 0.2:
        nothing = dict.fromkeys(("tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write"))
        row = msgspec.structs.replace(row, outcome=Outcome.ERROR, status=502, **nothing)
        return msgspec.structs.replace(row, used_by_attempt=tuple(failed))
    last = AttemptUse(
        number=4,
        account=row.account or "",
        model=row.mapped_model or "",
        tokens_in=row.tokens_in,
        tokens_out=row.tokens_out,
        tokens_cached=row.tokens_cached,
        tokens_cache_write=row.tokens_cache_write,
    )
    return msgspec.structs.replace(row, used_by_attempt=(*failed, last))


def corrected(row: RequestRecord) -> RequestRecord:
    """The row as it is told later: half the input, on another account."""
    uses = row.used_by_attempt
    if uses is not None:
        last = {"tokens_in": (row.tokens_in or 0) // 2, "account": "d"}
        uses = (*uses[:-1], msgspec.structs.replace(uses[-1], **last))
    better = {"tokens_in": (row.tokens_in or 0) // 2, "account": "d", "cost": None}
    return msgspec.structs.replace(row, **better, used_by_attempt=uses)


def tokens_in_all(row: RequestLog) -> int:
    """What all its attempts used."""
    names = ("tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write")
    if row.used_by_attempt is None:
        return sum(getattr(row, name) or 0 for name in names)
    return sum(use.get(name) or 0 for use in row.used_by_attempt for name in names)


def of_the_rows() -> dict[str, tuple[int, Decimal]]:
    """Tokens and money by key, as the history has them."""
    found: dict[str, tuple[int, Decimal]] = {}
    rows = RequestLog.objects.filter(in_flight=False, is_simulated=False).exclude(
        path__startswith="/v1/messages/count_tokens"
    )
    for row in rows:
        tokens, cost = found.get(row.client_key, (0, Decimal(0)))
        found[row.client_key] = (tokens + tokens_in_all(row), cost + (row.cost or 0))
    return found


def of_the_keys_rows(key: int) -> tuple[int, Decimal]:
    """Tokens and money of a key's own rows: no replay of the operator's, no count."""
    rows = RequestLog.objects.filter(client_key_id=key, is_simulated=False).exclude(
        path__startswith="/v1/messages/count_tokens"
    )
    cost = sum((row.cost or Decimal(0) for row in rows), Decimal(0))
    return sum(map(tokens_in_all, rows)), cost


def check_who_asks_for_one_key(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its holder's endpoint (JSON, CSV) and page, its page in the admin, and what decides on the next one."""
    tokens, cost = of_the_keys_rows(KEYS[name])
    key = ClientKey(pk=KEYS[name], name=name, usd_in_total=10**6, tokens_in_total=10**12)
    counts = Counts(UTC, from_ledger, now=lambda: float(NOW))
    monkeypatch.setattr(usage_reading, "time", SimpleNamespace(time=lambda: float(NOW)))
    monkeypatch.setattr(
        key_figures, "runtime", lambda: SimpleNamespace(limits=SimpleNamespace(counts=counts))
    )
    usage = usage_reading.usage_of(key, counts)
    told = as_json(usage)
    names = ("tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write", "tokens_estimated")
    assert sum(told["total"][one] for one in names) == tokens
    assert Decimal(told["total"]["cost_usd"]) == cost
    used = {one["measure"]: Decimal(one["used"]) for one in told["limits"]}
    assert used == {"usd": cost, "tokens": tokens}
    table = list(csv.DictReader(io.StringIO(as_csv(usage))))
    assert sum(int(line[one]) for line in table for one in names) == tokens
    assert sum(Decimal(line["cost_usd"]) for line in table) == cost
    shown = usage_page._shown(usage)["total"]
    assert (shown["tokens"], shown["cost"]) == (tokens, cost)
    line = key_figures.key_figures(key)
    assert f" requests, {tokens:,} tokens, ${cost:,.4f}." in line
    with ThreadPoolExecutor(1) as threads:  # those that are there may know another test's database
        monkeypatch.setattr(looking, "_threads", threads)
        standings, over = asyncio.run(counts.admit(KEYS[name], key_limits(key).limits))
    assert not over
    enforced = {one.limit.measure: one.used for one in standings}
    assert (enforced["tokens"], dollars(enforced["usd"])) == (tokens, cost)


def check_prometheus(told: dict[str, tuple[int, Decimal]], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is scraped, of each key by its name."""
    monkeypatch.setattr(health, "totals", Totals(now=lambda: float(NOW)))
    scraped = health._of_keys().decode()
    for name, (tokens, cost) in told.items():
        found = [
            re.search(rf'evenkeel_ledger_{what}{{client_key="{name}"}} (\S+)', scraped)
            for what in ("tokens", "cost_usd")
        ]
        assert [round(Decimal(one[1]), 6) for one in found if one] == [tokens, round(cost, 6)]


@pytest.mark.thorough
def test_after_two_thousand_exchanges_all_say_one_number(
    store: str,
    new_writer: Callable[..., RecordWriter],
    request_record: NewRecord,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Rows, ledger, statistics, each key's endpoint and pages, Prometheus, and what enforcement begins with:
    to the last digit, though the store failed, batches were retried, rows written twice and corrected, and
    two processes wrote; and though attempts failed on which upstream had told what they used. Those stand
    with their own accounts and models.
    """
    chance = random.Random(14)
    writers = [new_writer(), new_writer()]
    rows = [exchange(number, chance, request_record) for number in range(2_000)]
    for number, row in enumerate(rows):
        writers[number % 2].submit(row)
    for start in range(0, 2_000, 400):
        block = rows[start : start + 400]
        ends = [end_of(row, chance) for row in block]
        with locked(store):  # what comes now waits, and is tried again
            for number, row in enumerate(ends):
                writers[number % 2].submit(row)
        assert all(writer.flush(60) for writer in writers)
        for number, row in enumerate(ends):
            if chance.random() < 0.1:  # the same once more, by the other process
                writers[1 - number % 2].submit(row)
            elif chance.random() < 0.1 and row.tokens_in is not None:  # a late correction, on another account
                writers[number % 2].submit(corrected(row))
        assert all(writer.flush(60) for writer in writers)
    assert RequestLog.objects.filter(in_flight=False).count() == 2_000
    told = of_the_rows()
    assert set(told) == set(KEYS)
    booked = by_client_key(0, inf)
    assert {name: (u.tokens, dollars(u.cost_units)) for name, u in booked.items()} == told
    for name, key in KEYS.items():
        (alone, replays) = (used_in(key, [(0, inf)])[0], used_in(0, [(0, inf)])[0])
        assert alone.tokens == sum(usage.tokens for _, _, usage in by_model_and_hour(key, 0))
        assert 0 < alone.tokens < told[name][0]
        assert replays.tokens > 0
        check_who_asks_for_one_key(name, monkeypatch)
    check_prometheus(told, monkeypatch)
    for hour in filling.hours_to_fill(NOW):
        filling.fill_hour(hour)
    for day in filling.days_to_fill(NOW):
        filling.fill_day(day)
    for days in (1, 7):
        shown = by_dimension("client_key", days, datetime.fromtimestamp(NOW, UTC))
        assert {name: (s.input_tokens + s.tokens_out, s.cost) for name, s in shown} == told
    for dimension in ("model", "account"):
        in_hours = HourStatistic.objects.filter(dimension=dimension, cost__gt=0).values("value")
        shown = {one["value"]: one["cost_sum"] for one in in_hours.annotate(cost_sum=Sum("cost"))}
        in_ledger = LedgerHour.objects.filter(cost_units__gt=0).values(dimension)
        there = {one[dimension]: dollars(one["units"]) for one in in_ledger.annotate(units=Sum("cost_units"))}
        assert {value: round(cost, 6) for value, cost in shown.items()} == {
            value: round(cost, 6) for value, cost in there.items()
        }
        assert round(sum(there.values()), 6) == round(sum(cost for _, cost in told.values()), 6)


def test_a_failed_batch_books_nothing(
    store: str, new_writer: Callable[..., RecordWriter], request_record: NewRecord, monkeypatch: Any
) -> None:
    """A row that no store takes is left out, and so is what it would have booked; its neighbours are kept."""
    writer = new_writer()
    rows = [ended(request_record(client_key_id=1), tokens_in=10, tokens_out=5) for _ in range(3)]
    broken = msgspec.structs.replace(rows[1], attempts=10**9)  # more than the column takes, on PostgreSQL
    attempt = AttemptRecord(
        request_id=rows[0].id, number=1, account="a", account_kind="gemini", upstream_model="m",
        started_offset_ms=0, status="no number",  # type: ignore[arg-type]
    )  # fmt: skip
    for row in (rows[0], broken, rows[2], attempt):
        writer.submit(row)
    assert writer.flush(30)
    stored = RequestLog.objects.filter(in_flight=False).count()
    assert used_in(1, [(0, inf)])[0].requests == stored
    assert stored >= 2


KILLED = """
import random, sys, django
django.setup()
from django.db import connections
from tests.monitor.conftest import _default_database
from tests.monitor.ledger.test_ledger import end_of, exchange
from monitor.store.writer import RecordWriter
from monitor.record.records import RequestRecord

def record(**fields):
    return RequestRecord(process_id="p1", dialect="anthropic", method="POST", path="/v1/messages",
                         client_model="claude-opus-5-5", in_flight=True, **fields)

with _default_database(sys.argv[1]):
    writer = RecordWriter(body_cap_bytes=1000)
    writer.on_committed(lambda rows: print(len(rows), flush=True))
    writer.start()
    chance, number = random.Random(1), 0
    while True:
        row = exchange(number, chance, record)
        writer.submit(row)
        writer.submit(end_of(row, chance))
        number += 1
        if number % 200 == 0:
            writer.flush(10)
"""


@pytest.mark.outside
def test_rows_and_ledger_agree_after_a_kill(store: str) -> None:
    """After kill -9 in the middle of writing the ledger has what the rows have, no more and no less."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    if stores.wanted():
        environment["TEST_STORES"] = "postgres"
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, store], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    for _ in range(20):
        process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.stdout.read()
    process.wait(20)
    told = of_the_rows()
    assert told
    booked = by_client_key(0, inf)
    assert {name: (u.tokens, dollars(u.cost_units)) for name, u in booked.items()} == {
        name: sums for name, sums in told.items() if any(sums)
    }


def test_an_older_installation_is_booked(store: str, writer: RecordWriter, request_record: NewRecord) -> None:
    """What was on record before there was a ledger: from its rows, and where they are gone the statistics.

    A replay of the operator's bears the key's name and is not the key's.
    """
    key = ClientKey(name="team")
    key.give_value()
    key.save()
    row = ended(request_record(client_key_id=None), tokens_in=10, tokens_out=5, account="a", mapped_model="m")
    later = ended(
        request_record(started_at=row.started_at + 7200),
        tokens_in=1,
        tokens_out=1,
        account="a",
        mapped_model="m",
    )
    ids = {"client_key_id": None, "replay_of": row.id}
    replay = ended(request_record(started_at=later.started_at + 1, **ids), tokens_in=100, mapped_model="m")
    counted = ended(request_record(path="/v1/messages/count_tokens?beta=true"), tokens_in=1000)
    for one in (row, later, replay, counted):
        writer.submit(one)
    assert writer.flush(10)
    LedgerHour.objects.all().delete()
    state = MigrationExecutor(connection).loader.project_state(("monitor", "0012_fill_ledger"))
    names = ("healed", "retried", "tokens_cached", "tokens_cache_write", "cached_tokens_lost", "cost")
    state.apps.get_model("monitor", "HourlyStatistic").objects.create(
        hour=datetime.fromtimestamp(row.started_at // 3600 * 3600, UTC), model="m", account="a",
        client_key="team", outcome="ok", requests=1, tokens_in=10, tokens_out=5, **dict.fromkeys(names, 0),
    )  # fmt: skip
    import_module("monitor.migrations.0012_fill_ledger").fill(state.apps, None)
    assert by_client_key(0, inf)["team"].tokens == 117
    assert used_in(key.pk, [(0, inf)])[0].tokens == 17
    assert used_in(0, [(0, inf)])[0].tokens == 100
