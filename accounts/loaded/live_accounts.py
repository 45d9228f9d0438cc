"""This process's accounts, mappings and keys in memory, kept true to the database.

Once a second, in a thread of its own, it writes what the pool noted, reads the revision, and when that is
another reads everything anew. It says that it lives, and which revision it has taken. ``live`` is the one
of the running server; its ``start`` belongs into the event loop that serves requests.
"""

import asyncio
import contextlib
import logging
import time
import uuid
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Final, TypeVar

import msgspec
from django.conf import settings
from django.db import connections
from django.utils import timezone

from accounts.facts import known_models
from accounts.loaded import journal
from accounts.loaded.client_keys import KeyRing
from accounts.loaded.loaded_secrets import LoadedSecrets
from accounts.loaded.loading import load_marks, load_snapshot, load_windows
from accounts.pool.clock import SystemClock
from accounts.pool.pool import Pool
from accounts.pool.pool_settings import PoolSettings, pool_settings
from accounts.processes import heartbeats
from accounts.processes.bus import Bus
from accounts.processes.database_clock import database_now
from accounts.processes.heartbeats import live_process_ids
from accounts.processes.shared_slots import RedisSlots
from accounts.revisions import Revision
from accounts.snapshot import Snapshot

__all__ = ["LiveAccounts", "live", "live_process_ids"]

logger = logging.getLogger(__name__)

POLL_SECONDS: Final = 1.0
BEAT_SECONDS: Final = 3.0
USAGE_SECONDS: Final = 60.0
"""How often the times of last use are written, in one statement."""

CLOCKS_MAY_DIFFER_SECONDS: Final = 2.0

T = TypeVar("T")


