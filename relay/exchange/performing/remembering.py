"""How an exchange reads the memory that all processes share, and writes there which account answered."""

import time
from collections.abc import Callable

from accounts.pool.leases import Lease
from accounts.pool.pool import Pool
from relay.engine.healing.signatures import SignatureCache
from relay.exchange.large_bodies import LARGE_BYTES, beside_the_loop
from relay.exchange.runtime import Runtime
from relay.memory.conversation_memory import Memory
from relay.memory.learning import learned
from relay.memory.memory_items import MemoryItem, Wanted
from relay.neutral.events import StreamState, Usage
from relay.upstream.request import ClientCall, UpstreamRequest


async def meet_session(runtime: Runtime, call: ClientCall) -> None:
    """Learn what other processes know of the call's session, when it is new to this one."""
    for home in await runtime.memory.meet(call.session, is_begun=call.is_begun):
        runtime.pool.believe(call.session, home.name, int(home.kind), int(home.value))


Making = Callable[[SignatureCache], UpstreamRequest]
"""Makes the request; it may run in another thread, and looks at nothing there that others may touch."""


async def recalled(memory: Memory, call: ClientCall, making: Callable[[], Making]) -> UpstreamRequest:
    """The request of ``call``; once more where other processes remember what this one misses.

    A large one is made beside the event loop. Raises what ``making`` raises.
    """
    request = await _made(memory, call, making())
    missed = [Wanted(miss.layer, miss.session, miss.name, miss.kind) for miss in memory.signatures.missed]
    if missed and await memory.recall(missed):
        request = await _made(memory, call, making())
    memory.renew()
    return request


async def _made(memory: Memory, call: ClientCall, make: Making) -> UpstreamRequest:
    """The request; what it missed stands in the memory, where nobody else has looked since."""
    signatures, size = memory.signatures, call.weight
    if size < LARGE_BYTES:
        signatures.missed.clear()
        return make(signatures)
    copy = signatures.of_session(call.session)
    request = await beside_the_loop(size, lambda: make(copy))
    signatures.missed.clear()
    signatures.look_again(copy.looks, time.time())
    has_learned = not set(copy.missed) <= set(signatures.missed)  # by another answer, while this was made
    return await _made(memory, call, make) if has_learned else request


async def weigh_detour(memory: Memory, lease: Lease, session: str) -> None:
    """Where a stand-in is asked: what the session's own account holds of it, by the newest answer."""
    if lease.stand_in_for:
        known = lease.cached_tokens_at_stake
        lease.cached_tokens_at_stake = await memory.cached_tokens(session, lease.model, known)


def taught(call: ClientCall, state: StreamState, request: UpstreamRequest, now: float) -> list[MemoryItem]:
    """What an answer teaches: its signatures, and whose thread it continues."""
    items = learned(state, call.session, request.facts.family, now, request.aliases)
    if call.is_threaded and state.message_id:
        items.append(MemoryItem("thread", call.session, state.message_id, now))
    return items


def answered(pool: Pool, lease: Lease, session: str, usage: Usage, now: float) -> list[MemoryItem]:
    """Tell the pool that the account answered; for the other processes: what its prompt cache holds."""
    account, model = lease.account, lease.model
    cached = (usage.cache_read or 0) + (usage.cache_write or 0)
    pool.note_success(account.id, model, session, cached, lease.taken_at)
    return (
        [] if lease.stand_in_for else [MemoryItem("home", session, model, now, str(account.id), str(cached))]
    )
