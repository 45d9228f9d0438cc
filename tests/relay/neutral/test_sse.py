"""The SSE parser: any bytes, cut anywhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.neutral.sse import EventTooLarge, SseEvent, SseParser

ENDINGS = (b"\n", b"\r\n", b"\r")
TEXT = st.text(st.characters(exclude_characters="\r\n", exclude_categories=("Cs",)), max_size=12)
EVENTS = st.lists(
    st.lists(
        st.one_of(
            TEXT.map(lambda text: f"data: {text}"),
            TEXT.map(lambda text: f"data:{text}"),
            TEXT.map(lambda text: f": {text}"),
            st.sampled_from(["event: ping", "event:message_stop", "data", "id: 7", "retry: 10"]),
        ),
        max_size=4,
    ),
    max_size=6,
)


def lines_of(events: list[list[str]]) -> list[bytes]:
    """The stream's lines: each event's own, and the blank one behind it."""
    return [line.encode() for event in events for line in [*event, ""]]


def parsed(pieces: list[bytes], **options: int) -> list[SseEvent]:
    parser = SseParser(**options)
    return [event for piece in pieces for event in parser.feed(piece)] + parser.finish()


def cut(data: bytes, points: list[int]) -> list[bytes]:
    marks = sorted({point % (len(data) + 1) for point in points})
    return [data[start:end] for start, end in zip([0, *marks], [*marks, len(data)], strict=True)]


def meaning(events: list[SseEvent]) -> list[tuple[str, bytes]]:
    return [(event.name, event.data) for event in events if event.data is not None]


@given(EVENTS, st.sampled_from(ENDINGS), st.lists(st.integers(0, 10_000), max_size=20))
def test_any_split_gives_the_same_events(events: list[list[str]], ending: bytes, points: list[int]) -> None:
    """However the network cuts the bytes, names, data and raw bytes of the events are the same."""
    data = b"".join(line + ending for line in lines_of(events))
    whole, pieces = parsed([data]), parsed(cut(data, points))
    assert meaning(pieces) == meaning(whole)
    if ending != b"\r":  # there the blank line of "\r\r" may not be told from that of "\r\r\n" yet
        assert [event.raw for event in pieces] == [event.raw for event in whole]


@given(EVENTS, st.lists(st.sampled_from(ENDINGS), min_size=40, max_size=40), st.lists(st.integers(0, 10_000)))
def test_line_endings_may_change_from_line_to_line(
    events: list[list[str]], endings: list[bytes], points: list[int]
) -> None:
    """All three line endings may stand in one stream, cut anywhere: the meaning stays."""
    lines = lines_of(events)
    chosen = (endings * len(lines))[: len(lines)]
    # A line end of "\r" before an empty line that ends in "\n" is one line end and not two.
    for at in range(1, len(lines)):
        if not lines[at] and chosen[at] == b"\n" and chosen[at - 1] == b"\r":
            chosen[at] = b"\r\n"
    data = b"".join(line + ending for line, ending in zip(lines, chosen, strict=True))
    plain = b"".join(line + b"\n" for line in lines)
    assert meaning(parsed(cut(data, points))) == meaning(parsed([plain]))


@given(EVENTS, st.sampled_from(ENDINGS), st.lists(st.integers(0, 10_000), max_size=20))
def test_the_raw_bytes_of_all_events_are_the_stream(
    events: list[list[str]], ending: bytes, points: list[int]
) -> None:
    """Nothing is lost or changed: the raw bytes, joined, are the input."""
    data = b"".join(line + ending for line in lines_of(events))
    data += b"data: end" + ending * 2
    assert b"".join(event.raw for event in parsed(cut(data, points))) == data


@given(st.binary(max_size=60), st.lists(st.integers(0, 10_000), max_size=8))
def test_arbitrary_bytes_never_raise(data: bytes, points: list[int]) -> None:
    """Whatever upstream sends is cut into events without an exception, the same for every split."""
    assert meaning(parsed(cut(data, points))) == meaning(parsed([data]))


def test_several_data_lines_are_one_data() -> None:
    """The data lines of an event are joined by a line feed; the last event name counts."""
    events = parsed([b"event: a\ndata: 1\nevent: b\ndata:2\ndata\n\n"])
    assert [(event.name, event.data) for event in events] == [("b", b"1\n2\n")]


def test_line_separators_of_unicode_belong_to_the_data() -> None:
    """U+2028, U+2029, U+0085, form feed and vertical tab end no line."""
    text = "a\u2028b\u2029c\u0085d\x0ce\x0bf"
    assert parsed([f"data: {text}\n\n".encode()])[0].data == text.encode()


def test_a_byte_order_mark_is_skipped_at_the_start_only() -> None:
    """The stream's first character may be a BOM, which is not sent on; later ones are data."""
    data = b"\xef\xbb\xbfdata: 1\n\ndata: \xef\xbb\xbf2\n\n"
    for pieces in ([data], [data[:1], data[1:2], data[2:]]):
        events = parsed(pieces)
        assert [event.data for event in events] == [b"1", b"\xef\xbb\xbf2"]
        assert b"".join(event.raw for event in events) == data.removeprefix(b"\xef\xbb\xbf")


def test_comments_and_blank_lines_hold_no_data() -> None:
    """A comment is an event without data, whose bytes are kept."""
    events = parsed([b": ping\n\ndata: 1\n\n"])
    assert [(event.data, event.raw) for event in events] == [(None, b": ping\n\n"), (b"1", b"data: 1\n\n")]


@pytest.mark.parametrize("blank", [b"\n", b"\r\n", b"\r", b"\n\r\n"])
def test_a_flood_of_blank_lines_is_one_event(blank: bytes) -> None:
    """Each would be looked at by itself: 100 KB of them held up everybody for 46 ms."""
    events = parsed([b"data: 1\n\n" + blank * 1000 + b"data: 2\n\n"])
    assert [event.data for event in events] == [b"1", None, b"2"]
    assert b"".join(event.raw for event in events) == b"data: 1\n\n" + blank * 1000 + b"data: 2\n\n"


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_event_without_its_last_blank_line_is_found_at_the_end(ending: bytes) -> None:
    """Some servers leave out the last blank line: finish gives that event, but not an unfinished comment."""
    assert [event.data for event in parsed([b"data: 1" + ending * 2 + b"data: 2" + ending])] == [b"1", b"2"]
    assert [event.data for event in parsed([b"data: 1" + ending * 2 + b": bye"])] == [b"1"]


def test_an_event_is_bounded_in_size() -> None:
    """An event beyond the limit is an error, whether it comes whole or in pieces; one within it passes."""
    fits = b"data: " + b"x" * 90 + b"\n\n"
    assert len(fits) == 98
    assert parsed([fits], max_event_bytes=98)[0].raw == fits
    for pieces in ([fits], [fits[:50], fits[50:]], [b"data: " + b"x" * 500]):
        with pytest.raises(EventTooLarge):
            parsed(pieces, max_event_bytes=97)


def test_the_limit_is_per_event() -> None:
    """A long stream of small events never meets the limit."""
    assert len(parsed([b"data: 1\n\n" * 1000], max_event_bytes=20)) == 1000
