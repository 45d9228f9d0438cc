"""The feed of the live page: each process tells what it stored, in batches, to whoever has the page open.

Rows come from the writer, after their commit, so nothing is shown that the database does not have: a page
that missed something catches up from there. A batch has the process's id and a sequence number; the layer
drops messages in silence when a reader is slow, and by the number the page sees it.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Sequence

import msgspec
from channels.layers import get_channel_layer

from monitor.admin_text import account_label
from monitor.live_window import Batch, Window
from monitor.record_queue import RowRecord

logger = logging.getLogger(__name__)

GROUP = "monitor.live"
BATCH_SECONDS = 0.2
HEARTBEAT_SECONDS = 2.0
"""How often an idle process says that it lives, and how much it has in flight."""


class LiveFeed:
    """What one process tells the live pages of all processes."""

    def __init__(self) -> None:
        self._window = Window(account_label)
        self._lock = threading.Lock()
        self._process_id = ""
        self._sequence = 0
        self._is_failing = False
        self._next_heartbeat = 0.0
        self._publishing: asyncio.Task[None] | None = None

    def committed(self, rows: Sequence[RowRecord]) -> None:
        """Take rows that were stored; the writer calls this in its own thread."""
        with self._lock:
            self._window.add(rows)

    def start(self, process_id: str) -> None:
        """Publish from now on, in the running event loop."""
        self._process_id = process_id
        if self._publishing is None:
            self._publishing = asyncio.create_task(self._publish_for_ever(), name="live-feed")

    async def stop(self) -> None:
        """Publish nothing more."""
        publishing, self._publishing = self._publishing, None
        if publishing is not None:
            publishing.cancel()
            await asyncio.gather(publishing, return_exceptions=True)

    async def publish(self, now: float) -> None:
        """Tell the pages what has come together; a heartbeat when nothing has and one is due."""
        with self._lock:
            batch = self._window.take()
            if batch is None and now >= self._next_heartbeat:
                batch = self._window.idle_batch()
        if batch is not None:
            self._next_heartbeat = now + HEARTBEAT_SECONDS
            await self._send(batch, now)

    async def _publish_for_ever(self) -> None:
        while True:
            await asyncio.sleep(BATCH_SECONDS)
            await self.publish(time.time())

    async def _send(self, batch: Batch, now: float) -> None:
        self._sequence += 1
        message = {
            "type": "live.batch",
            "process": self._process_id,
            "sequence": self._sequence,
            "now": now,
            **msgspec.structs.asdict(batch),
        }
        try:
            await get_channel_layer().group_send(GROUP, message)
        except Exception as error:  # Redis is away: the pages see the gap and catch up from the database
            if not self._is_failing:
                logger.warning("The live page could not be told: %s", type(error).__name__)
            self._is_failing = True
        else:
            self._is_failing = False


live_feed = LiveFeed()
"""The feed of this process."""
