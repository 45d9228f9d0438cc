"""The record of an exchange: what its row says at the end."""

import logging
from typing import Any

import pytest

from monitor.record.records import Outcome as Word
from monitor.record.records import Record, RequestRecord
from relay.dialects.anthropic import ANTHROPIC
from relay.engine.commands import ExchangeEnd
from relay.engine.facts import AttemptEnded, AttemptStarted, Committed
from relay.exchange.record.recording import Recorder
from relay.neutral.block import BlockKind
from relay.neutral.events import BlockStart, Event, Signature, Stop, StreamState, Terminal, TextDelta, Usage
from relay.neutral.failures import Failure, Kind, Phase
from relay.neutral.server_tools import WEB_SEARCH
from relay.upstream.request import ClientCall


def row_at_the_end(*events: Event, **fields: Any) -> RequestRecord:
    """The row of an exchange that ended with ``events``."""
    submitted: list[Record] = []
    row = RequestRecord(
        id="0" * 32,
        started_at=1.0,
        process_id="p",
        dialect="anthropic",
        method="POST",
        path="/v1/messages",
        in_flight=True,
        is_simulated=True,
    )
    call = ClientCall(ANTHROPIC, {}, b"", {}, "m", is_stream=True, session="s")
    recorder = Recorder(submitted.append, row, call, at=lambda: 1.0, bodies=None)
    state = StreamState()
    state.fold(events)
    attempts = fields.pop("attempts", 1)
    outcome = ExchangeEnd(200, attempts, state, state.usage, is_committed=bool(attempts), **fields)
    recorder.end(outcome, status=200, has_client_gone=False)
    last = submitted[-1]
    assert isinstance(last, RequestRecord)
    return last


def test_an_answer_with_nothing_said_is_named() -> None:
    """Who looks at a 200 without words is told that the model had nothing to add."""
    end = (Stop("end_turn", "end_turn"), Terminal())
    empty = row_at_the_end(*end)
    assert (empty.outcome, dict(empty.diagnostics)) == (Word.OK, {"said_nothing": True})
    told = Usage(input_uncached=3, output=1)
    assert dict(row_at_the_end(BlockStart(0, "text"), TextDelta(0, "hi"), told, *end).diagnostics) == {}


def test_what_the_price_depends_on_is_in_the_row() -> None:
    """What upstream told of hour-long caches, searches, tier, place and media; nothing is estimated."""
    told = Usage(input_uncached=3, cache_write=9, cache_write_1h=7, output=1, searches=2, tier="fast")
    row = row_at_the_end(BlockStart(0, "text"), TextDelta(0, "hi"), told, Terminal())
    assert dict(row.diagnostics) == {"cache_write_1h": 7, "web_searches": 2, "service_tier": "fast"}
    told = Usage(input_uncached=3, output=1, geo="us", media=(("audio_tokens_in", 2),))
    row = row_at_the_end(BlockStart(0, "text"), TextDelta(0, "hi"), told, Terminal())
    assert dict(row.diagnostics) == {"inference_geo": "us", "audio_tokens_in": 2}


def test_searches_that_upstream_does_not_count_are_counted() -> None:
    """Each run of the search stands in the answer."""
    runs = [BlockStart(0, "server_call", "s1", WEB_SEARCH), BlockStart(1, "server_call", "s2", WEB_SEARCH)]
    row = row_at_the_end(*runs, Usage(input_uncached=3, output=1), Terminal())
    assert row.diagnostics["web_searches"] == 2


def test_searches_that_upstream_counts_are_not_counted_again() -> None:
    """Not every run is billed; but what it told before the answer was cut is no end."""
    runs = [BlockStart(0, "server_call", "s1", WEB_SEARCH), BlockStart(1, "server_call", "s2", WEB_SEARCH)]
    told = Usage(input_uncached=3, output=1, searches=0)
    assert "web_searches" not in row_at_the_end(*runs, told, Terminal()).diagnostics
    assert row_at_the_end(*runs, told).diagnostics["web_searches"] == 2
    one = Usage(input_uncached=3, output=1, searches=1)
    assert row_at_the_end(*runs, one, Terminal()).diagnostics["web_searches"] == 1


def test_what_other_tools_used_is_in_the_row() -> None:
    """Searches of files by the run, and the tokens of the model that drew pictures."""
    runs = [BlockStart(0, "server_call", "s1", "file_search_call")]
    told = Usage(input_uncached=3, output=1, drawn=(("drawn_image_out", 9),), drawn_by="gpt-image-2")
    assert dict(row_at_the_end(*runs, told, Terminal()).diagnostics) == {
        "file_searches": 1,
        "drawn_image_out": 9,
        "drawn_by": "gpt-image-2",
    }


def test_what_came_of_a_cut_answer_is_estimated() -> None:
    """Four characters a token, where upstream told no counts before it broke off; what it told stands."""
    said = (BlockStart(0, "text"), TextDelta(0, "x" * 401))
    assert row_at_the_end(*said).diagnostics["estimated_tokens_out"] == 101
    assert row_at_the_end(*said).diagnostics["estimated_tokens_in"] == 1
    some = row_at_the_end(*said, Usage(input_uncached=7)).diagnostics
    assert dict(some) == {"estimated_tokens_out": 101}
    assert dict(row_at_the_end().diagnostics) == {}


