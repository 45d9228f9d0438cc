"""Faults in the bytes of a stream: cut, stalled, littered, differently encoded.

A fault's ``@n`` counts content events: ``cut@3`` closes right behind the third, ``cut@0`` before the
first but behind what opens the stream, plain ``cut`` behind the headers.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from relay.simulator.accents.accent import Accent
from relay.simulator.accents.catalogue import PLAIN
from relay.simulator.connection.sse_encoding import ArrayEncoding, Encoding, SseEncoding
from relay.simulator.connection.stream_steps import Framing, HttpAnswer, Step, StreamAct, Wait
from relay.simulator.dialect import CONTENT, EventKind, SimulatedEvent, WireProtocol
from relay.simulator.faults.faults import Fault
from relay.simulator.faults.refusals import named_error

Item = SimulatedEvent | Step
_BEFORE_RESET = Wait(0.02)  # so that what was sent is read before the reset overtakes it


@dataclass(slots=True)
class Stream:
    """A whole stream before it is spoiled."""

    events: list[SimulatedEvent]
    dialect: WireProtocol
    request_id: str
    headers: dict[str, str]
    as_array: bool = False
    delay_seconds: float = 0.0
    first_seconds: float = 0.0
    accent: Accent = PLAIN
    encoding: Encoding = field(init=False)

    def __post_init__(self) -> None:
        self.encoding = ArrayEncoding() if self.as_array else SseEncoding(self.dialect.line_end)
        if isinstance(self.encoding, SseEncoding):
            self.encoding.data_head = self.accent.data_head
            self.encoding.has_names = self.accent.has_names
            self.encoding.has_empty_frames = self.accent.has_empty_frames


def stream_answer(stream: Stream, fault: Fault) -> HttpAnswer:
    """The answer that sends ``stream`` as ``fault`` wants it."""
    encoding = stream.encoding
    framing = Framing.CLOSE if fault.name == "close_delimited" else Framing.CHUNKED
    headers = stream.headers | {"Content-Type": encoding.content_type, "Cache-Control": "no-cache"}
    if isinstance(encoding, SseEncoding):
        if fault.name in _LINE_ENDS:
            encoding.line_end = _LINE_ENDS[fault.name]
        encoding.multi_line = fault.name == "multi_line_data"
    spoil = _SPOILERS.get(fault.name)
    items: Iterable[Item] = spoil(fault, stream) if spoil else [*stream.events, StreamAct.END]
    steps: Iterable[Step] = _encoded(items, stream)
    match fault.name:
        case "cut_at_byte":
            steps = _first_bytes(steps, int(fault.number(0)))
        case "slow_drip":
            steps = dripping(steps, fault.number(0))
        case "gzip":
            headers["Content-Encoding"] = "gzip"
            steps = compressed(steps)
        case "wrong_content_type":
            headers["Content-Type"] = "text/plain; charset=utf-8"
    return HttpAnswer(200, headers, steps, framing)


def _encoded(items: Iterable[Item], stream: Stream) -> Iterator[Step]:
    """Items as steps, the head before them, the stream's opening and closing bytes round them."""
    yield StreamAct.HEAD
    encoding, is_open, said = stream.encoding, False, False
    for item in items:
        if isinstance(item, SimulatedEvent):
            pause = stream.delay_seconds if said else stream.first_seconds
            if pause and item.kind in CONTENT:
                yield Wait(pause)
            said = said or item.kind in CONTENT
            encoded = encoding.encode(item)
            yield encoded if is_open else encoding.opening + encoded
            is_open = True
        elif item is StreamAct.END:
            if is_open and encoding.closing:
                yield encoding.closing
            yield item
        else:
            yield item


# -- where in the stream


def _index_after(events: list[SimulatedEvent], count: int | None) -> int:
    """How many events go out until ``count`` content events have."""
    if count is None:
        return 0
    seen = 0
    for index, event in enumerate(events):
        if event.kind in CONTENT:
            if count == 0:
                return index
            seen += 1
            if seen == count:
                return index + 1
    return next((i for i, event in enumerate(events) if event.kind is EventKind.END), len(events))


def _index_of(events: list[SimulatedEvent], number: int, kinds: frozenset[EventKind] = CONTENT) -> int:
    """The index of content event ``number`` (from 1), of the last one when there are fewer."""
    found = [index for index, event in enumerate(events) if event.kind in kinds]
    return found[min(number, len(found)) - 1] if found else len(events) - 1


def _before(stream: Stream, fault: Fault) -> list[SimulatedEvent]:
    return stream.events[: _index_after(stream.events, fault.at)]


def _after(stream: Stream, fault: Fault) -> list[SimulatedEvent]:
    return stream.events[_index_after(stream.events, fault.at) :]


# -- one function for each fault: from a stream to the items that are sent


def _empty(fault: Fault, stream: Stream) -> Iterable[Item]:
    return [StreamAct.END]


def _empty_json(fault: Fault, stream: Stream) -> Iterable[Item]:
    return [SimulatedEvent(EventKind.OPEN, b"{}"), StreamAct.END]


def _comments(fault: Fault, stream: Stream) -> Iterable[Item]:
    return [stream.encoding.comment()] * int(fault.number(3)) + [StreamAct.END]


def _pings_forever(fault: Fault, stream: Stream) -> Iterator[Item]:
    while True:
        yield stream.encoding.heartbeat(stream.dialect.heartbeat())
        yield Wait(fault.number(0.05))


def _stall(fault: Fault, stream: Stream) -> Iterable[Item]:
    seconds = fault.number(0) or None
    return [*_before(stream, fault), Wait(seconds), *_after(stream, fault), StreamAct.END]


