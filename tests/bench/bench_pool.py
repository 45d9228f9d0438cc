"""What the pool costs a request, and that it does not grow with accounts, mappings and keys. Prints a table.

``python -m tests.bench.bench_pool`` (no server, no database, no asserts). Each line is the median of seven
rounds, in microseconds; "small" is 3 accounts, 3 mappings and 3 keys, "large" 1,000, 1,000 and 10,000.
"""

import asyncio
import hashlib
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable

os.environ.setdefault("PROXY_DATA_DIR", tempfile.mkdtemp())
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

django.setup()

from accounts.loaded.client_keys import KeyRing  # noqa: E402
from accounts.loaded.journal import DatabaseJournal  # noqa: E402
from accounts.mapping import Mapping  # noqa: E402
from accounts.pool.clock import SystemClock  # noqa: E402
from accounts.pool.leases import Lease, Want  # noqa: E402
from accounts.pool.pool import Pool  # noqa: E402
from accounts.processes.bus import Bus  # noqa: E402
from accounts.snapshot import AccountView, KeyView, Snapshot  # noqa: E402

ROUNDS, REPEATS = 7, 2000
MODEL = "gemini-2.5-pro"


def world(accounts: int, mappings: int, keys: int) -> tuple[Pool, KeyRing]:
    """A pool and a key ring of that size."""
    pool = Pool(SystemClock(), Bus("bench"), DatabaseJournal(lambda: None))
    pool.load(
        Snapshot(
            accounts=tuple(
                AccountView(id=n, email=f"{n}@x.test", kind="gemini", base_url="http://127.0.0.1:1")
                for n in range(accounts)
            ),
            mappings=tuple(Mapping(f"alias-{n}-*", MODEL) for n in range(mappings)),
        )
    )
    ring = KeyRing()
    ring.load(
        KeyView(n, f"key {n}", hashlib.sha256(f"sk-key-{n}".encode()).digest(), True) for n in range(keys)
    )
    return pool, ring


async def lease_and_release(pool: Pool, want: Want) -> None:
    """One request that ends at once."""
    lease = await pool.acquire(want)
    assert isinstance(lease, Lease)
    lease.release()


async def microseconds(work: Callable[[], Awaitable[object]]) -> float:
    """The median cost of one call."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(REPEATS):
            await work()
        rounds.append((time.perf_counter() - began) / REPEATS * 1e6)
    return statistics.median(rounds)


async def measure(accounts: int, mappings: int, keys: int) -> dict[str, float]:
    """Every line of the table for a world of that size."""
    pool, ring = world(accounts, mappings, keys)
    running = [await pool.acquire(Want(model=MODEL)) for _ in range(200)]
    pool.note_success(1, MODEL, "s")

    async def find() -> object:
        return ring.find("sk-key-1")

    async def map_model() -> object:
        return pool.roster.targets("alias-1-x")

    async def succeed() -> object:
        return pool.note_success(1, MODEL, "s", 100)

    numbers = itertools.count()
    costs = {
        "key": await microseconds(find),
        "mapping": await microseconds(map_model),
        "lease": await microseconds(lambda: lease_and_release(pool, Want(model=MODEL))),
        "lease, sticky": await microseconds(lambda: lease_and_release(pool, Want(model=MODEL, session="s"))),
        "lease, new session": await microseconds(
            lambda: lease_and_release(pool, Want(model=MODEL, session=f"new-{next(numbers)}"))
        ),
        "success": await microseconds(succeed),
    }
    for account in range(accounts - 1):
        pool.mark_hard(account, MODEL, "quota", status=429, told_seconds=1000)
    costs["lease, all but one marked"] = await microseconds(
        lambda: lease_and_release(pool, Want(model=MODEL))
    )
    assert len(running) == 200
    return costs


async def main() -> None:
    """Prints the table."""
    small, large = await measure(3, 3, 3), await measure(1000, 1000, 10_000)
    print(f"{'':28}{'small':>10}{'large':>10}")
    for name, cost in small.items():
        print(f"{name:28}{cost:10.2f}{large[name]:10.2f}")


if __name__ == "__main__":
    asyncio.run(main())
