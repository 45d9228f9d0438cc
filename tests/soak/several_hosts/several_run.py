"""``-m tests.soak.several_hosts.several_run``: conversations over two hosts while their stores go away.

Redis is killed, PostgreSQL stopped, a host restarted; exit code 1 when a client, a row, a signature, an
account or a limit was lost. It needs PostgreSQL and Redis from the development packages, as ``make
test-stores`` does.
"""

import argparse
import asyncio
import sys
import threading
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from accounts.processes.shared_slots import RENEW_SECONDS, SETTLE_SECONDS
from monitor.record.request_id import first_request_id
from relay.simulator.thread import SimulatorThread
from tests import stores
from tests.running_server import RunningServer, ServerWorld
from tests.served.processes.several import SeveralWorld, shared_stores
from tests.served.world import ACCOUNTS, CLAUDE, KEY, PATIENCE_SECONDS
from tests.soak.several_hosts.several import Talk, talk
from tests.soak.several_hosts.several_judge import (
    back_at,
    is_all_written,
    late_back,
    moved,
    passed_limits,
    unkept_contract,
    unsigned,
    wrong_rows,
)

LIMIT = 8
"""Requests in flight at each account."""

SHOWN = 20
LATE_SECONDS = 4 * (RENEW_SECONDS + SETTLE_SECONDS)
"""So long after Redis is back the last process may count by it again, on a machine that is busy."""
REDIS_AWAY_SECONDS = 5
POSTGRES_AWAY_SECONDS = 10

TOLD = ("Redis is", "keeps to its share", "does not answer", "works again")
"""What of the hosts' logs is printed: it explains what is found."""

ENVIRONMENT = {
    "RELAY_LAME_DUCK_SECONDS": "1",
    "RELAY_BREAKER_ATTEMPTS": "0",
    "POOL_SOFT_MARK_SECONDS": "0",
    "POOL_SLOT_WAIT_SECONDS": "60",
}
"""No account is left alone for another conversation's fault: so each that meets none must keep its own."""


class Campaign:
    """The hosts, the stores, and the clients in a thread."""

    def __init__(self, start: Any, simulator: SimulatorThread, talks: Sequence[Talk], options: Any) -> None:
        self._redis_url, self._redis = stores.start_redis()
        self.hosts: list[RunningServer] = [
            start("--workers", "2", REDIS_URL=self._redis_url, **ENVIRONMENT) for _ in range(2)
        ]
        self.world = SeveralWorld(self.hosts[0], simulator)
        limited = [
            {"email": email, "kind": kind, "base_url": simulator.base_url, "max_in_flight": LIMIT,
             "credential": {"api_key": f"sim-{email}"}}
            for kind, email in ACCOUNTS
        ]  # fmt: skip
        self.world.import_accounts(limited)
        for host in self.hosts:
            wait_until_each_worker_knows(host)
        self._talks, self._whole = talks, len(talks) * options.turns
        self._began, self._began_ms = time.monotonic(), time.time() * 1000
        urls = [host.base_url for host in self.hosts]
        ask = partial(talk, urls, talks, options.turns, options.concurrency)
        self.error: BaseException | None = None
        self._away, self._back_at = (0.0, 0.0), 0.0
        self._thread = threading.Thread(target=self._ask, args=(ask,), daemon=True)
        self._thread.start()

    def _ask(self, ask: Any) -> None:
        try:
            asyncio.run(ask())
        except BaseException as error:  # the main thread tells it
            self.error = error

    def until(self, share: float, then: str) -> None:
        """Return when so much of it has been asked."""
        while (
            self._thread.is_alive()
            and (number := sum(len(one.said) for one in self._talks)) < share * self._whole
        ):
            self._thread.join(0.2)
        number = sum(len(one.said) for one in self._talks)
        print(f"{time.monotonic() - self._began:6.0f} s {number:6} requests: {then}", flush=True)

    def kill_redis(self) -> None:
        """It comes back empty."""
        began = time.time()
        self._redis.kill()
        self._redis.wait()
        time.sleep(REDIS_AWAY_SECONDS)
        self._redis = stores.start_redis(Path(self._redis_url.removeprefix("unix://")).parent)[1]
        self._away, self._back_at = (began * 1000, time.time() * 1000), time.time()

    def restart(self, host: RunningServer) -> None:
        """As an operator does."""
        if code := host.stop():
            print(f"the host ended with {code}:\n{host.output[-2000:]}")
        host.start()

    def judged(self) -> list[str]:
        """What was not kept, once everything has been asked and written."""
        self._thread.join()
        problems = [f"a client failed: {self.error!r}"] if self.error else []
        ends_at = time.monotonic() + PATIENCE_SECONDS
        rows = self._rows()
        # The last ones are written a moment after their clients have them; whatever is lost never comes.
        while not is_all_written(self._talks, rows) and time.monotonic() < ends_at:
            time.sleep(0.5)
            rows = self._rows()
        requests = self.world.simulator.requests
        settled = [moment for host in self.hosts for moment in back_at(host.log_text) if self._back_at]
        problems += late_back(settled, self._back_at, LATE_SECONDS)
        # Until then each process had a share of each limit only.
        self._away = (self._away[0], max([*settled, self._away[1] / 1000]) * 1000)
        problems += (
            unkept_contract(self._talks)
            + wrong_rows(self._talks, rows)
            + moved(self._talks, rows, self._away, self._began_ms, LIMIT)
        )
        problems += unsigned(requests, self._began_ms / 1000) + passed_limits(requests, LIMIT)
        for host in self.hosts:
            for line in host.log_text.splitlines():
                if any(word in line for word in TOLD):
                    print(line[:200])
            if found := host.log_text.count("Traceback"):
                problems.append(f"{found} tracebacks in {host.data_dir}/logs/app.log")
        return problems

    def _rows(self) -> list[dict[str, Any]]:
        """Of the campaign: whoever waited for the processes to know the key was refused before it."""
        query = (
            "SELECT id, account, process_id, in_flight, duration_ms, diagnostics->>'stand_in' AS stand_in"
            " FROM monitor_requestlog WHERE id >= %s"
        )
        return self.world.server.rows(query, (first_request_id(int(self._began_ms)),))


