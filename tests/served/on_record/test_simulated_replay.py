"""A replay against the simulator inside the server: no account is asked, nothing is paid or learned."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from django.conf import settings

from accounts.credentials.encryption import decrypt
from accounts.loaded.live_accounts import LiveAccounts
from accounts.mapping import Target
from relay.exchange.runtime import RelaySettings, Runtime
from relay.memory import database
from relay.memory.memory_items import MemoryItem, Wanted
from relay.memory.shared_store import SharedStore
from relay.replay.simulated import KINDS, simulated_runtime
from tests import stores
from tests.running_server import json_value
from tests.served.operators import log_in, make_operator
from tests.served.world import CLAUDE, GEMINI, World


@pytest.fixture(scope="module")
def browser(shared_world: World) -> Iterator[httpx.Client]:
    """The operator's browser, signed in."""
    make_operator(shared_world)
    with httpx.Client(base_url=shared_world.server.base_url, timeout=60, follow_redirects=True) as client:
        log_in(client)
        yield client


def token(client: httpx.Client) -> dict[str, str]:
    return {"csrfmiddlewaretoken": client.cookies["evenkeel_csrf"]}


def simulate(browser: httpx.Client, world: World, request_id: str, **form: str) -> dict[str, Any]:
    """Send the exchange to the simulator; the new row."""
    page = f"/monitor/history/{request_id}/replay/"
    assert browser.get(page).status_code == 200
    sent = browser.post(f"{page}send/", data={"to": "simulator", **form, **token(browser)})
    assert "/beside/" in sent.url.path, sent.text[:2000]
    return world.row(sent.url.path.rstrip("/").rpartition("/")[2])


def ask(world: World, what: str) -> httpx.Response:
    question = [{"role": "user", "content": "Hello."}]
    match what:
        case "messages":
            return world.messages()
        case "collected":
            return world.messages(stream=False)
        case "gemini":
            return world.gemini()
        case "gemini array":
            return world.gemini(method="streamGenerateContent")
        case "chat":
            return world.client.post("/v1/chat/completions", json={"model": GEMINI, "messages": question})
        case _:
            return world.client.post("/v1/responses", json={"model": CLAUDE, "input": question})


@pytest.mark.parametrize("what", ["messages", "collected", "gemini", "gemini array", "chat", "responses"])
def test_every_dialect_is_answered_without_an_account(what: str, world: World, browser: httpx.Client) -> None:
    """The row names the original and the simulator; upstream sees nothing of it."""
    first = world.row(ask(world, what))
    world.simulator.reset()
    row = simulate(browser, world, first["id"])
    assert world.simulator.requests == []
    assert (row["outcome"], row["replay_of"], row["account"]) == ("ok", first["id"], "simulator 1")
    assert row["is_simulated"]
    assert not first["is_simulated"]
    assert (float(row["cost"]), row["tokens_out"] > 0) == (0.0, True)
    assert row["mapped_model"] == first["mapped_model"]
    assert json_value(row["diagnostics"])["simulator"] == "no fault"
    names = ("conversation", "agent", "parent_agent", "agent_label", "client_name", "role", "session_hash")
    assert first["conversation"]
    assert {name: row[name] for name in names} == {name: first[name] for name in names}


@pytest.mark.parametrize(
    ("fault", "attempts", "outcome", "asked"),
    [
        ("empty", "first", "retried", ["simulator 1", "simulator 2"]),
        ("empty", "every", "zero_tokens", ["simulator 1", "simulator 2", "simulator 3"]),
        ("quota_exhausted", "every", "error", ["simulator 1", "simulator 2", "simulator 3"]),
        ("api_key_invalid", "first", "retried", ["simulator 1", "simulator 2"]),
        ("cut", "first", "interrupted", ["simulator 1"]),
    ],
)
def test_a_fault_shows_what_would_have_happened(
    fault: str, attempts: str, outcome: str, asked: list[str], world: World, browser: httpx.Client
) -> None:
    """The relay waits, rotates and gives up as it would; no real account is marked or disabled for it."""
    first = world.row(world.messages())
    row = simulate(browser, world, first["id"], fault=fault, attempts=attempts)
    tried = world.eventually(
        "SELECT account FROM monitor_attemptlog WHERE request_id = %s ORDER BY number", (row["id"],)
    )
    assert (row["outcome"], [one["account"] for one in tried]) == (outcome, asked)
    assert world.server.rows("SELECT * FROM accounts_accountmark", ()) == []
    [left] = world.server.rows("SELECT count(*) AS n FROM accounts_account WHERE enabled", ())
    assert left["n"] == 6


def test_an_unknown_fault_is_refused(world: World, browser: httpx.Client) -> None:
    """With words, and nothing is sent."""
    first = world.row(world.messages())
    page = f"/monitor/history/{first['id']}/replay/"
    answer = browser.post(f"{page}send/", data={"to": "simulator", "fault": "no_such", **token(browser)})
    assert "does not know this fault" in browser.get(page).text or "does not know this fault" in answer.text
    assert world.server.rows("SELECT id FROM monitor_requestlog WHERE replay_of = %s", (first["id"],)) == []


class NoWriter:
    """Records go nowhere."""

    def submit(self, record: object) -> None:
        """It is gone."""


async def test_what_is_learned_there_is_told_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its accounts' numbers and heals are none of the real conversation's, whose session it runs in."""
    url, redis = stores.start_redis()
    monkeypatch.setattr(settings, "REDIS_URL", url)
    asked: list[str] = []
    monkeypatch.setattr(database, "read_heals", lambda session: asked.append(session) or [])
    current, others = Runtime(LiveAccounts(), NoWriter(), RelaySettings.from_environment()), SharedStore(url)
    learned = [MemoryItem("home", "s", "m", 1.0, "2", "5000"), MemoryItem("drop", "s", "", 1.0)]
    try:
        async with simulated_runtime(
            current, Target("m", frozenset({"gemini"})), "", is_everywhere=True
        ) as made:
            if (told := made.memory.remember(learned)) is not None:
                await told
            assert made.memory.healed_session("s") is not None
            assert await made.memory.meet("s2", is_begun=True) == []
            assert not await made.memory.recall([Wanted("tool", "s", "c")])
        assert await others.meet("s") == []
        assert asked == []
    finally:
        await others.close()
        await current.upstream.close()
        stores.end(redis)


async def test_nothing_is_shared_but_the_record() -> None:
    """The only accounts there are made up, at an address of this machine; what is learned is forgotten."""
    current = Runtime(LiveAccounts(), NoWriter(), RelaySettings.from_environment())
    for kind in KINDS:
        target = Target("m", frozenset((kind,)))
        async with simulated_runtime(current, target, "empty", is_everywhere=True) as made:
            states = [made.pool.roster.state(number) for number in (1, 2, 3)]
            assert [decrypt(state.view.sealed)["api_key"] for state in states] == [
                "sim-replay-1",
                "sim-replay-2",
                "sim-replay-3",
            ]
            assert all(state.view.base_url.startswith("http://127.0.0.1:") for state in states)
            assert len(made.pool.roster._states) == 3
            assert made.memory is not current.memory
            assert made.in_flight is current.in_flight
    await current.upstream.close()
