"""A key that is changed while its requests run, in several processes: each honours it soon."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from tests.running_server import ServerWorld
from tests.served.processes.several import SeveralWorld, several
from tests.served.world import CLAUDE, PATIENCE_SECONDS, World

CHANGING = "sk-key-that-changes"
PROCESSES = 2


@pytest.fixture(scope="module")
def world(server_world: ServerWorld) -> Iterator[SeveralWorld]:
    """Two processes, a key bound to one group, and an account in another one."""
    with several(server_world, PROCESSES) as world:
        world.import_accounts([account(world, "one"), account(world, "two")])
        world.server.manage("create_client_key", "changing", "--key", CHANGING, "--group", "one")
        yield world
        assert "Traceback" not in world.server.log_text


def account(world: World, group: str) -> dict[str, Any]:
    return {
        "email": f"{group}@anthropic",
        "kind": "anthropic",
        "base_url": world.simulator.base_url,
        "credential": {"api_key": f"sim-{group}"},
        "groups": [group],
    }


@contextmanager
def asking(world: World) -> Iterator[None]:
    """Meanwhile the key asks, each time on a new connection: the kernel chooses the process."""
    over = threading.Event()

    def ask() -> None:
        body = {"model": CLAUDE, "max_tokens": 9, "messages": [{"role": "user", "content": "Hello."}]}
        headers = {"x-api-key": CHANGING, "connection": "close"}
        while not over.is_set():
            httpx.post(f"{world.server.base_url}/v1/messages", json=body, headers=headers, timeout=60)
            over.wait(0.05)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join(PATIENCE_SECONDS)


def change(world: World, what: str) -> float:
    """Change the key in the database, as an operator does; when that was done."""
    world.server.manage(
        "shell",
        "-v0",
        "-c",
        "from accounts.models import ClientKey; from django.utils import timezone;"
        f"ClientKey.objects.filter(name='changing').update({what})",
    )
    return time.time()


def honoured_after(world: World, condition: str, since: float) -> list[float]:
    """When each process served the key's first exchange of that kind, in seconds since the change."""
    query = (
        f"SELECT process_id, min(started_at) AS first FROM monitor_requestlog WHERE client_key = 'changing'"
        f" AND {condition} GROUP BY process_id"
    )
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while len(found := world.server.rows(query)) < PROCESSES:
        assert time.monotonic() < ends_at, f"not honoured by all processes: {condition}, {found}"
        time.sleep(0.1)
    return [row["first"].timestamp() - since for row in found]


def later_of_another_kind(world: World, condition: str) -> list[dict[str, Any]]:
    """What a process served otherwise behind its first exchange of that kind."""
    return world.server.rows(
        "SELECT id, account, outcome FROM monitor_requestlog AS later WHERE client_key = 'changing'"
        f" AND outcome IS NOT NULL AND NOT ({condition}) AND started_at > (SELECT min(started_at)"
        " FROM monitor_requestlog WHERE client_key = 'changing'"
        f" AND process_id = later.process_id AND {condition})"
    )


def test_another_group_and_the_end_are_honoured_in_every_process(world: SeveralWorld) -> None:
    """First the key is bound to another group, then its time is over; requests run all the while.

    Each process honours either by itself and never goes back; how soon is printed.
    """
    with asking(world):
        in_one, in_two, is_over = (
            "account = 'one@anthropic'",
            "account = 'two@anthropic'",
            "outcome = 'key_expired'",
        )
        honoured_after(world, in_one, 0)
        bound = honoured_after(world, in_two, change(world, "groups=['two']"))
        ended = honoured_after(world, is_over, change(world, "expires_at=timezone.now()"))
        print(f"another group after {max(bound):.2f} s, expired after {max(ended):.2f} s")
    assert later_of_another_kind(world, f"({in_two} OR {is_over})") == []
    assert later_of_another_kind(world, is_over) == []