def _thinking_stall(fault: Fault, stream: Stream) -> Iterable[Item]:
    opening = next((i for i, event in enumerate(stream.events) if event.kind is not EventKind.OPEN), 0)
    thought = stream.dialect.empty_thought()
    seconds = fault.number(0) or None
    first = [*stream.events[:opening], *([thought] if thought else [])]
    return [*first, Wait(seconds), *stream.events[opening:], StreamAct.END]


def _reset(fault: Fault, stream: Stream) -> Iterable[Item]:
    return [*_before(stream, fault), _BEFORE_RESET, StreamAct.RESET]


def _cut(fault: Fault, stream: Stream) -> Iterable[Item]:
    return [*_before(stream, fault), StreamAct.CUT]


def _end(fault: Fault, stream: Stream) -> Iterable[Item]:
    return [*_before(stream, fault), StreamAct.END]


def _cut_inside_event(fault: Fault, stream: Stream) -> Iterator[Item]:
    return _broken_off(stream, _index_of(stream.events, fault.at or 1), lambda data: len(data) // 2)


def _cut_in_tool(fault: Fault, stream: Stream) -> Iterator[Item]:
    tool = frozenset({EventKind.TOOL})
    if not any(event.kind is EventKind.TOOL for event in stream.events):
        return _cut_inside_event(fault, stream)
    return _broken_off(stream, _index_of(stream.events, fault.at or 2, tool), lambda data: len(data) // 2)


def _cut_inside_character(fault: Fault, stream: Stream) -> Iterator[Item]:
    start = _index_of(stream.events, fault.at or 1)
    wide = [i for i in range(start, len(stream.events)) if not stream.events[i].data.isascii()]
    return _broken_off(stream, wide[0] if wide else start, _inside_character)


def _inside_character(data: bytes) -> int:
    """Behind the first byte of the first character that has several."""
    return next((i + 1 for i, byte in enumerate(data) if byte >= 0xC0), len(data) // 2)


def _broken_off(stream: Stream, index: int, cut_at: Callable[[bytes], int]) -> Iterator[Item]:
    """Everything before event ``index``, a beginning of that event, and no more."""
    yield from stream.events[:index]
    # encoded here, when it is its turn: an array's comma depends on what was sent before
    data = stream.encoding.encode(stream.events[index])
    yield (stream.encoding.opening if index == 0 else b"") + data[: cut_at(data)]
    yield StreamAct.CUT


def _no_finish(fault: Fault, stream: Stream) -> Iterable[Item]:
    return [*(event for event in stream.events if event.kind is not EventKind.END), StreamAct.END]


def _error_event(fault: Fault, stream: Stream) -> Iterable[Item]:
    refused = named_error(fault.value, stream.dialect.name)
    return [*_before(stream, fault), stream.dialect.error_event(refused, stream.request_id), StreamAct.END]


def _garbage(fault: Fault, stream: Stream) -> Iterable[Item]:
    data = b'["no", "object"]' if fault.value == "object" else b'{"candidates": [{"cont'
    name = stream.events[-1].name and "content_block_delta"
    return [
        *_before(stream, fault),
        SimulatedEvent(EventKind.OPEN, data, name),
        *_after(stream, fault),
        StreamAct.END,
    ]


def _after_terminal(fault: Fault, stream: Stream) -> Iterable[Item]:
    # Gemini has no terminal event: more text behind a finish reason would be more of the answer.
    text = [event for event in stream.events if event.kind is EventKind.TEXT]
    again = text[:1] if stream.dialect.name != "gemini" else []
    return [*stream.events, *again, SimulatedEvent(EventKind.OPEN, b"{junk"), b"and more junk", StreamAct.END]


_LINE_ENDS = {"crlf": b"\r\n", "cr": b"\r"}
_SPOILERS: dict[str, Callable[[Fault, Stream], Iterable[Item]]] = {
    "empty": _empty,
    "empty_json": _empty_json,
    "comments": _comments,
    "pings_forever": _pings_forever,
    "stall": _stall,
    "thinking_stall": _thinking_stall,
    "reset_after_headers": _reset,
    "reset": _reset,
    "cut": _cut,
    "end": _end,
    "cut_inside_event": _cut_inside_event,
    "cut_in_tool": _cut_in_tool,
    "cut_inside_character": _cut_inside_character,
    "no_finish": _no_finish,
    "error_event": _error_event,
    "garbage": _garbage,
    "after_terminal": _after_terminal,
}

# -- changes of the bytes themselves, for streams and for whole documents


def _first_bytes(steps: Iterable[Step], count: int) -> Iterator[Step]:
    """The first ``count`` bytes of the body, then the cut."""
    for step in steps:
        if isinstance(step, bytes):
            if len(step) >= count:
                yield step[:count]
                break
            count -= len(step)
        yield step
    yield StreamAct.CUT


def dripping(steps: Iterable[Step], seconds: float) -> Iterator[Step]:
    """Each byte by itself, ``seconds`` apart."""
    for step in steps:
        if isinstance(step, bytes):
            for byte in step:
                yield bytes((byte,))
                yield Wait(seconds)
        else:
            yield step


def compressed(steps: Iterable[Step]) -> Iterator[Step]:
    """The body as gzip, flushed with each step."""
    packer = zlib.compressobj(wbits=31)
    for step in steps:
        if isinstance(step, bytes):
            yield packer.compress(step) + packer.flush(zlib.Z_SYNC_FLUSH)
        elif step is StreamAct.END:
            yield packer.flush()
            yield step
        else:
            yield step
