"""Rows that a dead process left in flight are closed; nobody else's are."""

import logging
import threading
from collections.abc import Callable

import pytest
from django.db import OperationalError

from monitor.models import RequestLog
from monitor.partitions.making import LOOKING_SECONDS
from monitor.record.records import Outcome, Phase, RequestRecord
from monitor.retention import housekeeping
from monitor.retention.housekeeping import Housekeeper
from monitor.retention.orphans import YOUNG_SECONDS, close_orphans
from monitor.retention.pruner import Limits
from monitor.retention.turn import HousekeepingTurn
from monitor.store.writer import RecordWriter

NOW = 1_700_000_000.0
NewRecord = Callable[..., RequestRecord]
KEEP_ALL = Limits(0, 0)


def test_rows_of_a_dead_process_are_closed_as_interrupted(
    writer: RecordWriter, request_record: NewRecord
) -> None:
    """A row in flight whose process has no heartbeat ends: interrupted, by the proxy, in its last phase."""
    record = request_record(started_at=NOW - 100, process_id="dead", ended_in=Phase.TEXT)
    early = request_record(started_at=NOW - 90, process_id="dead")
    writer.submit(record)
    writer.submit(early)
    assert writer.flush(10)
    assert len(close_orphans({"alive"}, NOW)) == 2
    row = RequestLog.objects.get(id=record.id)
    assert (row.in_flight, row.outcome, row.ended_by, row.ended_in) == (False, "interrupted", "proxy", "text")
    assert row.error
    assert row.is_failure
    assert RequestLog.objects.get(id=early.id).ended_in == "admission"
    assert len(close_orphans({"alive"}, NOW)) == 0


def test_rows_of_the_living_stay_open(writer: RecordWriter, request_record: NewRecord) -> None:
    """A sibling's rows in flight are left alone, however old they are."""
    writer.submit(request_record(started_at=NOW - 4000, process_id="sibling"))
    assert writer.flush(10)
    assert len(close_orphans({"me", "sibling"}, NOW)) == 0
    assert RequestLog.objects.get().in_flight


def test_rows_of_a_process_that_has_just_begun_stay_open(
    writer: RecordWriter, request_record: NewRecord
) -> None:
    """Before its first heartbeat a process is not known to be alive; its rows are young."""
    writer.submit(request_record(started_at=NOW - YOUNG_SECONDS + 1, process_id="new"))
    assert writer.flush(10)
    assert len(close_orphans(set(), NOW)) == 0
    assert len(close_orphans(set(), NOW + 2)) == 1


def test_rows_of_the_certainly_dead_are_closed_at_once(
    writer: RecordWriter, request_record: NewRecord
) -> None:
    """However young they are; the dead are forgotten then, and nobody else's rows are touched."""
    for process_id, age in (("dead", 0), ("sibling", 1)):
        writer.submit(request_record(started_at=NOW - age, process_id=process_id))
    assert writer.flush(10)
    forgotten: list[set[str]] = []
    housekeeper = Housekeeper(lambda: {"sibling"}, KEEP_ALL, lambda: {"dead"}, forgotten.append)
    housekeeper.tick(NOW)
    assert RequestLog.objects.get(process_id="dead").outcome == "interrupted"
    assert RequestLog.objects.get(process_id="sibling").in_flight
    assert forgotten == [{"dead"}]


def test_the_use_of_all_that_are_gone_is_told(writer: RecordWriter, request_record: NewRecord) -> None:
    """Of the certainly dead, and of those without a heartbeat: on another host nobody sees the end."""
    dead = request_record(started_at=NOW - 100, process_id="dead")
    slow = request_record(started_at=NOW - 90, process_id="of another host")
    writer.submit(dead)
    writer.submit(slow)
    assert writer.flush(10)
    told: list[str] = []
    housekeeper = Housekeeper(lambda: {"me"}, KEEP_ALL, lambda: ("dead",))
    housekeeper.on_closed(lambda rows: told.extend(row.id for row in rows))
    housekeeper.tick(NOW)
    assert not RequestLog.objects.filter(in_flight=True).exists()
    assert told == [dead.id, slow.id]


