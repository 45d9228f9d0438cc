"""``python -m tests.bench.bench_limits``: what a key's limits cost an exchange, against a key that has none.

One server is asked by keys without limits, with usual ones and with every one, in turn and in many short
rounds, so that what else the machine does falls on all; CPU is what the kernel scheduled the server's threads
for. Told is the ratio within the run, of the least disturbed twentieth of each key's rounds, and the median
of the differences within a round. ``--redis`` counts in Redis. The limits' own steps are timed alone as well:
the rules at the door, the admission, the headers of the answer, and the counting at its end.
"""

# ruff: noqa: E402  Django has to be set up before its models are imported

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from statistics import quantiles
from typing import Final
from zoneinfo import ZoneInfo

os.environ.setdefault("PROXY_DATA_DIR", tempfile.mkdtemp(prefix="evenkeel-bench-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proxyproject.settings")

import aiohttp
import django

django.setup()

from accounts.keys.limits import KeyLimits, Limit
from accounts.loaded.client_keys import CallerKey
from accounts.mapping import Target
from accounts.wildcards import WildcardIndex
from monitor.pricing.cost import priced
from monitor.record.records import RequestRecord
from relay.admission.key_rules import (
    allowed_targets,
    is_expired,
    refused_address,
    refused_effort,
    refused_model,
)
from relay.limits.allowance import Allowance
from relay.limits.counts import Counts
from relay.limits.key_counter import KeyCounter
from relay.limits.opening import OpenedWindows
from relay.neutral.conversation import ThinkingConfig
from tests import stores
from tests.bench import bench_server
from tests.bench.bench_server import KEY, MODEL, TARGET, WORKLOADS, manage, served, set_up, simulated

USUAL_OPTIONS: Final = (
    "--requests-at-a-time", "1000", "--requests-per-minute", "1000000", "--usd-per-month", "9999",
)  # fmt: skip
OPTIONS: Final = (
    "--expires-at", "2099-01-01", "--allow-model", "*", "--refuse-model", "none-*",
    "--network", "127.0.0.0/8", "--highest-effort", "max", "--requests-at-a-time", "1000",
    "--requests-per-minute", "1000000", "--tokens-per-minute", "1000000000", "--usd-per-day", "9999",
    "--usd-per-month", "9999", "--tokens-per-week", "1000000000", "--tokens-in-total", "100000000000",
)  # fmt: skip
"""Every sort of limit, and none that is ever reached."""
LIMITED: Final = "sk-bench-with-every-limit"
KEYS: Final = {KEY: (), "sk-bench-with-usual-limits": USUAL_OPTIONS, LIMITED: OPTIONS}
"""The keys by their values; the first has no limits."""


def cpu_seconds(pid: int) -> float:
    """What the threads of ``pid`` ran for, to the nanosecond."""
    threads = Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(one.read_text().split()[0]) for one in threads) / 1e9


async def in_turn(rounds: int, requests: int, redis_url: str) -> list[dict[str, float]]:
    """CPU milliseconds an exchange of each key of ``KEYS``, for each round."""
    workload = WORKLOADS[0]
    found = []
    with tempfile.TemporaryDirectory(prefix="evenkeel-bench-") as data_dir:
        environment = {**os.environ, "PROXY_DATA_DIR": data_dir, "PROXY_ENV_FILE": "", "REDIS_URL": redis_url}
        async with simulated(environment, "--events", str(workload.events)) as simulator_url:
            set_up(environment, simulator_url, {MODEL: TARGET})
            for key, options in list(KEYS.items())[1:]:
                manage(environment, "create_client_key", key, "--key", key, *options)
            async with served(environment) as (base_url, pid), aiohttp.ClientSession() as session:

                async def spent(key: str) -> float:
                    before = cpu_seconds(pid)
                    left = iter(range(requests))
                    await asyncio.gather(*(_client(session, base_url, key, left) for _ in range(8)))
                    return (cpu_seconds(pid) - before) / requests * 1e3

                for key in (*KEYS, *KEYS):  # what is loaded lazily
                    await spent(key)
                order = list(KEYS)
                for _ in range(rounds):
                    order = [*order[1:], order[0]]
                    found.append({key: await spent(key) for key in order})
    return found