@pytest.mark.parametrize("kind", ["text", "thinking", "refusal"])
def test_a_block_that_was_only_announced_is_no_answer(kind: BlockKind) -> None:
    """OpenAI's Responses announce a reasoning item before a word of it: a broken answer said nothing yet."""
    broken = Failure(Kind.ERROR_EVENT, "overloaded")
    begun = BlockStart(0, kind)
    assert dict(row_at_the_end(begun, failure=broken).diagnostics) == {}
    assert dict(row_at_the_end(begun, TextDelta(0, ""), failure=broken).diagnostics) == {}
    read = row_at_the_end(begun, Usage(input_uncached=7), failure=broken)
    assert dict(read.diagnostics) == {"estimated_tokens_out": 0}
    said = row_at_the_end(begun, TextDelta(0, "word"), failure=broken)
    assert dict(said.diagnostics) == {"estimated_tokens_in": 1, "estimated_tokens_out": 1}
    signed = row_at_the_end(begun, Signature(0, "s", "claude"), failure=broken)
    assert dict(signed.diagnostics) == {"estimated_tokens_in": 1, "estimated_tokens_out": 0}


@pytest.mark.parametrize("kind", ["tool_call", "server_call", "media", "opaque"])
def test_a_call_or_a_picture_is_an_answer(kind: BlockKind) -> None:
    """It comes named or whole, so the prompt was read."""
    broken = Failure(Kind.ERROR_EVENT, "overloaded")
    told = row_at_the_end(BlockStart(0, kind), failure=broken).diagnostics
    assert dict(told) == {"estimated_tokens_in": 1, "estimated_tokens_out": 0}


def test_an_interrupted_answer_has_a_price_for_what_was_read() -> None:
    """Upstream told the input and not a word came: neither a client that left nor an upstream that failed in
    an answer's end leaves the price unknown. A whole answer needs no estimate.
    """
    read, of_nothing = Usage(input_uncached=7), {"estimated_tokens_out": 0}
    assert dict(row_at_the_end(read, interrupted_by="client").diagnostics) == of_nothing
    failed = row_at_the_end(read, Terminal(), failure=Failure(Kind.EMPTY_STOP, "nothing said"))
    assert dict(failed.diagnostics) == of_nothing
    assert dict(row_at_the_end(read, Terminal()).diagnostics) == {}


def test_a_request_that_no_account_could_take_has_its_line(caplog: pytest.LogCaptureFixture) -> None:
    """Under its id, with why; one that was tried has the lines of its attempts instead."""
    failure = Failure(Kind.NO_ACCOUNT, "Every account for m is cooling down", 429)
    caplog.set_level(logging.WARNING, "relay")
    row_at_the_end(failure=failure, message=failure.message)
    assert caplog.records == []
    row_at_the_end(failure=failure, message=failure.message, attempts=0)
    [record] = caplog.records
    assert record.getMessage() == "No account was asked: Every account for m is cooling down (status 200)"
    assert vars(record)["request_id"] == "0" * 32


class Answer:
    """An attempt's answer as it grows."""

    def __init__(self, *events: Event) -> None:
        self.heard = StreamState()
        self.says(*events)

    def says(self, *events: Event) -> None:
        self.heard.fold(events)

    @property
    def usage(self) -> Usage:
        return self.heard.usage


def in_flight() -> tuple[Recorder, list[RequestRecord]]:
    """The record of an exchange, and its rows so far; the request has 40 bytes, of which 20 are text."""
    rows: list[RequestRecord] = []
    row = RequestRecord(
        id="0" * 32, started_at=1.0, process_id="p", dialect="anthropic", method="POST", path="/v1/messages",
        in_flight=True, is_simulated=True,
    )  # fmt: skip
    call = ClientCall(ANTHROPIC, {"text": "y" * 20}, b"x" * 40, {}, "m", is_stream=True, session="s")

    def submit(record: Record) -> None:
        if isinstance(record, RequestRecord):
            rows.append(record)

    return Recorder(submit, row, call, at=lambda: 1.0, bodies=None), rows


def started(number: int, answer: Answer) -> AttemptStarted:
    return AttemptStarted(0.1, number, number, f"{number}@x", "anthropic", "m", answer)


