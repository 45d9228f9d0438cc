"""The model lists that upstreams themselves give: kept for an hour, asked for again behind what is shown.

A failure is never kept. Who asks waits a little for a list that was never had, and not at all for one that
is only old: it is shown until there is a newer one.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from accounts.snapshot import AccountView

LIST_SECONDS = 3600.0
"""How long a list is new."""

WAIT_SECONDS = 2.5
"""What a list that was never had is waited for: Claude Code gives a gateway's whole list three seconds."""

Fetch = Callable[[AccountView], Awaitable[list[str] | None]]
"""The account's list from its upstream; None where there is none to be had now."""

_Place = tuple[int, str, str, str]
"""Account, kind, address and credential: with another of them it is another list."""


class _Kept(msgspec.Struct, frozen=True):
    """A list, and since when it is known."""

    names: list[str]
    at: float


class _Question(msgspec.Struct, frozen=True):
    """A list that is asked for, and since when."""

    task: asyncio.Task[None]
    at: float


class UpstreamLists:
    """The lists of this process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Nothing known yet; ``clock`` is in seconds."""
        self._clock = clock
        self._kept: dict[_Place, _Kept] = {}
        self._questions: dict[_Place, _Question] = {}

    async def of(
        self, accounts: Sequence[AccountView], fetch: Fetch, wait_seconds: float = WAIT_SECONDS
    ) -> dict[int, list[str]]:
        """By account id, the lists that are known after at most ``wait_seconds``."""
        places = {_place_of(account): account for account in accounts}
        self._kept = {place: kept for place, kept in self._kept.items() if place in places}
        now, awaited = self._clock(), []
        for place, account in places.items():
            kept = self._kept.get(place)
            if kept is not None and now - kept.at < LIST_SECONDS:
                continue
            question = self._questions.get(place) or self._ask(place, account, fetch)
            # Each question is waited for once: an upstream that hangs does not hold up everybody.
            if kept is None and now - question.at < wait_seconds:
                awaited.append(question.task)
        if awaited:
            await asyncio.wait(awaited, timeout=wait_seconds)
        return {place[0]: self._kept[place].names for place in places if place in self._kept}

    def _ask(self, place: _Place, account: AccountView, fetch: Fetch) -> _Question:
        task = asyncio.create_task(self._fetch(place, account, fetch))
        question = self._questions[place] = _Question(task, self._clock())
        return question

    async def _fetch(self, place: _Place, account: AccountView, fetch: Fetch) -> None:
        try:
            names = await fetch(account)
            if names is not None:
                self._kept[place] = _Kept(names, self._clock())
        finally:
            del self._questions[place]


def _place_of(account: AccountView) -> _Place:
    return account.id, account.kind, account.base_url, account.sealed
