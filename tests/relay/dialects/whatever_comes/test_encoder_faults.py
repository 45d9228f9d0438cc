"""An exception at any step of an encoder: the client is told an error, and the state knows no end."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

import msgspec
import pytest

from relay.dialects.stream_encoder import StreamEncoder
from relay.neutral.events import (
    ArgumentsDelta,
    BlockStart,
    BlockStop,
    Chunk,
    Citation,
    Event,
    MessageStart,
    Signature,
    Stop,
    Terminal,
    TextDelta,
    ThinkingDelta,
    Usage,
)
from relay.neutral.failures import Failure, Kind
from tests.relay.dialects.every_dialect import DIALECTS, new_encoder
from tests.relay.dialects.openai.streams import OVERLOADED

IMAGE = msgspec.json.encode({"media_type": "image/png", "data": "iVBO"})
ANSWER: list[Event] = [
    MessageStart("up_1", "upstream-model"),
    Usage(input_uncached=10),
    BlockStart(0, "thinking"),
    ThinkingDelta(0, "Hm."),
    Signature(0, "c2lnbmF0dXJl" * 8, "claude"),
    BlockStop(0),
    BlockStart(1, "redacted", payload=b'{"data":"EmwK"}'),
    BlockStop(1),
    BlockStart(2, "text"),
    TextDelta(2, "Look — 東京"),
    Citation(2, b"{}", "https://a.example", "A"),
    BlockStop(2),
    BlockStart(3, "refusal"),
    TextDelta(3, "No."),
    BlockStop(3),
    BlockStart(4, "tool_call", "toolu_1", "weather"),
    ArgumentsDelta(4, '{"city":"Kyōto"}'),
    BlockStop(4),
    BlockStart(5, "tool_call", "toolu_2", "time"),
    BlockStop(5),
    Usage(output=20),
    Stop("tool_use", "tool_use"),
    Terminal(),
]
PICTURE: list[Event] = [BlockStart(6, "media", payload=IMAGE), BlockStop(6)]
# Not a step of the encoding: what it is called from outside, and how its failure is put into words.
DOORS = (StreamEncoder.encode.__code__, StreamEncoder.forward.__code__, Failure.__post_init__.__code__)
NAMES = [name for name in DIALECTS if isinstance(new_encoder(name), StreamEncoder)]


class Thrown(Exception):
    """Nobody expects it."""


@contextmanager
def throwing_at(step: int) -> Iterator[list[int]]:
    """The ``step``-th call from here on raises, of whatever function; what is given counts them."""
    calls = [0]

    def watch(frame: FrameType, event: str, arg: object) -> None:
        code = frame.f_code
        is_step = event == "c_call" or (event == "call" and code not in DOORS)
        is_ours = "/relay/" in code.co_filename and "/tests/" not in code.co_filename
        # What is thrown while a generator is closed goes nowhere: Python drops it.
        if is_step and is_ours and code.co_name != "<genexpr>":
            calls[0] += 1
            if calls[0] == step:
                raise Thrown

    sys.setprofile(watch)
    try:
        yield calls
    finally:
        sys.setprofile(None)


def every_step(make: Callable[[], StreamEncoder], tell: Callable[[StreamEncoder], bytes]) -> int:
    """Throw at each step of ``tell`` in turn, and look at what the client has then; the number of steps."""
    step = 0
    while True:
        step += 1
        encoder = make()
        with throwing_at(step) as calls:
            told = tell(encoder)
        if calls[0] < step:
            return step - 1
        last = encoder.fail(OVERLOADED)
        assert not encoder.state.terminal, step
        assert encoder.gap is not None, step
        assert (encoder.gap.kind, type(encoder.fault)) == (Kind.GARBAGE, Thrown), step
        assert b"could not be told" in told, step
        assert last == encoder.encode([TextDelta(2, "more"), Terminal()]) == b"", step


def streamed(name: str) -> StreamEncoder:
    encoder = new_encoder(name)
    assert isinstance(encoder, StreamEncoder)
    return encoder


@pytest.mark.parametrize("name", NAMES)
def test_whatever_throws_the_client_is_told_an_error(name: str) -> None:
    """An encoder that fails at any step of any event ends in an error event, and never in silence."""
    events = [*ANSWER[:-3], *PICTURE, *ANSWER[-3:]]
    assert every_step(lambda: streamed(name), lambda encoder: encoder.encode(events)) > 40


@pytest.mark.parametrize("name", NAMES)
def test_bytes_that_pass_through_are_no_end_before_they_are_there(name: str) -> None:
    """The same for what is forwarded: its end is known when its bytes are."""
    stream = streamed(name).encode(ANSWER)
    assert every_step(lambda: streamed(name), lambda encoder: encoder.forward(Chunk(stream, ANSWER))) > 1


@pytest.mark.parametrize("name", NAMES)
def test_an_error_that_could_not_be_told_can_be_told_again(name: str) -> None:
    """An exception while the error event is made leaves the answer open for the next try."""
    for step in range(1, 6):
        encoder = streamed(name)
        encoder.encode(ANSWER[:6])
        with throwing_at(step), pytest.raises(Thrown):
            encoder.fail(OVERLOADED)
        assert encoder.fail(OVERLOADED)


@pytest.mark.parametrize("name", NAMES)
def test_what_was_told_before_stays_told(name: str) -> None:
    """Of one call, the events before the one that fails go out; half of its own bytes do not."""
    broken: Event = TextDelta(2, "\ud83d")  # half a character has no bytes
    encoder = streamed(name)
    said = encoder.encode([*ANSWER[:10], broken, *ANSWER[10:]])
    assert said.startswith(streamed(name).encode(ANSWER[:10]))
    assert encoder.state.text == "Look — 東京"