class LiveAccounts:
    """The pool, the key ring and the bus of one process, and the task that keeps them up to date."""

    def __init__(self, redis_url: str = "", pool_settings: PoolSettings | None = None) -> None:
        self.process_id = uuid.uuid4().hex
        self._clock = SystemClock()
        self._journal = journal.DatabaseJournal(self._hurry)
        self.bus = Bus(self.process_id, redis_url)
        self._slots = RedisSlots(self.process_id, redis_url, self.bus) if redis_url else None
        self.pool = Pool(self._clock, self.bus, self._journal, pool_settings, self._slots)
        self.secrets = LoadedSecrets()
        self.before_use: Callable[[], Awaitable[None]] | None = None
        """Waited for before new accounts are used: others must not tell their ``secrets``, read by then."""
        self.keys = KeyRing(self._journal.key_used, self._clock.now)
        self._wake = asyncio.Event()
        self._starting: asyncio.Task[None] | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._thread: ThreadPoolExecutor | None = None
        self._snapshot = Snapshot()
        self._live_processes = 1
        self._started_at: datetime = timezone.now()
        self._clock_differs = False
        self._next_beat = 0.0
        self._next_usage = 0.0

    @property
    def is_started(self) -> bool:
        """Whether the first snapshot is loaded and kept up to date."""
        return self._keeping is not None

    def now(self) -> float:
        """What time it is by the clock that all hosts share, in epoch seconds."""
        return self._clock.now()

    def key_last_used(self, key_id: int) -> float:
        """When this process last let a key in (epoch seconds), where that is not written yet; else 0."""
        return self._journal.key_last_used(key_id)

    async def start(self) -> None:
        """Loads everything and begins to keep it up to date; however many callers wait, it happens once.

        Raises what the database raises when it cannot be read; a later call tries again.
        """
        if self._keeping is not None:
            return
        if self._starting is None:
            self._starting = asyncio.create_task(self._start())
            self._starting.add_done_callback(lambda _: setattr(self, "_starting", None))
        await asyncio.shield(self._starting)

    async def _start(self) -> None:
        self._wake = asyncio.Event()
        self._started_at = timezone.now()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="accounts-database")
        try:
            self._agree((await self._in_thread(database_now)).timestamp())
            self._take_over(await self._in_thread(self._load))
            await self._beat()
        except BaseException:
            await self._end_thread()
            raise
        await self.bus.start()
        if self._slots is not None:
            await self._slots.start()
            self._slots.when_changed(self._reshare)
            self._reshare()
        self._keeping = asyncio.create_task(self._keep_up(), name="accounts-keep-up")

    async def stop(self) -> None:
        """Writes what is still noted, says goodbye, and ends the task, the thread and the bus."""
        keeping, self._keeping = self._keeping, None
        if keeping is None:
            return
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)
        if self._slots is not None:
            await self._slots.stop()
        await self.bus.stop()
        try:
            last = self._journal.take(with_usage=True)
            if not (await self._in_thread(lambda: journal.write_what_can_be(last))).is_empty:
                logger.error("What the accounts had noted could not be written at the end")
            await self._in_thread(lambda: heartbeats.leave(self.process_id))
        except Exception:
            logger.exception("What the accounts had noted could not be written at the end")
        await self._end_thread()

    async def _keep_up(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(POLL_SECONDS):  # Python 3.11's wait_for can swallow a cancellation
                    await self._wake.wait()
            self._wake.clear()
            try:
                await self._tick()
            except Exception as error:
                logger.error("The accounts could not be brought up to date: %s", error)
                await self._in_thread(connections.close_all)

    async def _tick(self) -> None:
        now = self._clock.now()
        with_usage = now >= self._next_usage
        if with_usage:
            self._next_usage = now + USAGE_SECONDS
        batch = self._journal.take(with_usage=with_usage)
        left = batch
        try:
            left = await self._in_thread(lambda: journal.write_what_can_be(batch))
        finally:
            self._journal.put_back(left)
        newer = await self._in_thread(self._newer)  # also where nothing could be written
        if newer is not None:
            if self.before_use is not None:
                await self.before_use()
            self._take_over(newer)
        if newer is not None or now >= self._next_beat:
            await self._beat()

    async def _beat(self) -> None:
        self._next_beat = self._clock.now() + BEAT_SECONDS
        revision = self._snapshot.revision
        alive, now = await self._in_thread(lambda: _beat(self.process_id, self._started_at, revision))
        self._agree(now.timestamp())
        if alive != self._live_processes:
            self._live_processes = alive
            self._take_over(self._snapshot)

    def _load(self) -> Snapshot:
        snapshot = load_snapshot()
        self.secrets.read(snapshot.accounts)
        return snapshot

    def _newer(self) -> Snapshot | None:
        """A snapshot when something is not as it is known."""
        known = self._snapshot
        revision, marks_revision = Revision.both()
        if revision != known.revision:
            return self._load()
        if marks_revision != known.marks_revision:  # how others hear of marks while Redis is away
            return msgspec.structs.replace(
                known, marks=load_marks(), windows=load_windows(), marks_revision=marks_revision
            )
        return None

    def _take_over(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.pool.load(snapshot, self._live_processes)
        known_models.believe(self.pool.roster.table)
        self.keys.load(snapshot.keys)

    def _agree(self, shared_now: float) -> None:
        """Takes the database's time for its own; says once when this host's clock tells another."""
        self._clock.agree(shared_now)
        ahead = time.time() - shared_now
        differs = abs(ahead) > CLOCKS_MAY_DIFFER_SECONDS
        if differs and not self._clock_differs:
            logger.warning(
                "This host's clock is %.1f s %s the database's: the times of its rows and log lines are off",
                abs(ahead),
                "ahead of" if ahead > 0 else "behind",
            )
        self._clock_differs = differs

    def _reshare(self) -> None:
        self.pool.load(self._snapshot, self._live_processes)

    def _hurry(self) -> None:
        self._wake.set()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _end_thread(self) -> None:
        await self._in_thread(connections.close_all)
        if self._thread is not None:
            self._thread.shutdown(wait=False)
            self._thread = None


def _beat(process_id: str, started_at: datetime, revision: int) -> tuple[int, datetime]:
    return heartbeats.beat(process_id, started_at, revision), database_now()


live = LiveAccounts(settings.REDIS_URL, pool_settings(settings.ENVIRONMENT))
