"""A key's counted limits, worked out once for as long as none of their windows ends. PURE.

Where the windows begin takes calendars and time zones; it is worked out once in a while, and not for every
request.
"""

from collections.abc import Sequence
from datetime import tzinfo

from msgspec import Struct

from accounts.keys.limits import Limit
from relay.limits.limit_windows import LimitWindow, window_at
from relay.limits.standing import Standing

Spot = tuple[int, str, str, float]
"""A key's id, a measure, a period, and where its window begins."""


class LimitPlan(Struct, frozen=True):
    """Each limit with its window and the spot that it is counted at, for moments from ``start`` to ``end``.

    ``of_requests`` are the places of those that count requests.
    """

    limits: tuple[Limit, ...]
    windows: tuple[LimitWindow, ...]
    spots: tuple[Spot, ...]
    of_requests: tuple[int, ...]
    start: float
    end: float

    def is_for(self, limits: Sequence[Limit], now: float) -> bool:
        """Are these the limits, and is ``now`` (epoch seconds) a moment of it?"""
        return self.start <= now < self.end and (limits is self.limits or tuple(limits) == self.limits)


def plan_at(key: int, limits: Sequence[Limit], now: float, zone: tzinfo) -> LimitPlan:
    """The plan that holds at ``now``, in epoch seconds."""
    windows = tuple(window_at(limit.period, now, zone) for limit in limits)
    return LimitPlan(
        limits=tuple(limits),
        windows=windows,
        spots=tuple(spot_of(key, limit, window) for limit, window in zip(limits, windows, strict=True)),
        of_requests=tuple(at for at, limit in enumerate(limits) if limit.measure == "requests"),
        start=max((window.start for window in windows), default=now),
        end=min((window.end for window in windows), default=now),
    )


def spot_of(key: int, limit: Limit, window: LimitWindow) -> Spot:
    """Where it is counted."""
    return (key, limit.measure, limit.period, window.start)


def standings_of(plan: LimitPlan, used: Sequence[int]) -> list[Standing]:
    """How the key stands where each window has so much."""
    return list(map(Standing, plan.limits, plan.windows, used))


def with_request(plan: LimitPlan, used: Sequence[int]) -> tuple[list[Standing], list[Standing]]:
    """How the key stands where each window had so much, and which limits are reached.

    Where none is, the request is counted.
    """
    told = standings_of(plan, used)
    over = [standing for standing in told if standing.is_over]
    if not over:
        for at in plan.of_requests:
            told[at] = Standing(plan.limits[at], plan.windows[at], told[at].used + 1)
    return told, over