async def _client(session: aiohttp.ClientSession, base_url: str, key: str, left: Iterator[int]) -> None:
    body = bench_server.body_of(WORKLOADS[0])
    for _ in left:
        url, headers = f"{base_url}/v1/messages", {"x-api-key": key}
        async with session.post(url, json=body, headers=headers) as answer:
            assert answer.status == 200, await answer.text()
            await answer.read()


USUAL: Final = KeyLimits(
    limits=(Limit("requests", "minute", 10**6), Limit("usd", "month", 10**14)), max_in_flight=1000
)
EVERY: Final = KeyLimits(
    expires_at=4e9,
    allowed=WildcardIndex([("*", "*")]),
    networks=(ip_network("127.0.0.0/8"),),
    highest_effort="max",
    max_in_flight=1000,
    limits=(
        *USUAL.limits,
        Limit("tokens", "minute", 10**9),
        Limit("usd", "day", 10**14),
        Limit("tokens", "week", 10**9),
        Limit("tokens", "total", 10**11),
    ),
)


async def alone(limits: KeyLimits, exchanges: int) -> float:
    """Milliseconds an exchange that all steps of the limits take by themselves."""
    caller = CallerKey(1, "limited", record_bodies=True, limits=limits)

    async def opening(key: int, standings: object) -> OpenedWindows:
        return OpenedWindows([0] * len(limits.limits))

    counter = KeyCounter(Counts(ZoneInfo("Europe/Berlin"), opening), priced)
    row = RequestRecord(
        id="0" * 32, started_at=time.time(), client_key="limited", process_id="p", dialect="anthropic",
        method="POST", path="/v1/messages", in_flight=False, mapped_model=TARGET, attempts=1, tokens_in=1000,
        tokens_out=500,
    )  # fmt: skip
    targets = (Target(TARGET),)

    async def exchange() -> Decimal | None:
        is_expired(limits, time.time())
        refused_address(limits, caller.name, lambda: "127.0.0.1")
        refused_model(limits, caller.name, MODEL)
        refused_effort(limits, caller.name, ThinkingConfig)
        allowed_targets(limits, caller.name, MODEL, targets)
        allowance = await counter.admit(caller, limits)
        assert isinstance(allowance, Allowance)
        allowance.headers("anthropic")
        return allowance.settle(row).cost

    assert await exchange()
    began = time.thread_time()
    for _ in range(exchanges):
        await exchange()
    return (time.thread_time() - began) / exchanges * 1e3


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bench_limits", description=__doc__)
    parser.add_argument("--rounds", type=int, default=150)
    parser.add_argument("--requests", type=int, default=24)
    parser.add_argument("--redis", action="store_true")
    options = parser.parse_args()
    for name, limits in (("a rate, a budget, so many at a time", USUAL), ("every rule and limit", EVERY)):
        steps = min(
            asyncio.run(alone(limits, 100)) for _ in range(100)
        )  # of short pieces some are undisturbed
        print(f"{name}: {steps:.4f} ms CPU an exchange, by themselves", flush=True)
    redis_url, redis = stores.start_redis() if options.redis else ("", None)
    try:
        rounds = asyncio.run(in_turn(options.rounds, options.requests, redis_url))
    finally:
        if redis is not None:
            stores.end(redis)
    least = {key: quantiles([one[key] for one in rounds], n=20)[0] for key in KEYS}
    where = "counted in Redis" if options.redis else "counted by the process"
    print(f"the whole server, {where}, ms CPU an exchange; {len(rounds)} rounds of {options.requests} a key")
    print(f"no limits: {least[KEY]:.3f}")
    for key in list(KEYS)[1:]:
        more = [one[key] - one[KEY] for one in rounds]
        error = statistics.stdev(more) / len(more) ** 0.5
        print(
            f"{key.removeprefix('sk-bench-')}: {least[key]:.3f}, {least[key] / least[KEY]:.3f} times,"
            f" {least[key] - least[KEY]:+.3f};"
            f" the median of the differences {statistics.median(more):+.3f} (± {error:.3f})"
        )


if __name__ == "__main__":
    main()
