"""Events whose lines are not as the standard has them."""

import pytest

from relay.dialects.openai import OPENAI_CHAT
from relay.dialects.reading.loose_fields import last_event, loose_data, meant
from relay.neutral.events import Failed, Terminal
from relay.neutral.sse import SseEvent, framed
from tests.relay.dialects.openai.streams import chat, decoded, delta, state_of

BARE = frozenset({"over"})
NAMES = (b"Data: ", b"DATA:", b"data : ", b"  data: ", b"\tdata\t:")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("end", [b"", b"\n", b"\n\n"])
def test_a_field_is_read_in_any_letters_and_blanks(name: bytes, end: bytes) -> None:
    """Also ``[DONE]``, and where the connection ends behind it; a client is told in the usual form."""
    stream = chat(delta(content="fine"), delta("stop")).replace(b"data: ", name).rstrip() + end
    chunk = decoded(OPENAI_CHAT, [stream])
    assert (chunk.events[-1], state_of(chunk.events).text) == (Terminal(), "fine")
    assert chunk.raw == chat(delta(content="fine"), delta("stop"))


def test_json_goes_on_in_lines_without_a_field() -> None:
    """Behind the one ``data:``; comments and other fields between are none of it."""
    raw = b'event: x\ndata: {"a":\nid: 7\n: still there\n "b: c"}\n\n'
    assert loose_data(raw) == b'{"a":\n "b: c"}'


def test_what_goes_on_and_is_no_json_is_garbage() -> None:
    """Nothing is made up of it."""
    chunk = decoded(OPENAI_CHAT, [b'data: {"choices":\nnothing more\n\n'])
    assert isinstance(chunk.events[-1], Failed)


@pytest.mark.parametrize("raw", [b"event: over\n\n", b"Event: over\n\n", b"EVENT : over\nData:\n\n"])
def test_a_name_that_says_all_needs_no_data(raw: bytes) -> None:
    """Where a dialect has such names; any other event without data says nothing."""
    name = "over" if raw.startswith(b"event:") else ""
    told = framed("over", b'{"type":"over"}')
    assert meant(SseEvent(name, None, raw), BARE) == SseEvent("over", b'{"type":"over"}', told)
    assert meant(SseEvent(name, None, raw), frozenset()) is None
    assert last_event(raw.rstrip(), [], BARE) != []


@pytest.mark.parametrize("rest", [b"Data: [DON", b'Data: {"a":', b"event: ove", b"Data:", b": over", b""])
def test_half_an_event_at_the_end_is_none(rest: bytes) -> None:
    """However its fields are written; half of ``[DONE]`` is read as no data."""
    assert last_event(rest, [], BARE) == [] or rest == b"Data: [DON"


@pytest.mark.parametrize("line_end", [b"\n", b"\r", b"\r\n"])
def test_what_has_too_many_lines_is_no_stray_event(line_end: bytes) -> None:
    """Nobody looks at each line of megabytes of garbage."""
    most = b"Data: {" + b"x".join([line_end] * 10_000)
    assert loose_data(most).count(b"x") == 9_999
    assert loose_data(most + line_end) == b""


def test_data_that_was_looked_at_is_not_looked_at_again() -> None:
    """Only what stands behind it is worth another look."""
    assert loose_data(b"data: {x\n\n", b"{x") == b""
    assert loose_data(b"data: {x\nmore\n\n", b"{x") == b"{x\nmore"
