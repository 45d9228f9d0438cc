"""The exchanges that are in flight in this process: who drives them, and what each has told its client."""

import asyncio

from relay.exchange.driver import Driver
from relay.exchange.record.use_keeper import RunningRecord
from relay.neutral.events import StreamState


class InFlight:
    """Runtimes that are drained together share one."""

    def __init__(self) -> None:
        """None is."""
        self.drivers: set[Driver] = set()
        self.answers: dict[str, StreamState] = {}
        """What each exchange has told its client, by request id."""
        self.records: dict[str, RunningRecord] = {}
        """The record of each, by request id."""

    async def stop(self) -> None:
        """End every exchange, with the error event, and wait until each is told."""
        drivers = list(self.drivers)
        for driver in drivers:
            driver.stop("server")
        await asyncio.gather(*(driver.wait() for driver in drivers))
