"""PURE. What upstream told of an account's quota: windows, with what is used and when each begins anew.

Figures are believed with care: they are rounded, late, of other clocks, and now and then wrong. So they only
put an account behind another one that has room. They never refuse a request: upstream does that.
"""

import math
from collections.abc import Iterable
from typing import Final, Literal

from msgspec import Struct

LOW_FROM: Final = 0.9
"""From so much of a window on its account is nearly empty."""

UNTOLD_RESET_SECONDS: Final = 60.0
"""So long a figure without a believable reset counts: the shortest window of every vendor is a minute."""

LONGEST_WINDOW_SECONDS: Final = 8 * 86_400.0
"""No vendor's window is longer than a week: a reset beyond it is a mistake."""

WORTH_TELLING: Final = 0.01
"""A change of so much of a window is told to the other processes,"""

WORTH_TELLING_SECONDS: Final = 30.0
"""and any change once in so long."""

MOST_WINDOWS: Final = 200
"""So many windows of an account are known: models' names come from clients."""

Room = Literal["enough", "low", "spent"]


class Window(Struct, frozen=True, gc=False):
    """One limit as it was told. ``name`` is a word (``requests``, ``tokens``, ``5h``, ``7d``).

    ``model`` is whose limit it is, blank for the whole account; ``used`` a share from 0 to 1. ``limit`` and
    ``remaining`` are None where only a share was told. Times are in epoch seconds by our clock.
    """

    name: str
    used: float
    resets_at: float
    seen_at: float
    model: str = ""
    limit: int | None = None
    remaining: int | None = None

    def stands(self, now: float) -> bool:
        """Whether it still says something: it has not begun anew since."""
        return now < self.resets_at

    def room(self, now: float) -> Room:
        """What is left of it at ``now``; a window that has begun anew has enough."""
        if not self.stands(now) or self.used < LOW_FROM:
            return "enough"
        return "spent" if self.used >= 1.0 else "low"


def window(
    name: str,
    used: float,
    resets_in_seconds: float | None,
    now: float,
    *,
    model: str = "",
    limit: int | None = None,
    remaining: int | None = None,
) -> Window | None:
    """A window from what was told, with what cannot be put right; None where it says nothing."""
    if math.isnan(used):
        return None
    seconds = resets_in_seconds
    if seconds is None or math.isnan(seconds) or not 0 <= seconds <= LONGEST_WINDOW_SECONDS:
        seconds = UNTOLD_RESET_SECONDS
    used = min(max(used, 0.0), 1.0)
    return Window(name, used, now + seconds, now, model, limit, remaining)


def counted(
    name: str, limit: int, remaining: int, resets_in_seconds: float | None, now: float, model: str = ""
) -> Window | None:
    """A window that was told in numbers; one without a limit says nothing."""
    if limit <= 0:
        return None
    remaining = min(max(remaining, 0), limit)
    used = 1 - remaining / limit
    return window(name, used, resets_in_seconds, now, model=model, limit=limit, remaining=remaining)


class Windows:
    """The windows of one account. Another model's say nothing of this one."""

    __slots__ = ("_told", "_windows")

    def __init__(self) -> None:
        self._windows: dict[tuple[str, str], Window] = {}
        self._told: dict[tuple[str, str], Window] = {}

    def __bool__(self) -> bool:
        return bool(self._windows)

    def take(self, windows: Iterable[Window]) -> list[Window]:
        """Notes what was seen, the newest of each; returns what of it is worth telling other processes."""
        news = []
        for seen in windows:
            key = (seen.name, seen.model)
            known = self._windows.get(key)
            if known is not None and known.seen_at > seen.seen_at:
                continue
            self._note(key, seen)
            told = self._told.get(key)
            if told is None or _is_news(seen, told):
                self._told[key] = seen
                news.append(seen)
        return news

    def hear(self, windows: Iterable[Window]) -> None:
        """Notes what another process has seen, where it is newer."""
        for seen in windows:
            key = (seen.name, seen.model)
            known = self._windows.get(key)
            if known is None or seen.seen_at > known.seen_at:
                self._note(key, seen)
                self._told[key] = seen

    def _note(self, key: tuple[str, str], seen: Window) -> None:
        """As the newest; a new one takes the place of those that have ended, or of the oldest."""
        if self._windows.pop(key, None) is None and len(self._windows) >= MOST_WINDOWS:
            ended = [old for old, window in self._windows.items() if not window.stands(seen.seen_at)]
            for old in ended or [next(iter(self._windows))]:
                del self._windows[old]
                self._told.pop(old, None)
        self._windows[key] = seen

    def room(self, model: str, now: float) -> Room:
        """What the tightest window leaves for ``model``."""
        worst: Room = "enough"
        for (_, of_model), seen in self._windows.items():
            if of_model in ("", model) and seen.used >= LOW_FROM:
                here = seen.room(now)
                if here == "spent":
                    return here
                if here == "low":
                    worst = here
        return worst

    def all(self) -> list[Window]:
        """Each of them, by model and name."""
        there = list(self._windows.values())  # the admin asks from a thread of its own
        return sorted(there, key=lambda one: (one.model, one.name))

    def clear(self) -> None:
        """Forgets them."""
        self._windows.clear()
        self._told.clear()


def _is_news(seen: Window, told: Window) -> bool:
    if seen.room(seen.seen_at) != told.room(seen.seen_at):
        return True
    if abs(seen.used - told.used) >= WORTH_TELLING:
        return seen.seen_at - told.seen_at >= 1.0
    return seen.seen_at - told.seen_at >= WORTH_TELLING_SECONDS
