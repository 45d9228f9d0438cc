"""What the statistics cost: an hour worked out from its rows, and grown by a thousand rows.

Run with ``TEST_STORES=postgres python -m tests.bench.bench_statistics`` (``BENCH_KEYS`` and
``BENCH_ACCOUNTS`` for other numbers than 3,000 and 100: the hour has an exchange of each pair). Printed are
seconds, the CPU of PostgreSQL's process and the most memory of its own that it had, and the rows there are.
"""

# ruff: noqa: E402  Django has to be set up before its models are imported

import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice, product
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from django.core.management import call_command
from django.db import connection, transaction

from monitor.models import HourStatistic
from monitor.record.records import RequestRecord
from monitor.record.request_id import RANDOM_BYTES, new_request_id
from monitor.statistics.days import day_of
from monitor.statistics.filling import fill_day, fill_hour
from monitor.statistics.growing import grow
from monitor.statistics.waiting import keep
from monitor.store.upsert import upsert
from tests.monitor.shelf import ENDED

KEYS = int(os.environ.get("BENCH_KEYS", "3000"))
ACCOUNTS = int(os.environ.get("BENCH_ACCOUNTS", "100"))
HOUR = int(time.time()) // 3600 * 3600 - 3600
ON_TOP = 1_000
BATCH = 50
"""Rows, as the writer stores them."""


def record(number: int, key: int, account: int) -> RequestRecord:
    at = HOUR + 1 + number % 3500
    return RequestRecord(
        **{
            **ENDED,
            "id": new_request_id(at * 1000, number.to_bytes(RANDOM_BYTES)),
            "started_at": float(at),
            "process_id": "bench",
            "dialect": "anthropic",
            "method": "POST",
            "path": "/v1/messages",
            "client_key": f"key-{key}",
            "client_model": "model",
            "account": f"account-{account}@bench.example",
            "tokens_in": 1_000,
            "tokens_out": 200,
            "cost": Decimal("0.0012"),
        }
    )


def store_all() -> None:
    """An exchange of each pair, noted by nobody."""
    rows = (record(number, *pair) for number, pair in enumerate(product(range(KEYS), range(ACCOUNTS))))
    while some := list(islice(rows, 500)):
        with transaction.atomic():
            upsert(some)


def store_on_top() -> None:
    """Some more, as the writer stores them: each batch with what it adds."""
    for start in range(0, ON_TOP, BATCH):
        numbers = range(KEYS * ACCOUNTS + start, KEYS * ACCOUNTS + start + BATCH)
        rows = [record(number, number * 7 % KEYS, number * 11 % ACCOUNTS) for number in numbers]
        with transaction.atomic():
            upsert(rows)
            keep(rows, {})


def grow_all() -> None:
    while grow():
        pass


def measured(name: str, work: Callable[[], None]) -> None:
    """On a connection of its own."""
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        process = Path(f"/proc/{cursor.fetchone()[0]}")
    over, most = threading.Event(), [0]

    def look() -> None:
        while not over.wait(0.005):
            for line in (process / "status").read_text().splitlines():
                if line.startswith("RssAnon"):
                    most[0] = max(most[0], int(line.split()[1]))

    looking = threading.Thread(target=look)
    looking.start()
    cpu, began = cpu_seconds(process), time.perf_counter()
    work()
    took = time.perf_counter() - began
    cpu = cpu_seconds(process) - cpu
    over.set()
    looking.join()
    print(f"{name:44} {took:7.2f} s {cpu:7.2f} s CPU {most[0] / 1000:7.1f} MB", flush=True)


def cpu_seconds(process: Path) -> float:
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Measure."""
    call_command("migrate", verbosity=0)
    print(f"{KEYS:,} keys × {ACCOUNTS:,} accounts in one hour; load {os.getloadavg()[0]:.0f}", flush=True)
    day = day_of(datetime.fromtimestamp(HOUR, UTC))
    store_all()
    measured("the hour from its rows", lambda: fill_hour(HOUR))
    measured("its day from the hours", lambda: fill_day(day))
    measured(f"{ON_TOP:,} rows stored and noted", store_on_top)
    measured(f"grown by {ON_TOP:,} rows, hour and day", grow_all)
    measured("the hour from its rows again", lambda: fill_hour(HOUR))
    print(f"{HourStatistic.objects.count():,} rows of the hour")


if __name__ == "__main__":
    main()
