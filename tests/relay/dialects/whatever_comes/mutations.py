"""Answers that are broken at random, by a seed: in their bytes, in their events, and in their JSON."""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

_NUMBERS: tuple[Any, ...] = (-1, 0, 7, 10**9, 1 << 63, 1 << 70, -(1 << 64), 1.5, -0.0, 1e308)
_TEXTS = ("", "0", "-3", "text", "\ud83d", "\ude00x", "é東😀", "\x00", '{"a":', "data:", "stop", "a" * 2000)
_PIECES = (
    b'"',
    b"{",
    b"}",
    b"[" * 3000,
    b"\\ud83d",
    b"\xff\xfe",
    b"\xed\xa0\xbd",
    b"null",
    b"9" * 5000,
    b"1e999",
    b"NaN",
    b"data: {}\n\n",
    b"data:\n\n",
    b"event: error\n",
    b"\n\n",
    b"\r",
    b": comment\n\n",
    b"data: [DONE]\n\n",
    b'{"error":{"message":"x","code":429}}\n\n',
)

Change = Callable[[bytes, random.Random], bytes]


def mutants(stream: bytes, seed: int, count: int) -> Iterator[tuple[bytes, list[bytes]]]:
    """``count`` broken forms of ``stream``, each with the reads in which it arrives."""
    rng = random.Random(f"{seed}")
    for _ in range(count):
        broken = stream
        for _ in range(rng.choice((1, 1, 1, 2, 3))):
            broken = rng.choice(_CHANGES)(broken, rng)
        yield broken, _reads(broken, rng)


def _reads(stream: bytes, rng: random.Random) -> list[bytes]:
    cuts = sorted(rng.randrange(len(stream) + 1) for _ in range(rng.choice((0, 1, 4))))
    return [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]


def _flip(stream: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(max(len(stream), 1))
    return stream[:at] + bytes([rng.randrange(256)]) + stream[at + 1 :]


def _insert(stream: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(stream) + 1)
    return stream[:at] + rng.choice(_PIECES) + stream[at:]


def _cut_out(stream: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(stream) + 1)
    return stream[:at] + stream[at + rng.choice((1, 3, 20, 300)) :]


def _end(stream: bytes, rng: random.Random) -> bytes:
    return stream[: rng.randrange(len(stream) + 1)]


def _events(stream: bytes, rng: random.Random) -> bytes:
    """An event is gone, doubled, or in another's place."""
    between = _between(stream)
    events = stream.split(between)
    one, other = rng.randrange(len(events)), rng.randrange(len(events))
    match rng.randrange(3):
        case 0:
            del events[one]
        case 1:
            events.insert(other, events[one])
        case _:
            events[one], events[other] = events[other], events[one]
    return between.join(events)


def _between(stream: bytes) -> bytes:
    """What the stream's server puts between two events."""
    return b"\r\n\r\n" if b"\r\n\r\n" in stream else b"\n\n"


def _json(stream: bytes, rng: random.Random) -> bytes:
    """A value anywhere in one event is another one, is gone, or is wrapped in something."""
    between = _between(stream)
    events = stream.split(between)
    at = rng.randrange(len(events))
    head, mark, data = events[at].partition(b"data:")
    try:
        told = json.loads(data)
    except (ValueError, RecursionError):
        return stream
    holders = [holder for holder in _holders(told) if holder]
    if not mark or not holders:
        return stream
    holder = rng.choice(holders)
    key = rng.choice(list(holder) if isinstance(holder, dict) else range(len(holder)))
    depth = 0
    match rng.randrange(7):
        case 0:
            holder[key] = rng.choice(_NUMBERS)
        case 1:
            holder[key] = rng.choice(_TEXTS)
        case 2:
            holder[key] = rng.choice(({}, [], None, True, [None], {"a": []}))
        case 3:
            holder[key] = [holder[key]]
        case 4:
            depth, holder[key] = rng.choice((100, 160, 400, 900, 100_000)), "@"
        case 5:
            holder[key] = {"type": holder[key], "text": holder[key]}
        case _:
            del holder[key]
    deep = b'{"a":[' * (depth // 2) + b"1" + b"]}" * (depth // 2)
    text = json.dumps(told).encode()
    events[at] = head + b"data: " + (text.replace(b'"@"', deep, 1) if depth else text)
    return between.join(events)


def _deep(stream: bytes, rng: random.Random) -> bytes:
    """A value is nested beyond all measure."""
    at = stream.find(b":", rng.randrange(len(stream) + 1))
    depth = rng.choice((10, 900, 100_000))
    return stream if at < 0 else stream[: at + 1] + b"[" * depth + b"]" * depth + b"," + stream[at + 1 :]


def _holders(value: Any) -> Iterator[Any]:
    if isinstance(value, dict | list):
        yield value
        for one in value.values() if isinstance(value, dict) else value:
            yield from _holders(one)


_CHANGES: tuple[Change, ...] = (_flip, _insert, _cut_out, _end, _events, _json, _json, _json, _json, _deep)