def test_rows_that_have_ended_are_not_touched(writer: RecordWriter, request_record: NewRecord) -> None:
    """A finished exchange of a dead process stays as it ended."""
    writer.submit(
        request_record(started_at=NOW - 100, process_id="dead", in_flight=False, outcome=Outcome.OK)
    )
    assert writer.flush(10)
    assert len(close_orphans(set(), NOW)) == 0
    assert RequestLog.objects.get().outcome == "ok"


def test_a_process_that_was_only_slow_repairs_its_row(
    writer: RecordWriter, request_record: NewRecord
) -> None:
    """A row closed too early gets its true end from the process that serves it."""
    record = request_record(started_at=NOW - 100, process_id="slow")
    writer.submit(record)
    assert writer.flush(10)
    close_orphans(set(), NOW)
    writer.submit(request_record(started_at=NOW - 100, in_flight=False, outcome=Outcome.OK, id=record.id))
    assert writer.flush(10)
    row = RequestLog.objects.get()
    assert (row.outcome, row.error, row.ended_by) == ("ok", None, None)


def test_the_housekeeper_closes_and_prunes_by_itself(writer: RecordWriter, request_record: NewRecord) -> None:
    """Started, it does both at once, in its own thread; stopped, the thread ends."""
    writer.submit(request_record(started_at=NOW - 100, process_id="dead"))
    writer.submit(request_record(started_at=1.0, process_id="dead"))
    assert writer.flush(10)
    asked = threading.Semaphore(0)

    def live() -> set[str]:
        asked.release()
        return {"alive"}

    housekeeper = Housekeeper(live, KEEP_ALL)
    housekeeper.start()
    housekeeper.start()
    assert asked.acquire(timeout=10)
    housekeeper.stop(10)
    assert set(RequestLog.objects.values_list("outcome", flat=True)) == {"interrupted"}
    assert not asked.acquire(blocking=False), "a second start has made a second thread"


def test_old_history_goes_once_an_hour(writer: RecordWriter, request_record: NewRecord) -> None:
    """The first tick removes what is too old, the next ones not before an hour has passed."""
    housekeeper = Housekeeper(set, Limits(days=1, size_bytes=0))
    for at, left in ((NOW, 0), (NOW + 3599, 1), (NOW + 3600, 0)):
        writer.submit(request_record(started_at=at - 90_000))
        assert writer.flush(10)
        housekeeper.tick(at)
        assert RequestLog.objects.count() == left


