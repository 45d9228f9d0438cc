"""A server that is killed in the middle of streams: what upstream had sent by then is paid, and is booked."""

import os
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

import httpx
import pytest

from relay.simulator.thread import SimulatorThread
from tests.running_server import RunningServer, ServerWorld, json_value
from tests.served.clients.test_client_gone import ask
from tests.served.keys.test_key_limits import new_key
from tests.served.processes.several import shared_stores
from tests.served.processes.test_shutdown import WAYS, wait_until_closed
from tests.served.world import CLAUDE, KEY, PATIENCE_SECONDS, World

OwnWorld = Callable[..., AbstractContextManager[World]]
POSTS = "SELECT * FROM monitor_requestlog WHERE method = 'POST'"
SAID_TOKENS = 20
"""At least so many each of the streams had said: 20 events of 8 words."""


def estimates(row: dict[str, Any]) -> dict[str, int]:
    facts = json_value(row["diagnostics"])
    return {name: value for name, value in facts.items() if name.startswith("estimated")}


def has_said_much(row: dict[str, Any]) -> bool:
    told = row["tokens_out"] or 0
    return max(told, estimates(row).get("estimated_tokens_out", 0)) > SAID_TOKENS


def until(world: World, is_so: Callable[[list[dict[str, Any]]], bool]) -> None:
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not is_so(rows := world.server.rows(POSTS)):
        assert time.monotonic() < ends_at, rows
        time.sleep(0.05)


def spent(row: dict[str, Any]) -> int:
    counts = ("tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write")
    return sum(row[one] or 0 for one in counts) + sum(
        value for name, value in estimates(row).items() if row[name.removeprefix("estimated_")] is None
    )


def test_what_came_before_the_kill_is_paid(own_world: OwnWorld) -> None:
    """Of every dialect and kind of account, streamed or not: the rows and the key's own view, which is the
    ledger's, say one number, and mark it as estimated. Where nothing came nothing is booked.
    """
    with own_world() as world:
        clients = [
            ask(world, way, "Hello. [say: events=60] [fault: stall@20*]", is_stream)[0]
            for way in WAYS
            for is_stream in (True, False)
        ]
        clients.append(ask(world, "anthropic", "[fault: hang*]")[0])
        count = len(clients)
        until(world, lambda rows: len(rows) == count and sum(map(has_said_much, rows)) == count - 1)
        os.kill(world.server.pid, signal.SIGKILL)
        for client in clients:
            client.close()
        world.server.wait()
        world.server.start()
        wait_until_closed(world.server, count)
        rows = world.server.rows(POSTS)
        assert {row["outcome"] for row in rows} == {"interrupted"}
        [silent] = [row for row in rows if not has_said_much(row)]
        assert (silent["cost"], spent(silent)) == (None, 0)
        paid = [row for row in rows if row is not silent]
        costs = [Decimal(str(row["cost"])) for row in paid]
        assert min(costs) > 0
        assert all("estimated_tokens_out" in estimates(row) for row in paid if row["tokens_out"] is None)
        usage = world.client.get("/v1/usage", headers={"x-api-key": KEY}).json()
        total = usage["total"]
        assert total["requests"] == count - 1
        assert Decimal(total["cost_usd"]) == sum(round(cost, 10) for cost in costs)
        assert total["tokens_estimated"] > 0
        tokens = ("tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write", "tokens_estimated")
        assert sum(total[one] for one in tokens) == sum(map(spent, rows))


LIMIT = 1_000_000
PROMPT = {"role": "user", "content": "Hello. [say: events=60] [fault: stall@20*]"}


def left_and_spent(server: RunningServer, key: str) -> tuple[int, int]:
    """What an answer says is left of the key's budget, and what the ledger had of it just before."""
    with httpx.Client(base_url=server.base_url, headers={"x-api-key": key}, timeout=60) as client:
        spent = client.get("/v1/usage").json()["limits"][0]["used"]
        body = {"model": CLAUDE, "max_tokens": 9, "messages": [{"role": "user", "content": "Hello."}]}
        answer = client.post("/v1/messages", json=body)
        assert answer.status_code == 200, answer.text
        return int(answer.headers["anthropic-ratelimit-tokens-remaining"]), int(spent)


@pytest.mark.parametrize("where", ["the same host", "another host"])
def test_the_budget_that_all_processes_count_has_it_too(server_world: ServerWorld, where: str) -> None:
    """Redis was never told by the killed process: whoever closes its rows tells it."""
    with SimulatorThread() as simulator, shared_stores(server_world) as start:
        world = World(start(), simulator)
        key = new_key(world, "holder", "--tokens-in-total", str(LIMIT))
        is_here = where == "the same host"
        sibling = RunningServer(world.server.data_dir, world.server.env, ()) if is_here else start()
        try:
            left, spent = left_and_spent(sibling, key)
            assert (left, spent) == (LIMIT, 0)
            body = {"model": CLAUDE, "max_tokens": 999, "stream": True, "messages": [PROMPT]}
            with world.client.stream("POST", "/v1/messages", json=body, headers={"x-api-key": key}) as answer:
                assert answer.status_code == 200
                until(world, lambda rows: any(row["in_flight"] and has_said_much(row) for row in rows))
                os.kill(world.server.pid, signal.SIGKILL)
                world.server.wait()
            if is_here:  # else nobody sees that it died: it gives no heartbeat for a while
                wait_until_closed(sibling, 1)
            ends_at = time.monotonic() + PATIENCE_SECONDS
            while left != LIMIT - spent or spent < SAID_TOKENS:
                assert time.monotonic() < ends_at, (left, spent)
                left, spent = left_and_spent(sibling, key)
        finally:
            sibling.stop()
