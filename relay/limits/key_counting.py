"""This process's key counter, as the settings want it: with Redis or alone, begun from the ledger."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from django.conf import settings
from django.utils import timezone

from accounts.keys.limits import KeyLimits
from accounts.loaded.live_accounts import LiveAccounts
from accounts.processes.shared_slots import RedisSlots
from monitor.ledger.booking import Amounts, spent_by
from monitor.ledger.reading import newest_booked, used_in
from monitor.pricing.cost import priced
from monitor.pricing.price_list import PriceList
from monitor.record.records import RequestRecord
from monitor.statistics.one_moment import one_moment
from relay.limits.counts import Counts
from relay.limits.key_counter import KeyCounter
from relay.limits.key_usage import part_of
from relay.limits.looking import looked_up
from relay.limits.opening import OpenedWindows
from relay.limits.shared_counts import RedisCounts
from relay.limits.standing import Standing

KEY_SLOTS = "key-slots"
BOOKED_SECONDS: Final = 86400.0
MOST_BOOKED: Final = 2_000
"""Of the exchanges that a window is opened with so many, and so old, may still be told by who served them."""


def key_counter(accounts: LiveAccounts, prices: Callable[[], PriceList]) -> KeyCounter:
    """Nothing is connected yet. ``prices`` are the operator's own, and asking for them waits for nothing."""
    redis_url = settings.REDIS_URL
    counts = Counts(
        timezone.get_default_timezone(),
        from_ledger,
        is_open=settings.ENVIRONMENT.relay_unknown_limits == "open",
        shared=RedisCounts(redis_url) if redis_url else None,
        now=accounts.pool.now,  # the clock of all hosts: each must name the same window
    )
    slots = RedisSlots(accounts.process_id, redis_url, accounts.bus, KEY_SLOTS) if redis_url else None

    def with_cost(row: RequestRecord) -> RequestRecord:
        return priced(row, prices())

    def limits_of(key: int) -> KeyLimits | None:
        caller = accounts.keys.of_id(key)
        return None if caller is None else caller.limits

    return KeyCounter(counts, with_cost, slots, limits_of)


async def from_ledger(key: int, standings: Sequence[Standing]) -> OpenedWindows:
    """What the ledger has for each; raises what the database raises."""
    spans = [(standing.window.start, standing.window.end) for standing in standings]

    def look() -> tuple[list[Amounts], list[RequestRecord]]:
        since = max(min(start for start, _ in spans), time.time() - BOOKED_SECONDS)
        with one_moment():
            return used_in(key, spans), newest_booked(key, since, MOST_BOOKED)

    told, rows = await looked_up(look)
    used = [part_of(usage, standing.limit.measure) for usage, standing in zip(told, standings, strict=True)]
    return OpenedWindows(
        used, {row.id: [_part_of_row(row, standing) for standing in standings] for row in rows}
    )


def _part_of_row(row: RequestRecord, standing: Standing) -> int:
    if not standing.window.holds(row.started_at):
        return 0
    tokens, units = spent_by(row)
    return {"tokens": tokens, "usd": units}.get(standing.limit.measure, 1)
