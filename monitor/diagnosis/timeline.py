"""An exchange's attempts as bars on one axis: phases and waits, in percent of the whole. PURE."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Literal

import msgspec

from monitor.diagnosis.seams import seams_of
from monitor.record.records import AttemptRecord, RequestRecord


class Span(msgspec.Struct, frozen=True):
    """A part of a bar. ``phase`` is connect, headers, peek, stream or wait; ``left``, ``width`` percent."""

    phase: str
    left: str
    width: str
    milliseconds: int


Next = Literal["", "another", "same", "only one left"]
"""Whose account the next attempt went to; ``only one left``: another was wanted, and none was free."""


class Bar(msgspec.Struct, frozen=True):
    """An attempt with its spans, and where the one after it went (empty: there is none yet).

    ``seam``: it continued an answer that had broken off, behind so many characters.
    """

    attempt: AttemptRecord
    spans: tuple[Span, ...]
    next: Next = ""
    seam: int | None = None


def next_accounts(attempts: Sequence[AttemptRecord]) -> list[Next]:
    """For each attempt what came of its decision; accounts are told apart by label and kind, unmasked."""
    found: list[Next] = []
    for attempt, after in zip_longest(attempts, attempts[1:]):
        if after is None:
            found.append("")
        elif (attempt.account, attempt.account_kind) != (after.account, after.account_kind):
            found.append("another")
        else:
            found.append("only one left" if attempt.rotate else "same")
    return found


def timeline(row: RequestRecord, attempts: Sequence[AttemptRecord], nexts: Sequence[Next]) -> list[Bar]:
    """The bars; an attempt still under way ends where the latest known moment is."""
    ends = [attempt.started_offset_ms + _end(attempt) + (attempt.delay_ms or 0) for attempt in attempts]
    total = max([1, row.duration_ms or 0, *ends])
    seams = seams_of(row, attempts)
    return [
        Bar(attempt, tuple(_spans(attempt, total)), after, seams.get(attempt.number))
        for attempt, after in zip(attempts, nexts, strict=True)
    ]


def _spans(attempt: AttemptRecord, total: int) -> list[Span]:
    """Each phase from the end of the one before; what is not known is part of the next."""
    end = _end(attempt)
    marks = [
        ("connect", attempt.connect_ms),
        ("headers", attempt.headers_ms),
        ("peek", attempt.first_data_ms),
        ("stream", end if attempt.first_data_ms is not None else None),
    ]
    spans, at = [], 0
    for phase, until in marks:
        if until is not None and until >= at:
            spans.append(_span(phase, attempt.started_offset_ms + at, until - at, total))
            at = until
    if attempt.first_data_ms is None and end >= at:
        phase = "headers" if attempt.headers_ms is None else "peek"
        spans.append(_span(phase, attempt.started_offset_ms + at, end - at, total))
    if attempt.delay_ms:
        spans.append(_span("wait", attempt.started_offset_ms + end, attempt.delay_ms, total))
    return spans


def _span(phase: str, start: int, length: int, total: int) -> Span:
    return Span(phase, f"{100 * start / total:.3f}", f"{100 * length / total:.3f}", length)


def _end(attempt: AttemptRecord) -> int:
    known = (attempt.end_ms, attempt.first_data_ms, attempt.headers_ms, attempt.connect_ms)
    return next((moment for moment in known if moment is not None), 0)