def test_what_fails_keeps_no_other_work_from_being_done(
    writer: RecordWriter,
    request_record: NewRecord,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Partitions that cannot be made are tried again a minute later; each other step is done meanwhile."""
    made: list[float] = []
    done: list[str] = []

    def make_ahead(now: float, days: float, may_make: Callable[[], bool]) -> int:
        made.append(now)
        raise OperationalError("canceling statement due to lock timeout")

    def fails(now: float) -> int:
        done.append("others")
        raise RuntimeError("bug")

    monkeypatch.setattr(housekeeping, "make_ahead", make_ahead)
    monkeypatch.setattr(housekeeping.index, "add_older", lambda _: done.append("index") or 0)
    monkeypatch.setattr(
        housekeeping, "bring_up_to_date", lambda _, with_checks: done.append("statistics") or []
    )
    writer.submit(request_record(started_at=NOW - 90_000))
    assert writer.flush(10)
    housekeeper = Housekeeper(set, Limits(days=1, size_bytes=0), prunes=[fails])
    for after in (0, 5, 59, 60, 65):
        housekeeper.tick(NOW + after)
    assert not RequestLog.objects.exists()
    assert made == [NOW, NOW + 60]
    assert done[:3] == ["others", "index", "statistics"]
    assert done.count("index") == 5
    assert caplog.text.count("make_partitions") == 2


class OneTurn(HousekeepingTurn):
    """A turn that is ours until it is lost."""

    def __init__(self) -> None:
        self.is_lost = False
        self.told: list[float] = []

    def is_ours(self, work_seconds: float = 0.0) -> bool:
        self.told.append(work_seconds)
        return not self.is_lost


@pytest.mark.django_db
def test_the_turn_is_told_how_long_a_partition_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before each is made; who loses the turn makes no other, and sees to the rest a minute after."""
    turn = OneTurn()
    asked: list[bool] = []

    def make_ahead(now: float, days: float, may_make: Callable[[], bool]) -> int:
        asked.append(may_make())
        assert turn.told[-1] == LOOKING_SECONDS
        turn.is_lost = True
        asked.append(may_make())
        return 1

    monkeypatch.setattr(housekeeping, "make_ahead", make_ahead)
    housekeeper = Housekeeper(set, KEEP_ALL, turn=turn)
    for after in (0, 59, 60):
        turn.is_lost = False
        housekeeper.tick(NOW + after)
    assert asked == [True, False] * 2


@pytest.mark.parametrize("reason", ["an error", "another has it", "the end"])
@pytest.mark.django_db
def test_who_loses_the_turn_in_a_step_does_none_of_the_others(
    monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    """By an error, which takes the connection and its lock, by a long removal, or when the process ends."""
    turn = OneTurn()
    done: list[str] = []

    def prune(now: float) -> int:
        done.append("pruned")
        if reason == "the end":
            housekeeper.stop(0)
            return 1
        turn.is_lost = True
        if reason == "an error":
            raise OperationalError("server closed the connection unexpectedly")
        return 1

    monkeypatch.setattr(housekeeping, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(housekeeping, "TICK_SECONDS", 0)
    monkeypatch.setattr(housekeeping.index, "add_older", lambda _: done.append("index") or 0)
    monkeypatch.setattr(
        housekeeping, "bring_up_to_date", lambda _, with_checks: done.append("statistics") or []
    )
    housekeeper = Housekeeper(set, KEEP_ALL, prunes=[prune], turn=turn)
    housekeeper.tick(NOW)
    assert done == ["pruned"]


@pytest.mark.parametrize("error", [OperationalError("locked"), RuntimeError("bug")])
def test_a_failure_is_logged_and_tried_again(
    error: Exception, store: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread survives whatever the store or the heartbeats do."""
    monkeypatch.setattr("monitor.retention.housekeeping.TICK_SECONDS", 0.01)
    asked = threading.Semaphore(0)

    def live() -> set[str]:
        asked.release()
        raise error

    housekeeper = Housekeeper(live, KEEP_ALL)
    with caplog.at_level(logging.WARNING, "monitor.retention.housekeeping"):
        housekeeper.start()
        assert asked.acquire(timeout=10)
        assert asked.acquire(timeout=10)
        housekeeper.stop(10)
    assert "tried again" in caplog.text


def test_what_others_keep_is_pruned_to_the_end_from_time_to_time(store: str) -> None:
    """Each is called until nothing is left, at most every five minutes."""
    left = [500, 20, 0, 0]
    housekeeper = Housekeeper(set, KEEP_ALL, prunes=[lambda now: left.pop(0)])
    housekeeper.tick(NOW)
    assert left == [0]
    housekeeper.tick(NOW + 299)
    assert left == [0]
    housekeeper.tick(NOW + 300)
    assert left == []


@pytest.mark.django_db
def test_open_rows_do_not_wait_for_a_long_removal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two of its batches the rows of processes that are gone are closed, when it is time."""
    monkeypatch.setattr(housekeeping, "PAUSE_SECONDS", 0)
    monkeypatch.setattr(housekeeping, "TICK_SECONDS", 0)
    done: list[str] = []

    def alive() -> set[str]:
        done.append("alive")
        return {"me"}

    def dead() -> tuple[str, ...]:
        done.append("dead")
        return ()

    def prune(now: float) -> int:
        done.append("pruned")
        return 1 if done.count("pruned") < 3 else 0

    Housekeeper(alive, KEEP_ALL, dead, prunes=[prune]).tick(NOW)
    first = done.index("pruned")
    assert done[:first] == ["dead", "alive"]
    assert done[first : first + 7] == ["pruned", "dead", "alive", "pruned", "dead", "alive", "pruned"]
