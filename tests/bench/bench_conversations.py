"""What the pages of conversations cost with a million turns: the list, each filter, one of 2,000 turns.

Run with ``python -m tests.bench.bench_conversations`` (``BENCH_ROWS`` for another number,
``TEST_STORES=postgres`` for PostgreSQL). Printed are the CPU time, the median and the worst of five, as
``bench_history`` does; the target is 200 ms. A store that ``TEST_DATABASE_URL`` names and that is filled
already is measured as it is.
"""

import sys
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tests.bench.bench_history import BATCH, DAYS, ROWS, STARTED_AT, measure
from tests.bench.bench_history import records as plain_records

# isort: split
import msgspec
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client

from monitor.conversations.writing import count
from monitor.models import RequestLog
from monitor.partitions.making import make_ahead
from monitor.record.cache_misses import CAUSES
from monitor.record.records import RequestRecord
from monitor.store.upsert import upsert
from tests import stores

LONG = "f" * 32
TURNS_OF_LONG = 2_000
CONVERSATIONS = 1_000
"""Of agents, which half of all rows belong to; the other half are conversations of one turn."""

DAY = datetime.fromtimestamp(STARTED_AT, UTC) + timedelta(days=DAYS // 2)

FILTERS = (
    "",
    "several=1",
    "failed=1",
    "rescued=1",
    "sub=1",
    "client_name=Claude+Code",
    "client_name=nobody",
    "client_key=key+3",
    "mapped_model=model+3",
    "account=user3@example.com",
    "account=nobody",
    "within=24",
    "within=1",
    f"since={DAY:%Y-%m-%d}&until={DAY + timedelta(days=1):%Y-%m-%d}",
    "failed=1&client_key=key+3",
    "sub=1&mapped_model=model+3&account=user3@example.com",
)

OF_HISTORY = (
    f"conversation={LONG}",
    f"conversation={LONG}&failed=1",
    f"conversation={LONG}&cache_miss=turn",
    f"agent={LONG}",
    "role=sub",
    "client_name=Codex",
    "cache_miss=upstream",
)
OF_STATISTICS = (
    "by=conversation",
    "by=agent",
    "days=90&by=conversation",
    "days=90&by=agent",
    f"conversation={LONG}",
    f"conversation={LONG}&by=account",
    f"agent={LONG}",
)


def told(row: RequestRecord, number: int) -> RequestRecord:
    """The row as one of a conversation: of many agents, of the longest, or alone."""
    if number % (ROWS // TURNS_OF_LONG) == 0:
        conversation, agent = LONG, f"{number % 7:032x}" if number % 3 else LONG
    elif number % 2:
        conversation = f"{number % CONVERSATIONS:032x}"
        agent = f"{number % CONVERSATIONS:016x}{number % 4:016x}" if number % 4 else conversation
    else:
        conversation = agent = f"{number:031x}e"
    is_sub = agent != conversation
    is_missed = number // 7 % 10 == 0
    return msgspec.structs.replace(
        row,
        conversation=conversation,
        agent=agent,
        parent_agent=conversation if is_sub else "",
        client_name=("Claude Code", "Codex", "OpenCode", "curl")[number % 4],
        role="sub" if is_sub else "main",
        cost=Decimal(number % 100) / 1000,
        cache_miss=CAUSES[number // 7 % len(CAUSES)] if is_missed else "",
        cache_miss_tokens=20_000 if is_missed else None,
    )


def fill() -> float:
    """Store the rows and count them; the seconds that counting took."""
    for day in range(DAYS + 1):
        make_ahead(STARTED_AT + day * 86_400, DAYS)
    began, counting = time.perf_counter(), 0.0
    for begin in range(0, ROWS, BATCH):
        numbers = range(begin, min(begin + BATCH, ROWS))
        plain = plain_records(numbers.start, numbers.stop)
        rows = [told(row, number) for row, number in zip(plain, numbers, strict=True)]
        with transaction.atomic():
            upsert(rows)
            since = time.perf_counter()
            count(rows, {})
            counting += time.perf_counter() - since
        if begin % 100_000 == 0:
            print(f"  {begin:,} rows after {time.perf_counter() - began:.0f} s", file=sys.stderr)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return counting


def main() -> None:
    """Measure."""
    print(f"{ROWS:,} turns, {'PostgreSQL' if stores.wanted() else 'SQLite'}")
    call_command("migrate", verbosity=0)
    if not RequestLog.objects.exists():
        print(f"counting: {fill() / ROWS * 1e6:.0f} µs a turn, in batches of {BATCH:,}")
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.get_or_create(username="bench", is_staff=True, is_superuser=True)[0])
    client.get("/monitor/conversations/")  # the first page of a process loads the templates
    middle = RequestLog.objects.filter(conversation=LONG).order_by("id")[TURNS_OF_LONG // 2].id
    print("     CPU   median    worst")
    pages = [f"/monitor/conversations/?{asked}" for asked in FILTERS]
    pages += [f"/monitor/conversations/?before={middle}", f"/monitor/conversations/{LONG}/"]
    pages += [f"/monitor/conversations/{LONG}/?before={middle}", f"/monitor/conversations/{1:032x}/"]
    pages += [f"/monitor/history/{middle}/"]
    pages += [f"/monitor/history/?{asked}" for asked in OF_HISTORY]
    pages += [f"/monitor/statistics/?{asked}" for asked in OF_STATISTICS]
    good = [measure(client, page) for page in pages]
    print(f"{sum(good)} of {len(good)} within 200 ms")


if __name__ == "__main__":
    main()
