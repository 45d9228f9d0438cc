"""Whom an exchange asks while the groups of its key are changed."""

import asyncio

import msgspec

from accounts.groups.scope import Binding
from accounts.keys.limits import KeyLimits
from accounts.loaded.live_accounts import LiveAccounts
from accounts.mapping import Target
from accounts.pool.leases import Lease
from accounts.snapshot import KeyView, Snapshot
from relay.dialects.gemini import GEMINI
from relay.engine.commands import PickAccount
from relay.exchange.performing.leasing import Leasing
from relay.exchange.record.recording import Recorder
from relay.exchange.runtime import RelaySettings, Runtime
from relay.neutral.failures import Failure
from relay.upstream.request import ClientCall
from tests.accounts.worlds import MODEL, view
from tests.relay.exchange.performing.test_exchange_hands import BODY, ROW, NoWriter

OLD, NEW, MAPPED = frozenset({"old"}), frozenset({"new"}), frozenset({"mapped"})
TARGET = Target(MODEL, key_groups=OLD)


class Exchange:
    """One that was admitted with a key of the old group; accounts 1 and 2 are of the old and the new one."""

    def __init__(self) -> None:
        self.runtime = Runtime(LiveAccounts(), NoWriter(), RelaySettings.from_environment())
        accounts = (view(1, groups=OLD | MAPPED, max_in_flight=1), view(2, groups=NEW), view(3))
        self.runtime.accounts.pool.load(Snapshot(accounts=accounts))
        self.bind(OLD)
        call = ClientCall(GEMINI, BODY, b"{}", {}, MODEL, is_stream=True, session="s")
        row = msgspec.structs.replace(ROW, client_key_id=7)
        self.recorder = Recorder(lambda _: None, row, call, at=lambda: 1.0, bodies=None)
        self.leasing = Leasing(self.runtime, call, self.recorder, None)

    def bind(self, groups: Binding) -> None:
        """The key is bound to these groups from now on."""
        self.runtime.accounts.keys.load([KeyView(7, "k", b"x" * 32, False, KeyLimits(groups=groups))])

    async def account(self, target: Target = TARGET) -> int:
        """Who is asked next."""
        lease = await self.leasing.take(PickAccount(0), target)
        assert isinstance(lease, Lease), lease
        lease.release()
        return lease.account.id


async def test_the_next_attempt_heeds_the_new_groups() -> None:
    """A retry goes to an account of the key's groups as they are now; the row names these."""
    exchange = Exchange()
    assert await exchange.account() == 1
    exchange.bind(NEW)
    assert await exchange.account() == 2
    told = exchange.recorder.row.diagnostics
    assert (told["groups"], told["key_groups"]) == ("new", "new")
    assert exchange.leasing.scope(TARGET).admits("gemini", NEW)
    assert not exchange.leasing.scope(TARGET).admits("gemini", OLD)


async def test_who_waits_for_a_slot_asks_again() -> None:
    """The slot of the old group that comes free goes back, and one of the new group is taken."""
    exchange = Exchange()
    first = await exchange.leasing.take(PickAccount(0), TARGET)
    assert isinstance(first, Lease)
    waiting = asyncio.ensure_future(exchange.account())
    await asyncio.sleep(0)
    exchange.bind(NEW)
    assert not waiting.done()
    first.release()
    assert await waiting == 2
    assert first.state.in_flight == 0


async def test_a_mapping_keeps_its_own_groups() -> None:
    """Both have to be met still: nobody is in the mapping's and in the key's new one."""
    exchange = Exchange()
    target = Target(MODEL, bindings=frozenset({MAPPED}), key_groups=OLD)
    assert await exchange.account(target) == 1
    exchange.bind(NEW)
    refused = await exchange.leasing.take(PickAccount(0), target)
    assert isinstance(refused, Failure)
    assert "the group 'mapped', and the group 'new'" in refused.message


async def test_a_key_that_is_gone_keeps_its_last_groups() -> None:
    """The exchange was let in, and ends within what its key was bound to."""
    exchange = Exchange()
    exchange.runtime.accounts.keys.load([])
    assert {await exchange.account() for _ in range(3)} == {1}
