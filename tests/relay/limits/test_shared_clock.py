"""The windows of keys begin by the clock that all hosts share."""

import time

from accounts.keys.limits import KeyLimits, Limit
from accounts.loaded.client_keys import CallerKey
from accounts.loaded.live_accounts import LiveAccounts
from monitor.pricing.price_list import PriceList
from relay.limits.allowance import Allowance
from relay.limits.key_counting import key_counter


async def test_a_host_whose_clock_is_off_counts_in_the_same_minute() -> None:
    """Else its minute would be another window, and each host would let a whole rate through."""
    live = LiveAccounts()
    shared_now = time.time() + 3600
    live._clock.agree(shared_now)
    limits = KeyLimits(limits=(Limit("requests", "minute", 10),))
    counter = key_counter(live, lambda: PriceList(()))
    allowance = await counter.admit(CallerKey(1, "team", True, limits), limits)
    assert isinstance(allowance, Allowance)
    [standing] = allowance._standings
    assert standing.window.end > shared_now
    assert abs(allowance._now() - shared_now) < 60
