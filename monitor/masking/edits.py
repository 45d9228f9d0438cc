"""Edits of bytes: which ranges are replaced by what, and where other positions are afterwards. PURE."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

MASK = "[masked]"
"""What takes a secret's place."""
_MASK = MASK.encode()


class Edit(NamedTuple):
    """``data[start:end]`` is a secret, and ``mask`` takes its place."""

    start: int
    end: int
    mask: bytes = _MASK


def merged(found: Iterable[Edit]) -> list[Edit]:
    """Edits in order and without overlap; what touches is one."""
    edits: list[Edit] = []
    for edit in sorted(found):
        if edits and edit.start <= edits[-1].end:
            last = edits[-1]
            edits[-1] = Edit(last.start, max(last.end, edit.end), max(last.mask, edit.mask))
        else:
            edits.append(edit)
    return edits


def apply_edits(data: bytes, edits: Iterable[Edit]) -> bytes:
    """``data`` with each of the ``edits`` (in order, without overlap) made; the same object without any."""
    pieces, done = [], 0
    for edit in edits:
        pieces += [data[done : edit.start], edit.mask]
        done = edit.end
    return b"".join([*pieces, data[done:]]) if pieces else data


def moved_positions(positions: Iterable[int], edits: Iterable[Edit]) -> Iterator[int]:
    """Where rising ``positions`` are after ``edits`` were made; one inside a secret goes behind its mask."""
    remaining = iter(edits)
    edit = next(remaining, None)
    shift = 0
    for position in positions:
        while edit is not None and edit.end <= position:
            shift += len(edit.mask) - (edit.end - edit.start)
            edit = next(remaining, None)
        if edit is not None and edit.start < position:
            yield edit.start + shift + len(edit.mask)
        else:
            yield position + shift
