"""A run of the lab as it is kept: what was expected and received, case by case, as JSON."""

import time
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Literal

import msgspec

from proxyproject.faultlab.contract import Expected
from proxyproject.faultlab.run import CaseResult, shortened
from proxyproject.faultlab.selection import Selection

PROGRESS, REPORT = "progress.json", "report.json"
STEP_SECONDS = 0.25
"""So often at most the progress is written down."""

State = Literal["running", "done", "cancelled", "failed"]


class RunProgress(msgspec.Struct, frozen=True):
    """How far a run has come; ``by`` is who started it, ``error`` why it failed."""

    state: State
    started_at: float
    """Seconds since the epoch, as all moments here."""
    by: str = ""
    selection: Selection = Selection()
    done: int = 0
    total: int = 0
    """0 while the lab's server starts."""
    ended_at: float | None = None
    error: str = ""


class ClientReceived(msgspec.Struct, frozen=True):
    """What a client received, and what the row says of it; ``error`` as the client was told it."""

    ends: str
    status: int
    attempts: int
    outcome: str
    error: str


class Seen(msgspec.Struct, frozen=True):
    """One case. ``wire`` are the answer's status line, headers and bytes as they came, shortened."""

    spec: str
    client: str
    upstream: str
    is_stream: bool
    always: bool
    expected: Expected
    received: ClientReceived
    differences: list[str]
    milliseconds: int
    asked: str
    wire: str
    wire_bytes: int

    @property
    def is_kept(self) -> bool:
        """Whether all was as the contract says."""
        return not self.differences


class Report(msgspec.Struct, frozen=True):
    """The last run that came to its end."""

    version: str
    started_at: float
    seconds: float
    by: str
    selection: Selection
    cases: list[Seen]

    @property
    def milliseconds(self) -> int:
        """How long it took."""
        return round(1000 * self.seconds)

    @property
    def different(self) -> int:
        """How many cases were not as the contract says."""
        return sum(not case.is_kept for case in self.cases)


class Reporter:
    """Writes down how a run gets on, and at its end what came of it."""

    def __init__(self, folder: Path, selection: Selection) -> None:
        """``folder`` may hold the progress that whoever started this has begun."""
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        begun = read_progress(folder / PROGRESS)
        is_ours = begun is not None and begun.state == "running" and begun.selection == selection
        self._progress = begun if begun and is_ours else RunProgress("running", time.time(), "", selection)
        self._next_step = 0.0

    def begin(self, total: int) -> None:
        """So many cases are to come."""
        self._write(total=total)

    def answered(self, _result: CaseResult) -> None:
        """One more is answered."""
        self._progress = msgspec.structs.replace(self._progress, done=self._progress.done + 1)
        if time.monotonic() >= self._next_step:
            self._next_step = time.monotonic() + STEP_SECONDS
            self._write()

    def end(self, results: Sequence[CaseResult]) -> None:
        """All are compared."""
        write(self._folder / REPORT, report_of(results, self._progress))
        self._write(state="done", ended_at=time.time())

    def _write(self, **changes: object) -> None:
        self._progress = msgspec.structs.replace(self._progress, **changes)
        write(self._folder / PROGRESS, self._progress)


def report_of(results: Sequence[CaseResult], progress: RunProgress) -> Report:
    """What came of a run."""
    return Report(
        version("evenkeel"),
        progress.started_at,
        time.time() - progress.started_at,
        progress.by,
        progress.selection,
        [_seen(result) for result in results],
    )


def write(path: Path, value: Report | RunProgress) -> None:
    """Put ``value`` there as a whole: who reads meanwhile finds the old one."""
    draft = path.with_suffix(".draft")
    draft.write_bytes(msgspec.json.encode(value))
    draft.replace(path)


def read_report(path: Path) -> Report | None:
    """The report there; None when there is none, or it is of another version of this program."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Report)
    except (OSError, msgspec.DecodeError):
        return None


def read_progress(path: Path) -> RunProgress | None:
    """As ``read_report``."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=RunProgress)
    except (OSError, msgspec.DecodeError):
        return None


def _seen(result: CaseResult) -> Seen:
    case, answer = result.case, result.answer
    asked = case.request()
    head = f"POST {asked.path}\n{shortened(msgspec.json.format(msgspec.json.encode(asked.body)))}"
    top = [f"HTTP/1.1 {answer.status}", *(f"{name}: {value}" for name, value in result.headers)]
    return Seen(
        case.contract.label,
        case.client,
        case.upstream,
        case.is_stream,
        case.always,
        case.expected,
        ClientReceived(answer.ending, answer.status, result.attempts, result.outcome, answer.error),
        result.differences,
        round(1000 * result.seconds),
        head,
        "\n".join([*top, "", result.wire]),
        result.wire_bytes,
    )