def test_a_row_in_flight_says_what_would_be_paid_if_the_process_ended_here() -> None:
    """From the first word on what upstream told, and estimates for what it did not; the end replaces them."""
    recorder, rows = in_flight()
    answer = Answer()
    recorder.note(started(1, answer))
    assert (rows[-1].tokens_in, dict(rows[-1].diagnostics)) == (None, {})
    answer.says(BlockStart(0, "text"), TextDelta(0, "x"))
    recorder.note(Committed(0.2, 1))
    assert dict(rows[-1].diagnostics) == {"estimated_tokens_in": 10, "estimated_tokens_out": 1}
    answer.says(TextDelta(0, "x" * 399))
    recorder.keep_use()
    assert dict(rows[-1].diagnostics) == {"estimated_tokens_in": 5, "estimated_tokens_out": 100}
    answer.says(Usage(input_uncached=7, output=1))
    recorder.keep_use()
    assert (rows[-1].tokens_in, rows[-1].tokens_out) == (7, None)
    assert dict(rows[-1].diagnostics) == {"estimated_tokens_out": 100}
    assert rows[-1].used_by_attempt is None
    answer.says(Usage(output=90), Terminal())
    recorder.note(AttemptEnded(0.3, 1, "1@x", Phase.AFTER_STOP, answer.usage, heard=answer.heard))
    recorder.end(ExchangeEnd(200, 1, answer.heard, answer.usage), status=200, has_client_gone=False)
    assert (rows[-1].tokens_in, rows[-1].tokens_out, dict(rows[-1].diagnostics)) == (7, 90, {})


def test_a_row_in_flight_says_what_a_whole_answer_used_while_its_client_still_reads() -> None:
    """Upstream has told its counts by then, and what its price depends on: nothing is estimated any more."""
    recorder, rows = in_flight()
    answer = Answer(BlockStart(0, "text"), TextDelta(0, "x"))
    recorder.note(started(1, answer))
    recorder.note(Committed(0.2, 1))
    answer.says(TextDelta(0, "x" * 399), Usage(input_uncached=7, output=9, tier="fast"), Terminal())
    recorder.note(AttemptEnded(0.3, 1, "1@x", Phase.AFTER_STOP, answer.usage, heard=answer.heard))
    recorder.keep_use()
    kept = rows[-1]
    assert kept.in_flight
    assert (kept.tokens_in, kept.tokens_out, dict(kept.diagnostics)) == (7, 9, {"service_tier": "fast"})
    recorder.end(ExchangeEnd(200, 1, answer.heard, answer.usage), status=200, has_client_gone=False)
    assert (rows[-1].tokens_in, rows[-1].tokens_out, rows[-1].diagnostics) == (7, 9, kept.diagnostics)


def test_a_row_in_flight_tells_attempts_apart() -> None:
    """What failed attempts used stands in it as soon as they are over, beside what the next one uses."""
    recorder, rows = in_flight()
    failed = Answer(Usage(input_uncached=7))
    recorder.note(started(1, failed))
    recorder.note(
        AttemptEnded(0.2, 1, "1@x", Phase.HEADERS, failed.usage, Failure(Kind.CUT, "cut"), heard=failed.heard)
    )
    answer = Answer()
    recorder.note(started(2, answer))
    [first] = rows[-1].used_by_attempt or ()
    assert (first.number, first.tokens_in, first.failed) == (1, 7, True)
    answer.says(BlockStart(0, "text"), TextDelta(0, "x" * 40), Usage(input_uncached=8))
    recorder.keep_use()
    first, second = rows[-1].used_by_attempt or ()
    assert (second.number, second.account, second.tokens_in) == (2, "2@x", 8)
    assert second.diagnostics == {"estimated_tokens_out": 10}


def test_an_attempt_of_which_nothing_came_is_not_guessed() -> None:
    """Whoever waits for an answer has used nothing yet, as far as anybody knows."""
    recorder, rows = in_flight()
    recorder.note(started(1, Answer()))
    recorder.keep_use()
    assert (rows[-1].tokens_in, rows[-1].tokens_out, dict(rows[-1].diagnostics)) == (None, None, {})


def test_who_leaves_before_the_first_word_pays_for_the_prompt() -> None:
    """Where upstream had begun to answer, and has told nothing yet. Not where nobody was at work on it."""
    for phase, expected in (
        (Phase.PEEK, {"estimated_tokens_in": 5, "estimated_tokens_out": 0}),
        (Phase.CONNECT, {}),
        (Phase.HEADERS, {}),
    ):
        recorder, rows = in_flight()
        answer = Answer()
        recorder.note(started(1, answer))
        recorder.note(AttemptEnded(0.3, 1, "1@x", phase, answer.usage, heard=answer.heard))
        end = ExchangeEnd(499, 1, answer.heard, answer.usage, interrupted_by="client", phase=phase)
        recorder.end(end, status=499, has_client_gone=True)
        assert dict(rows[-1].diagnostics) == expected
        assert rows[-1].outcome == Word.CLIENT_CLOSED


def test_who_leaves_between_two_attempts_pays_for_none_that_told_nothing() -> None:
    """The last attempt was over, and had failed: nobody was at work."""
    recorder, rows = in_flight()
    answer = Answer()
    recorder.note(started(1, answer))
    failure = Failure(Kind.CUT, "cut")
    recorder.note(AttemptEnded(0.3, 1, "1@x", Phase.PEEK, answer.usage, failure, heard=answer.heard))
    end = ExchangeEnd(499, 1, answer.heard, answer.usage, interrupted_by="client", phase=Phase.PEEK)
    recorder.end(end, status=499, has_client_gone=True)
    assert dict(rows[-1].diagnostics) == {}
