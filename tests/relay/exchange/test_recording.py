"""The record of an exchange: what its row says at the end."""

from typing import Any

from monitor.record.records import Outcome as Word
from monitor.record.records import Record, RequestRecord
from relay.dialects.anthropic import ANTHROPIC
from relay.engine.commands import Outcome
from relay.exchange.recording import Recorder
from relay.neutral.events import BlockStart, Event, Stop, StreamState, Terminal, TextDelta
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
    outcome = Outcome(200, 1, state, state.usage, is_committed=True, **fields)
    recorder.end(outcome, status=200, has_client_gone=False)
    last = submitted[-1]
    assert isinstance(last, RequestRecord)
    return last


def test_an_answer_with_nothing_said_is_named() -> None:
    """Who looks at a 200 without words is told that the model had nothing to add."""
    end = (Stop("end_turn", "end_turn"), Terminal())
    empty = row_at_the_end(*end)
    assert (empty.outcome, dict(empty.diagnostics)) == (Word.OK, {"said_nothing": True})
    assert dict(row_at_the_end(BlockStart(0, "text"), TextDelta(0, "hi"), *end).diagnostics) == {}
