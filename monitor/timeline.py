"""An exchange's attempts as bars on one axis: phases and waits, in percent of the whole. PURE."""

from collections.abc import Sequence

import msgspec

from monitor.records import AttemptRecord, RequestRecord


class Span(msgspec.Struct, frozen=True):
    """A part of a bar. ``phase`` is connect, headers, peek, stream or wait; ``left``, ``width`` percent."""

    phase: str
    left: str
    width: str
    milliseconds: int


class Bar(msgspec.Struct, frozen=True):
    """An attempt with its spans."""

    attempt: AttemptRecord
    spans: tuple[Span, ...]


def timeline(row: RequestRecord, attempts: Sequence[AttemptRecord]) -> list[Bar]:
    """The bars; an attempt still under way ends where the latest known moment is."""
    ends = [attempt.started_offset_ms + _end(attempt) + (attempt.delay_ms or 0) for attempt in attempts]
    total = max([1, row.duration_ms or 0, *ends])
    return [Bar(attempt, tuple(_spans(attempt, total))) for attempt in attempts]


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