def wait_until_each_worker_knows(host: RunningServer) -> None:
    """Return when whichever worker of the host answers knows the key and the accounts."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    in_a_row = 0
    while in_a_row < 20:
        assert time.monotonic() < ends_at, "a change did not reach every process"
        headers = {"x-api-key": KEY, "connection": "close"}
        listed = httpx.get(f"{host.base_url}/v1/models", headers=headers, timeout=30)
        in_a_row = in_a_row + 1 if listed.status_code == 200 and CLAUDE in listed.text else 0


def trouble(campaign: Campaign) -> None:
    """One thing goes away after the other."""
    campaign.until(0.15, f"Redis is killed, and comes back empty after {REDIS_AWAY_SECONDS} s")
    campaign.kill_redis()
    campaign.until(0.4, f"PostgreSQL is stopped for {POSTGRES_AWAY_SECONDS} s")
    stores.stop_postgres_for(POSTGRES_AWAY_SECONDS)
    campaign.until(0.65, "the second host is restarted")
    campaign.restart(campaign.hosts[1])


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.soak.several_hosts.several_run", description=__doc__
    )
    parser.add_argument("--conversations", type=int, default=200)
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--concurrency", type=int, default=24)
    parser.add_argument("--seed", type=int, default=0, help="other conversations, accounts and faults")
    parser.add_argument(
        "--calm", action="store_true", help="nothing goes away: what is lost then has other causes"
    )
    options = parser.parse_args()
    first = options.seed * 1_010
    numbers = range(first, first + options.conversations)
    talks = [Talk(number, faulty=number % 5 == 0) for number in numbers]
    server_world = ServerWorld()
    try:
        with SimulatorThread() as simulator, shared_stores(server_world) as start:
            campaign = Campaign(start, simulator, talks, options)
            if not options.calm:
                trouble(campaign)
            campaign.until(1, "everything has been asked")
            problems = campaign.judged()
            for problem in problems[:SHOWN]:
                print(problem)
            print(f"{len(problems)} problems")
            return bool(problems)
    finally:
        server_world.clean()


if __name__ == "__main__":
    sys.exit(main())
