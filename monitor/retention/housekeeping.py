"""What has to be done from time to time: close the rows that dead processes left, remove old history.

One process does it for all (``turn``); each looks only for the dead of its own data directory, which nobody
on another host could see.

Who lives is not known here. The caller names the processes that are certainly dead, whose rows are closed at
once, and those that are known to be alive (a heartbeat within the last 15 s): of all others the rows are
closed when they are old enough. So a process that starts never closes a sibling's rows.
"""

import logging
import threading
import time
from collections.abc import Callable, Collection, Sequence

from django.db import Error, connection

from monitor.partitions.making import LOOKING_SECONDS, make_ahead
from monitor.record.records import RequestRecord
from monitor.retention import pruner
from monitor.retention.orphans import close_orphans, close_rows_of_dead
from monitor.retention.pruner import Limits
from monitor.retention.turn import HousekeepingTurn
from monitor.search import index
from monitor.statistics.due import bring_up_to_date
from monitor.statistics.shares import HOUR_SECONDS

logger = logging.getLogger(__name__)

TICK_SECONDS = 5.0
PRUNE_SECONDS = 3600.0
MAKING_AGAIN_SECONDS = 60.0
"""After partitions could not be made: each try makes others wait for a second."""
PRUNES_SECONDS = 300.0
STATISTICS_SECONDS = 60.0
STATISTICS_SHARE = 20
"""Statistics are worked out in at most one part in so many of the time, however many exchanges there are."""
INDEXING_SECONDS = 1.0
"""For so long of each tick old exchanges are added to the search index, until it has them all."""
INDEXED_AT_ONCE = 200
PAUSE_SECONDS = 0.02
"""Between two batches of a removal, so that the writer gets its turn."""


OnClosed = Callable[[Sequence[RequestRecord]], object]


def _nobody(rows: Sequence[RequestRecord]) -> None:
    """Nobody is told."""


