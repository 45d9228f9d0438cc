"""What cannot be told of an answer is a failure of that answer, logged once, and no fault of the server."""

import logging
from dataclasses import replace
from typing import Any

import pytest

from relay.dialects.openai import OPENAI_CHAT
from relay.exchange.large_bodies import LARGE_BYTES
from relay.exchange.response.answer_writer import AnswerWriter, Untold
from relay.neutral.events import BlockStart, Chunk, Event, MessageStart, Stop, Terminal, TextDelta
from relay.neutral.failures import Failure, Kind
from relay.upstream.request import ClientCall

ANSWER: list[Event] = [
    MessageStart("up", "m"),
    BlockStart(0, "text"),
    TextDelta(0, "fine"),
    Stop("end_turn", "stop"),
    Terminal(),
]
HALF: list[Event] = [MessageStart("up", "m"), BlockStart(0, "text"), TextDelta(0, "\ud83d")]


def writer(*, is_stream: bool, **functions: Any) -> AnswerWriter:
    dialect = replace(OPENAI_CHAT, **functions)
    call = ClientCall(dialect, {}, b"{}", {}, "m", is_stream, "s")
    return AnswerWriter(call, "0" * 32, 1, "sse", wants_usage=True)


def no_bytes(*anything: object) -> bytes:
    raise UnicodeError("upstream's bytes are odd")


def test_a_client_that_wants_no_stream_gets_one_document() -> None:
    """The whole answer is collected where it is written, so that what fails there is known in time."""
    written = writer(is_stream=False).write(Chunk(b"", ANSWER), is_forwarded=False)
    assert written.startswith(b'{"id":"chatcmpl-')


def test_a_whole_answer_of_many_events_is_much_work() -> None:
    """Thousands of blocks, or of pieces, or a long text, are told beside the loop; pictures always are.

    It is the same work where the client wants a stream, and one event of upstream's was all of it.
    """
    block = [BlockStart(0, "text"), TextDelta(0, "x"), Stop("end_turn", "stop")]
    for events in (block * 500, block * 5000, [TextDelta(0, "x")] * 5000, [TextDelta(0, "x" * 300_000)]):
        chunk = Chunk(b"", events)
        assert writer(is_stream=False).weight(chunk) > LARGE_BYTES
        assert writer(is_stream=True).weight(chunk) > LARGE_BYTES
        assert writer(is_stream=True).weight(Chunk(b"x", events)) == 1
    assert writer(is_stream=False).weight(Chunk(b"", ANSWER)) < LARGE_BYTES
    picture = Chunk(b"", [BlockStart(0, "image", payload=b"x" * LARGE_BYTES)])
    assert all(writer(is_stream=is_stream).weight(picture) >= LARGE_BYTES for is_stream in (True, False))


@pytest.mark.parametrize("is_forwarded", [False, True])
def test_what_cannot_be_collected_is_a_broken_answer(
    is_forwarded: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """An exception while the document is made: nothing is told, and another answer may be told instead."""
    told = writer(is_stream=False, collect=no_bytes)
    with pytest.raises(Untold) as untold:
        told.write(Chunk(b"data: {}\n\n", ANSWER), is_forwarded=is_forwarded)
    why = "upstream's answer could not be put together (UnicodeError)"
    where = untold.value.failure.where
    assert untold.value.failure == Failure(Kind.GARBAGE, why, status=502, where=where)
    assert where.startswith("test_answer_writer.py:")
    assert told.gap is None
    assert [(record.levelno, record.exc_info is not None) for record in caplog.records] == [
        (logging.ERROR, True)
    ]


def test_what_cannot_be_encoded_is_told_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A streaming client gets an error event; the log has the traceback, once, under the request's id."""
    told = writer(is_stream=True)
    assert told.write(Chunk(b"", ANSWER[:3]), is_forwarded=False)
    assert b'"error"' in told.write(Chunk(b"", HALF), is_forwarded=False)
    assert told.write(Chunk(b"", ANSWER), is_forwarded=False) == b""
    assert told.gap is not None
    assert told.gap.kind is Kind.GARBAGE
    [record] = caplog.records
    assert record.request_id == "0" * 32  # type: ignore[attr-defined]


def test_where_the_first_word_cannot_be_encoded_another_answer_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The client has heard nothing: the next answer begins as if there had been none."""
    told, untouched = writer(is_stream=True), writer(is_stream=True)
    with pytest.raises(Untold):
        told.write(Chunk(b"", HALF), is_forwarded=False)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
    whole = [one.write(Chunk(b"", ANSWER), is_forwarded=False) for one in (told, untouched)]
    assert whole[0] == whole[1]
    assert (told.gap, told.encoder.state.terminal) == (None, True)


@pytest.mark.parametrize("is_stream", [True, False])
def test_what_the_dialect_has_no_word_for_is_no_fault(
    is_stream: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """It is a failure without a traceback. Before the first word, or in an answer that is collected, nothing
    is told of it: another answer may be told in its place."""
    end = [Stop("malformed", "MALFORMED_FUNCTION_CALL"), Terminal()]
    told = writer(is_stream=is_stream)
    with pytest.raises(Untold) as untold:
        told.write(Chunk(b"", [MessageStart("up", "m"), *end]), is_forwarded=False)
    assert untold.value.failure.kind is Kind.MALFORMED_ANSWER
    assert told.write(Chunk(b"", ANSWER), is_forwarded=False)
    assert (told.gap, caplog.records) == (None, [])


def test_what_the_dialect_has_no_word_for_ends_what_was_begun(caplog: pytest.LogCaptureFixture) -> None:
    """A stream whose client has had something ends in an error event."""
    told = writer(is_stream=True)
    assert told.write(Chunk(b"", ANSWER[:3]), is_forwarded=False)
    end = [Stop("malformed", "MALFORMED_FUNCTION_CALL"), Terminal()]
    assert b'"error"' in told.write(Chunk(b"", end), is_forwarded=False)
    assert told.gap is not None
    assert told.gap.kind is Kind.MALFORMED_ANSWER
    assert caplog.records == []
