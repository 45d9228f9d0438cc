"""The driver's hands for one exchange: whom it asks, and what it gives back."""

import threading
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from accounts.loaded.live_accounts import LiveAccounts
from accounts.mapping import Target
from accounts.pool.leases import Lease, NoAccount, Want
from accounts.snapshot import AccountView, Snapshot
from monitor.record.records import Record, RequestRecord
from relay.dialects.gemini import GEMINI
from relay.engine.commands import PickAccount, Picked
from relay.engine.continuing.continuation import Said
from relay.engine.retrying.retry_turns import RESTING
from relay.exchange.large_bodies import LARGE_BYTES
from relay.exchange.performing import exchange_hands, leasing
from relay.exchange.performing.exchange_hands import ExchangeHands
from relay.exchange.performing.picked import TRIED_BY_ANOTHER
from relay.exchange.record.recording import Recorder
from relay.exchange.runtime import RelaySettings, Runtime
from relay.exchange.upstream_health import UpstreamWatch
from relay.neutral.failures import Failure
from relay.upstream.request import ClientCall
from tests.accounts.worlds import MODEL, view

FIRST = view(1, base_url="https://first.example", priority=9)
SECOND = view(2, base_url="https://second.example")
BODY = {"contents": [{"role": "user", "parts": [{"text": "hi"}]}]}
ROW = RequestRecord(
    id="0" * 32,
    started_at=1.0,
    process_id="p",
    dialect="gemini",
    method="POST",
    path="/v1beta/models/m:generateContent",
    in_flight=True,
)


class NoWriter:
    """Records go nowhere."""

    def submit(self, record: Record) -> None:
        """It is gone."""


class Hasty:
    """A pool behind whose choice another exchange comes first: it tries the upstream that was chosen."""

    def __init__(self, runtime: Runtime, overtakes: Callable[[AccountView], bool]) -> None:
        self.runtime, self.overtakes = runtime, overtakes
        self.leases: list[Lease] = []
        self.at, self.each_takes_seconds = 1010.0, 0.0
        runtime.health.now = lambda: self.at

    async def acquire(self, want: Want) -> Lease | NoAccount:
        self.at += self.each_takes_seconds
        lease = await self.runtime.accounts.pool.acquire(want)
        if isinstance(lease, Lease):
            self.leases.append(lease)
            if self.overtakes(lease.account):
                assert UpstreamWatch(self.runtime.health).admits(lease.account, want.model)
        return lease


def world(
    *accounts: AccountView, overtakes: Callable[[AccountView], bool], raw: bytes = b"{}"
) -> tuple[ExchangeHands, Hasty]:
    """An exchange with ``accounts``, the upstream of the first of which has rested and may be tried."""
    runtime = Runtime(LiveAccounts(), NoWriter(), RelaySettings.from_environment())
    runtime.accounts.pool.load(Snapshot(accounts=accounts))
    runtime.health.now = lambda: 1000.0
    for _ in range(20):
        runtime.health.ended(("first.example", MODEL), is_failure=True)
    pool = Hasty(runtime, overtakes)
    runtime.pool = pool  # type: ignore[assignment]
    call = ClientCall(GEMINI, BODY, raw, {}, MODEL, is_stream=True, session="")
    recorder = Recorder(lambda _: None, ROW, call, at=lambda: 1.0, bodies=None)
    return ExchangeHands(runtime, call, (Target(MODEL),), recorder, "sse", wants_usage=False), pool


async def test_an_upstream_that_another_just_tries_leads_to_another_account() -> None:
    """The choice was right and is so no more: the slot goes back, and who is free is asked."""
    exchange, pool = world(FIRST, SECOND, overtakes=lambda account: account.id == 1)
    picked = await exchange.pick(PickAccount(0))
    assert isinstance(picked, Picked)
    assert (picked.account, exchange.account_email) == (2, SECOND.email)
    exchange.leave()
    assert [lease.account.id for lease in pool.leases] == [1, 2]
    assert [lease.state.in_flight for lease in pool.leases] == [0, 0]