class Housekeeper:
    """Does it by itself, in a thread: orphans every 5 s, old history once an hour."""

    def __init__(
        self,
        live_process_ids: Callable[[], Collection[str]],
        limits: Limits,
        dead_process_ids: Callable[[], Collection[str]] = tuple,
        forget: Callable[[Collection[str]], None] = lambda _: None,
        prunes: Collection[Callable[[float], int]] = (),
        turn: HousekeepingTurn | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """The callables are called in the thread and may ask the database.

        ``forget`` is told of the dead processes whose rows are closed now. Each of ``prunes`` removes some of
        what others keep and is of no use any more now; it says how much that was, and is called until 0.
        Without ``turn`` this process does it whatever others do. ``now`` is in epoch seconds.
        """
        self._live_process_ids = live_process_ids
        self._dead_process_ids = dead_process_ids
        self._forget = forget
        self._limits = limits
        self._prunes = prunes
        self._turn = turn
        self._told: OnClosed = _nobody
        self._now = now
        self._next_prunes = 0.0
        self._next_making = 0.0
        self._next_pruning = 0.0
        self._next_statistics = 0.0
        self._checked_in: int | None = None
        self._orphans_closed_at = 0.0
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def on_closed(self, callback: OnClosed) -> None:
        """From now on ``callback`` is told, in the thread, of rows of the dead that were closed and booked.

        Also of those whose process may only be slow: it opens them again, and tells their use at their end.
        """
        self._told = callback

    def start(self) -> None:
        """Start the thread. While it runs, a further call changes nothing."""
        if self._thread is None or not self._thread.is_alive():
            self._end.clear()
            self._thread = threading.Thread(target=self._run, name="housekeeper", daemon=True)
            self._thread.start()

    def stop(self, timeout_seconds: float) -> None:
        """End the thread after the batch that it is at; the next start goes on with the rest."""
        self._end.set()
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def tick(self, now: float) -> None:
        """Do what is due at ``now`` (seconds since the epoch)."""
        self._close_rows_of_dead()
        self._keep_house(now)

    def _close_rows_of_dead(self) -> None:
        if dead := self._dead_process_ids():
            if closed := close_rows_of_dead(dead):
                many = len(closed), len(dead)
                logger.warning("Closed %d rows in flight of %d processes that have died", *many)
                self._told(closed)
            self._forget(dead)

    def _close_orphans(self, now: float) -> None:
        self._orphans_closed_at = time.monotonic()
        if closed := close_orphans(self._live_process_ids(), now):
            logger.warning("Closed %d rows in flight of processes that are gone", len(closed))
            self._told(closed)

    def _must_stop(self) -> bool:
        """A pause between two batches; neither open rows nor the turn wait until there is none left."""
        if self._end.wait(PAUSE_SECONDS):
            return True
        if time.monotonic() - self._orphans_closed_at >= TICK_SECONDS:
            self._close_rows_of_dead()
            self._close_orphans(self._now())
            return not self._has_turn()
        return False

    def _has_turn(self, work_seconds: float = 0.0) -> bool:
        is_ours = self._turn is None or self._turn.is_ours(work_seconds)
        if not is_ours:  # what another has counted meanwhile is looked at anew
            self._checked_in = None
        return is_ours

    def _keep_house(self, now: float) -> None:
        """One step after another; a step may cost the turn, by a broken connection or by its length."""
        for step in (
            self._close_orphans,
            self._make_partitions,
            self._prune,
            self._prune_others,
            self._fill_search_index,
            self._fill_statistics,
        ):
            if self._end.is_set() or not self._has_turn():
                return
            _by_itself(step, now)

    def _make_partitions(self, now: float) -> None:
        if now >= self._next_making:
            self._next_making = now + MAKING_AGAIN_SECONDS
            make_ahead(now, self._limits.days, self._may_make)
            if self._has_turn():
                self._next_making = now + PRUNE_SECONDS

    def _may_make(self) -> bool:
        return not self._end.is_set() and self._has_turn(LOOKING_SECONDS)

    def _prune_others(self, now: float) -> None:
        if now < self._next_prunes:
            return
        self._next_prunes = now + PRUNES_SECONDS
        for prune in self._prunes:
            while prune(now):
                if self._must_stop():
                    return

    def _fill_search_index(self, _: float) -> None:
        ends_at = time.monotonic() + INDEXING_SECONDS
        while index.add_older(INDEXED_AT_ONCE) == INDEXED_AT_ONCE and time.monotonic() < ends_at:
            if self._must_stop():
                return

    def _fill_statistics(self, now: float) -> None:
        if now < self._next_statistics:
            return
        began = time.monotonic()
        hour = int(now // HOUR_SECONDS)
        for _ in bring_up_to_date(now, with_checks=hour != self._checked_in):
            if self._must_stop():
                return
        self._checked_in = hour
        took = time.monotonic() - began
        self._next_statistics = now + max(STATISTICS_SECONDS, STATISTICS_SHARE * took)

    def _prune(self, now: float) -> None:
        if now < self._next_pruning:
            return
        self._next_pruning = now + PRUNE_SECONDS
        pruning = pruner.planned(self._limits, now, by_partitions=True)
        for _ in pruner.prune(pruning):
            if self._must_stop():
                return
        if pruning.requests or pruning.bodies:
            logger.info(
                "Removed %d requests and %d bodies by age and size (about %d MB)",
                pruning.requests,
                pruning.bodies,
                pruning.freed_bytes // 1_000_000,
            )

    def _run(self) -> None:
        while True:
            _by_itself(self.tick, self._now())
            if self._end.wait(TICK_SECONDS):
                if self._turn is not None:
                    self._turn.give_up()
                connection.close()
                return


def _by_itself(step: Callable[[float], object], now: float) -> None:
    """Do it at ``now``; a failure is logged, and keeps nothing else from being done."""
    name = step.__name__.strip("_")
    try:
        step(now)
    except Error as error:
        logger.warning("Housekeeping (%s) failed and is tried again: %s", name, type(error).__name__)
        connection.close()
    except Exception:
        logger.exception("Housekeeping (%s) failed and is tried again", name)
