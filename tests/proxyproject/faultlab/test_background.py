"""A run beside the server: one at a time, seen by every process, cancelled by any, its report kept."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import call_command

from proxyproject.faultlab import background
from proxyproject.faultlab.background import AlreadyRunning, BackgroundLab
from proxyproject.faultlab.report import RunProgress, write
from proxyproject.faultlab.selection import Selection

SMALL = Selection(("anthropic",), ("anthropic",), ("cut@0",))


def eventually(found: Callable[[], bool]) -> None:
    """Wait until it is so."""
    ends_at = time.monotonic() + 60
    while not found():
        assert time.monotonic() < ends_at
        time.sleep(0.05)


def state(lab: BackgroundLab) -> str:
    progress = lab.progress()
    return progress.state if progress else ""


@pytest.mark.outside
def test_a_run_is_seen_and_cancelled_by_another_process(tmp_path: Path) -> None:
    """Two objects as two server processes have them: the second sees the run, cannot start one, ends it."""
    mine, sibling = BackgroundLab(tmp_path), BackgroundLab(tmp_path)
    assert mine.progress() is None
    sibling.cancel()
    mine.start(Selection(), "ada")
    assert sibling.is_running()
    for lab in (mine, sibling):
        with pytest.raises(AlreadyRunning):
            lab.start(SMALL, "bob")
    progress = sibling.progress()
    assert progress is not None
    assert (progress.state, progress.by, progress.selection) == ("running", "ada", Selection())
    sibling.cancel()
    eventually(lambda: not mine.is_running())
    assert state(mine) == state(sibling) == "cancelled"
    assert mine.report() is None


@pytest.mark.outside
def test_a_run_that_dies_says_why(tmp_path: Path) -> None:
    """A command that refuses its arguments is no run that goes on for ever."""
    lab = BackgroundLab(tmp_path)
    lab.start(Selection(faults=("nothing",)), "ada")
    eventually(lambda: not lab.is_running())
    progress = lab.progress()
    assert progress is not None
    assert progress.state == "failed"
    assert "No row of the contract is about nothing" in progress.error


@pytest.mark.outside
def test_the_end_of_the_server_ends_its_run(tmp_path: Path) -> None:
    """``end`` waits until it is over."""
    lab = BackgroundLab(tmp_path)
    lab.start(Selection(), "ada")
    lab.end()
    assert not lab.is_running()


@pytest.mark.outside
def test_the_command_keeps_a_report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every case with what was expected, received and on the wire; the version; who had it run."""
    monkeypatch.setattr("os.nice", lambda _: 0)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    write(tmp_path / background.PROGRESS, RunProgress("running", time.time(), "ada", SMALL))
    arguments = {"dialect": ["anthropic"], "upstream": ["anthropic"], "fault": ["cut@0"]}
    call_command("faultlab", report=tmp_path, **arguments)
    report, progress = BackgroundLab(tmp_path).report(), BackgroundLab(tmp_path).progress()
    assert report is not None
    assert progress is not None
    assert (progress.state, progress.done, progress.total, progress.by) == ("done", 4, 4, "ada")
    assert (report.by, report.different, len(report.cases)) == ("ada", 0, 4)
    streamed = report.cases[0]
    assert streamed.received.attempts == streamed.expected.attempts == 2
    assert streamed.asked.startswith("POST /v1/messages\n")
    assert streamed.wire.startswith("HTTP/1.1 200\n")
    assert "event: message_stop" in streamed.wire
    assert streamed.wire_bytes > 0


def test_a_report_of_another_version_is_none(tmp_path: Path) -> None:
    """What cannot be read is not shown; a new run replaces it."""
    (tmp_path / "report.json").write_text('{"version": "0.0.1"}')
    (tmp_path / "progress.json").write_text("{")
    lab = BackgroundLab(tmp_path)
    assert lab.report() is None
    assert lab.progress() is None
