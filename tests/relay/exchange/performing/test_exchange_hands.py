"""The driver's hands for one exchange: whom it asks, and what it gives back."""

from collections.abc import Callable

from accounts.loaded.live_accounts import LiveAccounts
from accounts.mapping import Target
from accounts.pool.leases import Lease, NoAccount, Want
from accounts.snapshot import AccountView, Snapshot
from monitor.record.records import Record, RequestRecord
from relay.dialects.gemini import GEMINI
from relay.engine.commands import PickAccount, Picked
from relay.engine.retrying.turns import RESTING
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


def world(*accounts: AccountView, overtakes: Callable[[AccountView], bool]) -> tuple[ExchangeHands, Hasty]:
    """An exchange with ``accounts``, the upstream of the first of which has rested and may be tried."""
    runtime = Runtime(LiveAccounts(), NoWriter(), RelaySettings.from_environment())
    runtime.accounts.pool.load(Snapshot(accounts=accounts))
    runtime.health.now = lambda: 1000.0
    for _ in range(20):
        runtime.health.ended(("first.example", MODEL), is_failure=True)
    pool = Hasty(runtime, overtakes)
    runtime.pool = pool  # type: ignore[assignment]
    call = ClientCall(GEMINI, BODY, b"{}", {}, MODEL, is_stream=True, session="")
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
