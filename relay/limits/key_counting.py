"""This process's key counter, as the settings want it: with Redis or alone, begun from the ledger."""

from collections.abc import Callable, Sequence

from django.conf import settings
from django.utils import timezone

from accounts.keys.limits import KeyLimits
from accounts.loaded.live_accounts import LiveAccounts
from accounts.processes.shared_slots import RedisSlots
from monitor.ledger.booking import Amounts
from monitor.ledger.reading import used_in
from monitor.pricing.cost import priced
from monitor.pricing.price_list import PriceList
from monitor.record.records import RequestRecord
from relay.limits.counts import Counts
from relay.limits.key_counter import KeyCounter
from relay.limits.key_usage import part_of
from relay.limits.looking import looked_up
from relay.limits.shared_counts import RedisCounts
from relay.limits.standing import Standing

KEY_SLOTS = "key-slots"


def key_counter(accounts: LiveAccounts, prices: Callable[[], PriceList]) -> KeyCounter:
    """Nothing is connected yet. ``prices`` are the operator's own, and asking for them waits for nothing."""
    redis_url = settings.REDIS_URL
    counts = Counts(
        timezone.get_default_timezone(),
        from_ledger,
        is_open=settings.ENVIRONMENT.relay_unknown_limits == "open",
        shared=RedisCounts(redis_url) if redis_url else None,
    )
    slots = RedisSlots(accounts.process_id, redis_url, accounts.bus, KEY_SLOTS) if redis_url else None

    def with_cost(row: RequestRecord) -> RequestRecord:
        return priced(row, prices())

    def limits_of(key: int) -> KeyLimits | None:
        caller = accounts.keys.of_id(key)
        return None if caller is None else caller.limits

    return KeyCounter(counts, with_cost, slots, limits_of)


async def from_ledger(key: int, standings: Sequence[Standing]) -> list[int]:
    """What the ledger has for each; raises what the database raises."""

    def look() -> list[Amounts]:
        return used_in(key, [(standing.window.start, standing.window.end) for standing in standings])

    told = await looked_up(look)
    return [part_of(usage, standing.limit.measure) for usage, standing in zip(told, standings, strict=True)]