async def test_with_nobody_else_it_is_refused() -> None:
    """As for everybody while one request tries the upstream: soon, and with no slot taken."""
    exchange, pool = world(FIRST, overtakes=lambda account: True)
    refused = await exchange.pick(PickAccount(0))
    assert isinstance(refused, Failure)
    assert (refused.status, refused.reason) == (503, RESTING)
    assert refused.retry_after_seconds
    assert [lease.state.in_flight for lease in pool.leases] == [0]


async def test_who_is_always_overtaken_comes_to_an_end() -> None:
    """The same account is not chosen again and again."""
    exchange, pool = world(FIRST, overtakes=lambda account: True)
    pool.each_takes_seconds = 40.0  # after 30 s another may try what somebody tries without an end
    assert await exchange.pick(PickAccount(0)) is TRIED_BY_ANOTHER
    assert [lease.state.in_flight for lease in pool.leases] == [0, 0]


def test_a_history_is_read_only_where_another_account_would_drop_its_thinking() -> None:
    """To want an account for another model takes no look at the body, and no turn behind large ones."""
    assert leasing.reads_history(Target("claude-haiku-5-5"))
    assert not leasing.reads_history(Target(MODEL))


@pytest.mark.parametrize(
    ("size", "is_bound", "is_beside"),
    [(100, True, False), (LARGE_BYTES, True, True), (LARGE_BYTES, False, True)],
)
async def test_what_looks_through_a_large_body_does_so_beside_the_loop(
    monkeypatch: pytest.MonkeyPatch, size: int, is_bound: bool, is_beside: bool
) -> None:
    """The request is wanted, made, healed, and asked on with in a thread: others are served meanwhile.

    Where thinking is not ``is_bound`` to its account, to want one is no look through the body.
    """
    threads: dict[str, bool] = {}

    def watched(name: str) -> None:
        module = leasing if name == "wanted" else exchange_hands
        work = getattr(module, name)

        def watching(*arguments: Any) -> Any:
            threads[name] = threading.current_thread() is not threading.main_thread()
            return work(*arguments)

        monkeypatch.setattr(module, name, watching)

    monkeypatch.setattr(leasing, "reads_history", lambda target: is_bound)
    works = ["wanted", "prepare", "healed_request", "continued", "asked_on"]
    for name in works:
        watched(name)
    body = {"contents": [{"role": "user", "parts": [{"text": "x" * size}]}]}
    exchange, _ = world(FIRST, overtakes=lambda account: False, raw=msgspec.json.encode(body))
    exchange.call = msgspec.structs.replace(exchange.call, body=body)
    picked = await exchange.pick(PickAccount(0, continues=Said("Once upon", 3)))
    assert isinstance(picked, Picked)
    await exchange.heal("strip")
    await exchange.ask_on("token")
    assert threads == dict.fromkeys(works, is_beside) | {"wanted": is_bound and is_beside}
    exchange.leave()


async def test_what_a_large_request_misses_is_looked_for_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other processes are asked for the signatures that its history has lost, as for a small one's."""
    signature_of = {"role": "model", "parts": [{"functionCall": {"name": "f", "id": "call_1", "args": {}}}]}
    told = {"role": "user", "parts": [{"functionResponse": {"name": "f", "id": "call_1", "response": {}}}]}
    body = {"contents": [*BODY["contents"], signature_of, told]}
    wanted: list[set[str]] = []

    async def recall(missed: Any) -> bool:
        wanted.append({one.layer for one in missed})
        return False

    for size in 100, LARGE_BYTES:
        exchange, _ = world(FIRST, overtakes=lambda account: False, raw=b" " * size)
        exchange.call = msgspec.structs.replace(exchange.call, body=body, session="s")
        monkeypatch.setattr(exchange._runtime.memory, "recall", recall)
        assert isinstance(await exchange.pick(PickAccount(0)), Picked)
        exchange.leave()
    assert wanted == [{"tool", "session"}] * 2
