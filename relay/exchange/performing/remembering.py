"""What an exchange asks of the memory of all processes, and tells it of the account that answered."""

from collections.abc import Callable

from accounts.pool.leases import Lease
from accounts.pool.pool import Pool
from relay.exchange.runtime import Runtime
from relay.memory.conversation_memory import Memory
from relay.memory.items import Item, Wanted
from relay.memory.learning import learned
from relay.neutral.events import StreamState, Usage
from relay.upstream.request import ClientCall, UpstreamRequest


async def meet_session(runtime: Runtime, call: ClientCall) -> None:
    """Learn what other processes know of the call's session, when it is new to this one."""
    for home in await runtime.memory.meet(call.session, is_begun=call.is_begun):
        runtime.pool.believe(call.session, home.name, int(home.kind), int(home.value))


async def recalled(memory: Memory, made_ready: Callable[[], UpstreamRequest]) -> UpstreamRequest:
    """What ``made_ready`` makes; once more where other processes remember what this one misses."""
    memory.signatures.missed.clear()
    request = made_ready()
    missed = [Wanted(miss.layer, miss.session, miss.name, miss.kind) for miss in memory.signatures.missed]
    if missed and await memory.recall(missed):
        request = made_ready()
    memory.renew()
    return request


async def weigh_detour(memory: Memory, lease: Lease, session: str) -> None:
    """Where a stand-in is asked: what the session's own account holds of it, by the newest answer."""
    if lease.stand_in_for:
        known = lease.cached_tokens_at_stake
        lease.cached_tokens_at_stake = await memory.cached_tokens(session, lease.model, known)


def taught(call: ClientCall, state: StreamState, request: UpstreamRequest, now: float) -> list[Item]:
    """What an answer teaches: its signatures, and whose thread it continues."""
    items = learned(state, call.session, request.facts.family, now, request.aliases)
    if call.is_threaded and state.message_id:
        items.append(Item("thread", call.session, state.message_id, now))
    return items


def answered(pool: Pool, lease: Lease, session: str, usage: Usage, now: float) -> list[Item]:
    """Tell the pool that the account answered; for the other processes: what its prompt cache holds."""
    account, model = lease.account, lease.model
    cached = (usage.cache_read or 0) + (usage.cache_write or 0)
    pool.note_success(account.id, model, session, cached, lease.taken_at)
    return [] if lease.stand_in_for else [Item("home", session, model, now, str(account.id), str(cached))]
