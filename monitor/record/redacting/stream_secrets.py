"""Secrets that a model streams over several events: found in the text that the events make together. PURE.

The pieces of one text stand under one key (``"text"``, ``"partial_json"`` …), each in an event of its own.
They are put together as they are written, escapes and all, searched like any text, and what is found is
masked piece by piece: the first gets the mask, the others become empty, and each event stays an event.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise

from monitor.masking.known import NOTHING_KNOWN, KnownSecrets
from monitor.record.redacting.redaction import (
    LEFT_OUT,
    Edit,
    find_secrets,
    is_left_out,
    may_hold_secrets,
    merged,
)

# The keys whose strings are pieces: of Anthropic (text, thinking, partial_json), of Gemini (text,
# stringValue), of OpenAI (content, reasoning…, refusal, arguments; delta in its responses). All repetitions
# are possessive or bounded by a quote, so the time stays linear; RE2 costs more where nearly all matches.
_PIECE = re.compile(
    rb'"(text|thinking|partial_json|content|delta|arguments|stringValue|refusal|reasoning(?:_content)?)"'
    rb'\s*+:\s*+"([^"\\]*+(?:\\.[^"\\]*+)*+)',
    re.DOTALL,
)
_INDEX = b'ndex":'
_INDEX_BYTES = 6
_NUMBER = re.compile(rb'ndex":\s*+(\d{1,9})')


def find_stream_secrets(data: bytes, known: KnownSecrets = NOTHING_KNOWN) -> list[Edit]:
    """Where secrets stand in a response, also those in several pieces; in order and without overlap.

    ``known`` ones are found whatever they look like.
    """
    if _is_clean(data, known):
        return []  # nearly every answer: what is below costs four times as much
    found = find_secrets(data, known)
    split: list[Edit] = []
    for pieces in _texts(data):
        if len(pieces) > 1:
            in_text = find_secrets(b"".join(data[start:end] for start, end in pieces), known)
            if is_left_out(in_text):
                return [Edit(0, len(data), LEFT_OUT)]
            split += _in_pieces(in_text, pieces)
    if is_left_out(found):
        return found
    starts = sorted(edit.start for edit in split)
    return merged([*(edit for edit in found if not _is_across(data, edit, starts)), *split])


def _is_clean(data: bytes, known: KnownSecrets) -> bool:
    """Whether a quick look shows that there is no secret; False where a closer one is needed.

    The texts of one key are looked through as one, which shows all of each if none goes on behind the next of
    its kind. What stands round their pieces is alike from event to event, and is looked through once.
    """
    numbers = [int(number) for number in _NUMBER.findall(data)]
    if numbers != sorted(numbers):
        return False
    parts = _PIECE.split(data)
    by_key: dict[bytes, list[bytes]] = {}
    for key, text in zip(parts[1::3], parts[2::3], strict=True):
        by_key.setdefault(key, []).append(text)
    texts, around = b"\n".join(map(b"".join, by_key.values())), b"\n".join({*parts[0::3]})
    return not (known.exact.have_quotes or may_hold_secrets(texts, known) or may_hold_secrets(around, known))


def _is_across(data: bytes, edit: Edit, starts: list[int]) -> bool:
    """Whether it reaches from one event into another, as a PEM key's search for its end does: then its
    pieces, which begin at ``starts``, are masked one by one, and what stands between them is left alone."""
    next_start = bisect_left(starts, edit.start)
    has_pieces = next_start < len(starts) and starts[next_start] < edit.end
    return has_pieces and data.find(b"\n", edit.start, edit.end) >= 0


def _texts(data: bytes) -> list[list[tuple[int, int]]]:
    """Where the pieces of each text stand. Texts that run at the same time differ by key or index."""
    texts: dict[tuple[bytes, bytes], list[tuple[int, int]]] = {}
    seen = 0
    number = b""
    for match in _PIECE.finditer(data):
        start, end = match.span(2)
        if start == end:
            continue
        place = match.start()
        # The index is the last one before the piece in its event; each byte is looked at once.
        line_start = data.rfind(b"\n", seen, place) + 1
        if line_start:
            number = b""
        index = data.rfind(_INDEX, max(line_start, seen), place)
        if index >= 0:
            number = data[index + _INDEX_BYTES : index + _INDEX_BYTES + 3]
        seen = start
        texts.setdefault((match[1], number), []).append((start, end))
    return list(texts.values())


def _in_pieces(edits: list[Edit], pieces: list[tuple[int, int]]) -> Iterator[Edit]:
    """Edits of the joined text as edits of its pieces."""
    ends = [0]
    for start, end in pieces:
        ends.append(ends[-1] + end - start)
    at = iter(zip(pieces, pairwise(ends), strict=True))
    piece = next(at, None)
    for edit in edits:
        mask = edit.mask
        while piece is not None:
            (place, _), (begin, end) = piece
            if end > edit.start:
                yield Edit(place + max(edit.start, begin) - begin, place + min(edit.end, end) - begin, mask)
                mask = b""
            if end >= edit.end:
                break
            piece = next(at, None)
