"""Events that come together are read in one go, and mean what they mean one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.gemini import GEMINI
from relay.dialects.interface import DecoderOptions
from relay.neutral.events import LONGEST_CHARACTERS, Chunk, Failed, TextDelta, ThinkingDelta
from relay.neutral.sse import SseParser
from tests.relay.dialects.gemini.streams import decode, folded, parts, sse

LONG = "w" * 120  # only what is more than an event or two is read in one go
WORDS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=9).map(LONG.__add__)
PARTS = st.one_of(
    WORDS.map(lambda text: {"text": text}),
    WORDS.map(lambda text: {"text": text}),
    WORDS.map(lambda text: {"text": text, "thought": True}),
    WORDS.map(lambda text: {"text": text, "thoughtSignature": "c2ln"}),
    WORDS.map(lambda text: {"functionCall": {"name": "f", "args": {"a": text}}}),
    st.just({"executableCode": {"language": "PYTHON", "code": "1"}}),
    st.just({"inlineData": {"mimeType": "image/png", "data": "eA=="}}),
    st.just({"text": ""}),
)
COUNTS = st.fixed_dictionaries(
    {}, optional={"promptTokenCount": st.just(3), "thoughtsTokenCount": st.just(2)}
)
SOURCES = {"groundingMetadata": {"groundingChunks": [{"web": {"uri": "https://x.example", "title": "x"}}]}}
CHUNKS = st.lists(
    st.tuples(st.lists(PARTS, min_size=1, max_size=2), st.sampled_from([{}, {}, {}, SOURCES]), COUNTS),
    min_size=4,
    max_size=12,
)


def one_by_one(stream: bytes, separator: bytes = b"\r\n\r\n", **options: object) -> Chunk:
    return decode([piece + separator for piece in stream.split(separator) if piece], **options)


def told(chunk: Chunk) -> list[tuple[object, ...]]:
    state = folded(chunk.events)
    blocks = [(block.kind, block.id, block.name, block.text, block.signature) for block in state.blocks]
    return [*blocks, (state.stop, state.terminal, state.failure, state.usage)]


@given(CHUNKS, st.booleans(), st.sampled_from([b"\n\n", b"\r\n\r\n"]))
def test_it_means_the_same(chunks: list, keeps_bytes: bool, separator: bytes) -> None:
    """The same blocks, counts, sources and end, and for a client of the same dialect the same bytes."""
    stream = sse(
        *({**parts(*some, **more), "usageMetadata": counts} for some, more, counts in chunks),
        parts({"text": "end"}, finishReason="STOP"),
    ).replace(b"\r\n\r\n", separator)
    at_once = decode([stream], keeps_bytes=keeps_bytes)
    apart = one_by_one(stream, separator, keeps_bytes=keeps_bytes)
    assert told(at_once) == told(apart)
    assert at_once.raw == apart.raw


@given(CHUNKS, st.booleans(), st.booleans())
def test_envelopes_mean_the_same(chunks: list, keeps_bytes: bool, has_id: bool) -> None:
    """Those of Code Assist, with their traces."""
    own = {"responseId": "own"} if has_id else {}
    told_chunks = [{**parts(*some, **more), "usageMetadata": counts, **own} for some, more, counts in chunks]
    told_chunks.append(parts({"text": "end"}, finishReason="STOP"))
    stream = sse(*({"response": one, "traceId": "trace"} for one in told_chunks))
    options = {"is_enveloped": True, "keeps_bytes": keeps_bytes}
    at_once, apart = decode([stream], **options), one_by_one(stream, **options)
    assert told(at_once) == told(apart)
    assert at_once.raw == apart.raw
    assert folded(at_once.events).message_id == folded(apart.events).message_id


@pytest.mark.parametrize("thinks", [False, True])
def test_words_are_told_in_few_deltas(thinks: bool) -> None:
    """As many as a client's longest line allows."""
    words = "w" * (LONGEST_CHARACTERS // 4)
    stream = sse(*[parts({"text": words, "thought": thinks})] * 9, parts({"text": "."}, finishReason="STOP"))
    kind = ThinkingDelta if thinks else TextDelta
    deltas = [event.text for event in decode([stream]).events if type(event) is kind and event.text != "."]
    assert "".join(deltas) == words * 9
    assert len(deltas) == 3  # the first one begins the block
    assert max(map(len, deltas)) <= LONGEST_CHARACTERS


LINE = b'{"candidates":[{"content":{"parts":[{"text":"a' + b"w" * 400 + b'"}]}}]}'


@pytest.mark.parametrize(
    ("lines", "is_broken"),
    [
        ([LINE, LINE, LINE + b"," + LINE, b'{"candidates":[{"x":1}', b'{"y":2}]}'], True),
        ([LINE, LINE, LINE, b"[" * 400 + b"]" * 400], True),
        ([LINE, LINE, LINE, b'{"candidates":' + b"[" * 400 + b"]" * 400 + b"}"], True),
        ([LINE, LINE, LINE, b'{"x":' + b'{"x":' * 400 + b"1" + b"}" * 401], True),
        ([LINE, LINE, LINE, b"[DONE]"], True),
        ([LINE, LINE, LINE, LINE.replace(b"aw", b"\xff")], False),
        ([LINE, LINE, LINE, LINE.replace(b"aw", b"\\ud83d")], False),
        ([LINE, LINE, LINE, LINE.replace(b'"parts"', b'"index":"0","parts"')], False),
    ],
)
def test_what_is_odd_is_looked_at_by_itself(lines: list[bytes], is_broken: bool) -> None:
    """Torn objects are no whole ones together, and one that is bent costs no other."""
    stream = b"".join(b"data: " + line + b"\r\n\r\n" for line in lines)
    apart = one_by_one(stream)
    at_once = decode([stream])
    assert told(at_once) == told(apart)
    assert at_once.raw == apart.raw
    assert (type(at_once.events[-1]) is Failed) is is_broken or not at_once.events


@given(
    st.lists(st.sampled_from([b"data: {}", b"data: x", b": c", b"event: e", b"data: a\ndata: b", b""])),
    st.data(),
)
def test_lines_are_events_of_one_line_alone(events: list[bytes], data: st.DataObject) -> None:
    """What is read as lines is what the parser reads; anything else is left to it."""
    ends = data.draw(st.lists(st.sampled_from([b"\n\n", b"\r\n\r\n", b"\r\r"]), min_size=1, max_size=2))
    rest = data.draw(st.sampled_from([b"", b"data: {", b"\n"]))
    stream = b"".join(event + data.draw(st.sampled_from(ends)) for event in events) + rest
    cut = data.draw(st.integers(0, len(stream)))
    usual, quick = SseParser(), SseParser()
    for piece in (stream[:cut], stream[cut:]):
        lines = quick.lines(piece)
        found = quick.feed(piece) if lines is None else lines.events()
        assert [(one.name, one.data, one.raw) for one in found] == [
            (one.name, one.data, one.raw) for one in usual.feed(piece)
        ]
        if lines is not None:
            assert lines.raw(0, len(lines.data)) == b"".join(one.raw for one in found)
    assert quick.unread == usual.unread
    assert quick.is_amid == usual.is_amid


ERROR = b'{"error":{"code":503,"message":"busy","status":"UNAVAILABLE"}}'


@pytest.mark.parametrize("last", [b"data: [DONE]", b"data: " + ERROR, b"data: " + LINE])
def test_an_event_behind_other_line_ends_does_not_wait(last: bytes) -> None:
    """A gateway passes Google's line ends on, and appends an event with its own: it is told with the rest."""
    stop = b'{"candidates":[{"content":{"parts":[{"text":"."}]},"finishReason":"STOP"}]}'
    lines = b"".join(b"data: " + line + b"\r\n\r\n" for line in (LINE, LINE, LINE, stop))
    decoder = GEMINI.decoder(DecoderOptions(family="gemini-3", call_id_seed="seed"))
    at_once = decoder.feed(lines + last + b"\n\n")
    apart = GEMINI.decoder(DecoderOptions(family="gemini-3", call_id_seed="seed"))
    chunks = [apart.feed(line + b"\r\n\r\n") for line in lines.split(b"\r\n\r\n") if line]
    chunks.append(apart.feed(last + b"\n\n"))
    assert told(at_once) == told(Chunk(b"", [event for chunk in chunks for event in chunk.events]))
    assert at_once.is_finishing == chunks[-1].is_finishing
