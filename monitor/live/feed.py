"""The feed of the live page: each process tells what it stored, in batches, to whoever has the page open.

Rows come from the writer, after their commit, so nothing is shown that the database does not have: a page
that missed something catches up from there. A batch has the process's id and a sequence number; the layer
drops messages in silence when a reader is slow, and by the number the page sees it.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence

import msgspec
from channels.layers import get_channel_layer

from monitor.live.window import LiveBatch, LiveWindow, progress_of
from monitor.store.queue import RowRecord
from monitor.words.account_label import account_label

logger = logging.getLogger(__name__)

GROUP = "monitor.live.feed"
BATCH_SECONDS = 0.2
PROGRESS_SECONDS = 1.0
"""How often it is looked up how far the answers in flight are."""
HEARTBEAT_SECONDS = 2.0
"""How often an idle process says that it lives, and how much it has in flight."""


ProgressOf = Callable[[Sequence[str]], Iterable[tuple[str, int, bool]]]
"""Gives for request ids: the id, output tokens so far, and whether that is an estimate."""


class LiveFeed:
    """What one process tells the live pages of all processes."""

    def __init__(self) -> None:
        self._window = LiveWindow(account_label)
        self._lock = threading.Lock()
        self._process_id = ""
        self._sequence = 0
        self._is_failing = False
        self._next_heartbeat = 0.0
        self._next_progress = 0.0
        self._progress: ProgressOf | None = None
        self._told: dict[str, tuple[int, bool]] = {}
        self._publishing: asyncio.Task[None] | None = None

    def committed(self, rows: Sequence[RowRecord]) -> None:
        """Take rows that were stored; the writer calls this in its own thread."""
        with self._lock:
            self._window.add(rows)

    def ask_progress_of(self, progress: ProgressOf) -> None:
        """From now on ask ``progress``, in the event loop, how far the answers in flight are."""
        self._progress = progress

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
        self._look_up_progress(now)
        with self._lock:
            batch = self._window.take()
            if batch is None and now >= self._next_heartbeat:
                batch = self._window.idle_batch()
        if batch is not None:
            self._next_heartbeat = now + HEARTBEAT_SECONDS
            await self._send(batch, now)

    def _look_up_progress(self, now: float) -> None:
        """Once a second; only what has grown since is told."""
        if self._progress is None or now < self._next_progress:
            return
        self._next_progress = now + PROGRESS_SECONDS
        with self._lock:
            ids = self._window.growing()
        found = {request_id: (tokens, guess) for request_id, tokens, guess in self._progress(ids)}
        told, self._told = self._told, found
        rows = [progress_of(key, *value) for key, value in found.items() if told.get(key) != value]
        with self._lock:
            self._window.add_progress(rows)

    async def _publish_for_ever(self) -> None:
        # A library that waits can swallow a cancellation (Python 3.11's wait_for): so the flag counts too.
        while self._publishing is not None:
            await asyncio.sleep(BATCH_SECONDS)
            await self.publish(time.time())

    async def _send(self, batch: LiveBatch, now: float) -> None:
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
