"""History is kept by age and by size, and what goes goes in small batches, oldest first."""

import time
from collections.abc import Callable
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from monitor.models import AttemptLog, Body, RequestLog
from monitor.record.records import AttemptRecord, BodyKind, BodyRecord, RequestRecord
from monitor.retention import pruner
from monitor.retention.pruner import ROW_BYTES, Limits, planned, prune
from monitor.store.writer import RecordWriter

DAY = 86_400.0
NOW = 1_700_000_000.0
FOREVER = 0

NewRecord = Callable[..., RequestRecord]


@pytest.fixture
def history(writer: RecordWriter, request_record: NewRecord) -> list[str]:
    """Ten exchanges, a day apart, the last of them just now; each with an attempt and two bodies."""
    ids = []
    for days in range(9, -1, -1):
        record = request_record(started_at=NOW - days * DAY)
        ids.append(record.id)
        writer.submit(record)
        writer.submit(
            AttemptRecord(
                request_id=record.id,
                number=1,
                account="a",
                account_kind="gemini",
                upstream_model="g",
                started_offset_ms=0,
            )
        )
        for kind in (BodyKind.CLIENT_REQUEST, BodyKind.RESPONSE):
            writer.submit(BodyRecord(request_id=record.id, kind=kind, content=bytes(days)))
    assert writer.flush(20)
    return ids


def kept() -> tuple[list[str], list[str]]:
    """Ids of the requests that are there, and of those with both bodies."""
    with_bodies = Body.objects.filter(kind="response").order_by("request_id")
    assert set(AttemptLog.objects.values_list("request_id", flat=True)) == set(
        RequestLog.objects.values_list("id", flat=True)
    )
    return (
        list(RequestLog.objects.order_by("id").values_list("id", flat=True)),
        list(with_bodies.values_list("request_id", flat=True)),
    )


def test_what_is_too_old_goes_whole(history: list[str]) -> None:
    """Beyond the age a request goes with its attempts and bodies; younger ones stay whole."""
    pruning = planned(Limits(days=3.5, size_bytes=FOREVER), NOW)
    assert (pruning.requests, pruning.bodies) == (6, 12)
    assert sum(prune(pruning)) == 6 + 6 + 12
    assert kept() == (history[6:], history[6:])
    assert planned(Limits(days=3.5, size_bytes=FOREVER), NOW).freed_bytes == 0


def test_without_limits_everything_stays(history: list[str]) -> None:
    """A limit of 0 is none."""
    pruning = planned(Limits(days=FOREVER, size_bytes=FOREVER), NOW)
    assert (pruning.requests, pruning.bodies, pruning.freed_bytes) == (0, 0, 0)
    assert pruning.kept_bytes > 10 * ROW_BYTES
    assert list(prune(pruning)) == []
    assert kept() == (history, history)


def test_by_size_the_oldest_bodies_go_and_the_rows_stay(history: list[str]) -> None:
    """When the history takes too much, bodies are removed from the oldest on, no more than needed."""
    everything = planned(Limits(FOREVER, FOREVER), NOW).kept_bytes
    of_one = list(Body.objects.filter(request_id=history[0]).values_list("stored_bytes", flat=True))
    limits = Limits(days=FOREVER, size_bytes=everything - sum(of_one) - 1)
    pruning = planned(limits, NOW)
    assert (pruning.requests, pruning.bodies) == (0, 4)
    list(prune(pruning))
    assert kept() == (history, history[2:])
    after = planned(limits, NOW)
    assert (after.bodies, after.freed_bytes) == (0, 0)
    assert after.kept_bytes <= limits.size_bytes


def test_rows_go_for_their_size_when_no_bodies_are_left(history: list[str]) -> None:
    """Even without bodies the history keeps to its size: then the oldest rows go."""
    limits = Limits(days=FOREVER, size_bytes=3 * ROW_BYTES + 1)
    pruning = planned(limits, NOW)
    list(prune(pruning))
    assert kept() == (history[7:], [])
    assert planned(limits, NOW).kept_bytes <= limits.size_bytes


def test_age_and_size_work_together(history: list[str]) -> None:
    """What is too old goes whole, and of the rest the bodies that are too much."""
    of_young = list(Body.objects.filter(request_id__in=history[5:]).values_list("stored_bytes", flat=True))
    limits = Limits(days=4.5, size_bytes=sum(of_young) + 5 * ROW_BYTES - 1)
    list(prune(planned(limits, NOW)))
    assert kept() == (history[5:], history[6:])


def test_a_removal_goes_in_batches_and_can_be_broken_off(
    history: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each batch is small; who stops in between leaves rows that the next removal finds."""
    monkeypatch.setattr(pruner, "BODIES_AT_ONCE", 3)
    monkeypatch.setattr(pruner, "ROWS_AT_ONCE", 4)
    limits = Limits(days=0.5, size_bytes=FOREVER)
    first = prune(planned(limits, NOW))
    assert next(first) == 3
    first.close()
    assert Body.objects.count() == 17
    assert RequestLog.objects.count() == 10
    assert max(prune(planned(limits, NOW))) <= 4
    assert kept() == (history[9:], history[9:])


def test_bodies_whose_row_was_left_out_are_removed_too(history: list[str], writer: RecordWriter) -> None:
    """On overload a body or attempt may have no row; it goes with its age like the others."""
    RequestLog.objects.filter(id=history[0]).delete()
    list(prune(planned(Limits(days=3.5, size_bytes=FOREVER), NOW)))
    assert not Body.objects.filter(request_id=history[0]).exists()
    assert not AttemptLog.objects.filter(request_id=history[0]).exists()


def test_a_dry_run_tells_and_removes_nothing(history: list[str]) -> None:
    """``--dry-run`` shows what would be freed; nothing is gone afterwards."""
    out = StringIO()
    call_command("prune_request_logs", "--dry-run", "--days", "1", "--bytes", "0", stdout=out)
    assert "Would remove 10 requests and 20 bodies" in out.getvalue()
    assert kept() == (history, history)


def test_the_command_removes_by_its_limits(history: list[str]) -> None:
    """Without ``--dry-run`` it is done, and told before it is done."""
    out = StringIO()
    call_command("prune_request_logs", "--days", "0", "--bytes", str(4 * ROW_BYTES + 1), stdout=out)
    assert kept() == (history[6:], [])
    assert "Removing 6 requests and 20 bodies" in out.getvalue()


@pytest.mark.parametrize(
    "limit", [("--days", "-1"), ("--days", "nan"), ("--days", "inf"), ("--days", "1e308"), ("--bytes", "-1")]
)
def test_what_is_no_limit_removes_nothing(history: list[str], limit: tuple[str, str]) -> None:
    """Before a moment that is still to come lies everything: a wrong sign would take the whole history."""
    with pytest.raises(CommandError, match="from 0 on"):
        call_command("prune_request_logs", *limit)
    assert kept() == (history, history)


def test_the_configured_limits_hold_without_options(writer: RecordWriter, request_record: NewRecord) -> None:
    """By default thirty days are kept."""
    now = time.time()
    young, old = request_record(started_at=now - 29 * DAY), request_record(started_at=now - 31 * DAY)
    writer.submit(young)
    writer.submit(old)
    assert writer.flush(20)
    call_command("prune_request_logs", stdout=StringIO())
    assert RequestLog.objects.get().id == young.id
