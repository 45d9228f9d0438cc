"""Who is connected, what their requests hold in memory, and who has to go.

Once a second every connection is looked at (``door_rules``): a timer for each would cost each request more.
When there are as many as the process's file descriptors allow, who has waited longest without a request goes.
"""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from typing import Protocol

from proxyproject.serving.door_rules import DoorLimits, Stage, is_overdue

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
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

    def give_up(self) -> None:
        """The stage was overdue."""
        ...

    def cut(self) -> None:
        """End the connection now."""
        ...


class Doorkeeper:
    """The connections of one server. ``capacity``: how many there may be at once."""

    def __init__(self, limits: DoorLimits, capacity: int) -> None:
        self.limits = limits
        self.held_bytes = 0
        self._capacity = capacity
        self._connections: set[Connection] = set()
        self._by_address: Counter[str] = Counter()
        self._refused = 0
        self._complained_at = -COMPLAINT_SECONDS
        self._looking: asyncio.Task[None] | None = None

    # Who comes and goes

    def admits(self, address: str) -> bool:
        """May one more from ``address`` come in? Where all places are taken, who waits longest goes."""
        if self.limits.per_address and self._by_address[address] >= self.limits.per_address:
            self._complain(f"{address} has {self.limits.per_address} open")
            return False
        if self._by_address.total() < self._capacity or self._makes_room():
            return True
        self._complain(f"each of {self._capacity} serves a request")
        return False

    def entered(self, connection: Connection) -> None:
        """A connection was made."""
        self._connections.add(connection)
        self._by_address[connection.address] += 1

    def handed_over(self, connection: Connection) -> None:
        """It is a WebSocket's from now on; it still counts, until ``left``."""
        self._connections.discard(connection)

    def left(self, connection: Connection) -> None:
        """A connection is over."""
        self._connections.discard(connection)
        self._by_address[connection.address] -= 1
        if self._by_address[connection.address] <= 0:
            del self._by_address[connection.address]

    def _makes_room(self) -> bool:
        waiting = [one for one in self._connections if one.stage in _REPLACEABLE]
        if not waiting:
            return False
        min(waiting, key=lambda one: one.since).cut()
        return True

    # What they hold

    def may_hold(self, more_bytes: int) -> bool:
        """Is there room for so much more of request bodies?"""
        return self.held_bytes + more_bytes <= self.limits.held_body_bytes

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
            self.look(time.monotonic())

    def look(self, now: float) -> None:
        """End what is overdue at ``now`` (the monotonic clock)."""
        for one in list(self._connections):
            with contextlib.suppress(Exception):  # one odd connection keeps no other
                if is_overdue(one.stage, now - one.since, one.received_bytes, self.limits):
                    one.give_up()
                elif one.unread_seconds > self.limits.unread_seconds:
                    one.cut()

    def _complain(self, why: str) -> None:
        self._refused += 1
        now = time.monotonic()
        if now - self._complained_at >= COMPLAINT_SECONDS:
            logger.warning("Refused %d connections since the last such line; now %s", self._refused, why)
            self._complained_at, self._refused = now, 0
