"""A report as a table: a line for each row of the contract, a cell for each way it was tried. PURE."""

import msgspec

from proxyproject.faultlab.page import cell
from proxyproject.faultlab.report import Report, Seen
from relay.simulator.faults.faults import CATALOGUE, FaultStage

COLUMNS = ((True, False), (True, True), (False, False), (False, True))
"""(streamed, always), in the order of docs/faults.md."""


class Cell(msgspec.Struct, frozen=True):
    """The expectation in a word or two, and how many of the tried ways kept it."""

    expected: str
    kept: int
    tried: int

    @property
    def is_kept(self) -> bool:
        """Whether every way did."""
        return self.kept == self.tried


class FaultLine(msgspec.Struct, frozen=True):
    """A fault as it is written, what it does, and its cells in the order of ``COLUMNS``."""

    spec: str
    says: str
    stage: FaultStage
    cells: list[Cell]

    @property
    def is_kept(self) -> bool:
        """Whether every cell is."""
        return all(cell.is_kept for cell in self.cells)


def rows(report: Report) -> list[FaultLine]:
    """One line for each fault, in the order in which they were run; those with a difference come first."""
    by_spec: dict[str, list[Seen]] = {}
    for case in report.cases:
        by_spec.setdefault(case.spec, []).append(case)
    lines = [_line(spec, seen) for spec, seen in by_spec.items()]
    return sorted(lines, key=lambda line: line.is_kept)


def _line(spec: str, seen: list[Seen]) -> FaultLine:
    kind = CATALOGUE[spec.partition(" ")[0].partition("=")[0].partition("@")[0]]
    cells = []
    for column in COLUMNS:
        cases = [case for case in seen if (case.is_stream, case.always) == column]
        words = " / ".join(dict.fromkeys(cell(case.expected, mark="") for case in cases))
        cells.append(Cell(words, sum(case.is_kept for case in cases), len(cases)))
    return FaultLine(spec, kind.description, kind.stage, cells)
