"""Who is connected, what their requests hold in memory, and who has to go.

Once a second every connection is looked at (``door_rules``): a timer for each would cost each request more.
When there are as many as the process's file descriptors allow, who has waited longest without a request goes.
"""

import asyncio
import contextlib
import heapq
import logging
import time
from collections import Counter
from collections.abc import Sequence
from typing import Protocol

from proxyproject.serving.door.door_rules import DoorLimits, Stage, is_overdue
from relay.turns import turns

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
LOOKED_AT_ONCE = 500
CUT_SHARE = 64
"""When all places are taken, one of so many that wait goes."""

LOOKED_AT_FOR_ONE = 4
"""So many of those who wait longest are looked at for each that goes: one whose request has come and is not
read yet stays. A hundred may be let in within one turn, before any of them is heard."""

COMPLAINT_SECONDS = 60.0
"""At most one line a minute about connections that were refused."""

_REPLACEABLE = frozenset({Stage.HEAD, Stage.IDLE, Stage.LINGERING})


class Connection(Protocol):
    """What the doorkeeper knows of a channel."""

    address: str
    stage: Stage
    since: float

    @property
    def received_bytes(self) -> int:
        """Of the body that is arriving."""
        ...

    @property
    def unread_seconds(self) -> float:
        """How long the client has taken none of what it asked for."""
        ...

    def has_unread(self) -> bool:
        """Has it sent what is not read yet?"""
        ...

    def give_up(self) -> bool:
        """The stage was overdue; False: it stays all the same, for now."""
        ...

    def cut(self) -> None:
        """End the connection now."""
        ...


class Held:
    """Bytes that are held at once, and how many may be."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0

    def has_room(self, more_bytes: int) -> bool:
        """May so much more be held?"""
        return self._bytes + more_bytes <= self._most_bytes

    def take(self, more_bytes: int) -> None:
        """So much more is held."""
        self._bytes += more_bytes

    def give_back(self, fewer_bytes: int) -> None:
        """So much is held no more."""
        self._bytes -= fewer_bytes


class Doorkeeper:
    """The connections of one server. ``capacity``: how many there may be at once.

    ``held``: the bytes of request bodies. ``held_unknown``: those among them of large forms whose sender is
    not known to be signed in.
    """

    def __init__(self, limits: DoorLimits, capacity: int) -> None:
        self.limits = limits
        self.held = Held(limits.held_body_bytes)
        self.held_unknown = Held(limits.held_unknown_bytes)
        self._capacity = capacity
        self._connections: set[Connection] = set()
        self._by_address: Counter[str] = Counter()
        self._count = 0
        self._refused = 0
        self._complained_at = -COMPLAINT_SECONDS
        self._looking: asyncio.Task[None] | None = None

    # Who comes and goes

    def admits(self, address: str) -> bool:
        """May one more from ``address`` come in? Where all places are taken, who waits longest goes."""
        if self.limits.per_address and self._by_address[address] >= self.limits.per_address:
            self._complain(f"{address} has {self.limits.per_address} open")
            return False
        if self._count < self._capacity or self._makes_room():
            return True
        self._complain(f"each of {self._capacity} serves a request")
        return False

    def entered(self, connection: Connection) -> None:
        """A connection was made."""
        self._connections.add(connection)
        self._by_address[connection.address] += 1
        self._count += 1

    def handed_over(self, connection: Connection) -> None:
        """It is a WebSocket's from now on; it still counts, until ``left``."""
        self._connections.discard(connection)

    def left(self, connection: Connection) -> None:
        """A connection is over."""
        self._connections.discard(connection)
        self._count -= 1
        self._by_address[connection.address] -= 1
        if self._by_address[connection.address] <= 0:
            del self._by_address[connection.address]

    def _makes_room(self) -> bool:
        """Let go of a share of those who wait, so that not every newcomer has all of them looked through."""
        waiting = [one for one in self._connections if one.stage in _REPLACEABLE]
        share = -(-len(waiting) // CUT_SHARE)
        longest = heapq.nsmallest(share * LOOKED_AT_FOR_ONE, waiting, key=lambda one: one.since)
        silent = [one for one in longest if not one.has_unread()]
        for one in (silent or longest)[:share]:
            one.cut()
        return bool(longest)

    # Who has to go

    def start(self) -> None:
        """Look once a second, in this event loop."""
        self._looking = asyncio.ensure_future(self._look_for_ever())

    def stop(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()

    async def _look_for_ever(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look_through(list(self._connections))

    async def look_through(self, connections: Sequence[Connection]) -> None:
        """Look at all of them, while others have their turns: to end one takes as long as to look at many."""
        for number, one in enumerate(connections, 1):
            if self.look([one], time.monotonic()):
                await turns.wait()
            elif number % LOOKED_AT_ONCE == 0:
                await asyncio.sleep(0)

    def look(self, connections: Sequence[Connection], now: float) -> int:
        """End which of them are overdue at ``now`` (the monotonic clock); how many there were."""
        ended = 0
        for one in connections:
            if one not in self._connections:
                continue  # it has ended meanwhile
            with contextlib.suppress(Exception):  # one odd connection keeps no other
                if is_overdue(one.stage, now - one.since, one.received_bytes, self.limits):
                    ended += one.give_up()
                elif one.unread_seconds > self.limits.unread_seconds:
                    ended += 1
                    one.cut()
        return ended

    def _complain(self, why: str) -> None:
        self._refused += 1
        now = time.monotonic()
        if now - self._complained_at >= COMPLAINT_SECONDS:
            logger.warning("Refused %d connections since the last such line; now %s", self._refused, why)
            self._complained_at, self._refused = now, 0
