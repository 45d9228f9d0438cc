"""Behaviour 5.6 and 5.7: the commit, and what flows after it."""

from unittest.mock import ANY

from msgspec.structs import replace

from relay.engine.facts import AttemptEnded, AttemptOpened, AttemptStarted, Committed
from relay.neutral.events import BlockStart, MessageStart, TextDelta, Usage
from relay.neutral.failures import Phase
from tests.relay.engine.playbook import play
from tests.relay.engine.script import (
    ANN,
    STOPPED,
    answers,
    closes,
    delivers,
    gets,
    like,
    opened,
    opens,
    picks,
    reads,
    says,
)

SAME = like(ANN, is_same_dialect=True)


def test_the_facts_of_a_good_answer() -> None:
    """Started, opened (with upstream's own request id), committed, ended: each once, each with its time."""
    played = play(
        (picks(), gets(ANN, after=0.25)),
        (opens(), opened(after=0.5, upstream_request_id="req_9")),
        (reads(), says("Hello", after=1)),
        delivers("Hello"),
        (reads(), says(*STOPPED, after=2)),
        delivers(*STOPPED),
        closes(is_complete=True),
    )
    ended = Usage(input_uncached=7, output=3)
    told = [replace(fact, heard=None) if isinstance(fact, AttemptEnded) else fact for fact in played.facts]
    assert told == [
        AttemptStarted(0.25, 1, 1, "ann@example.com", "gemini", "m-1", ANY),
        AttemptOpened(0.75, 1, "req_9"),
        Committed(1.75, 1, "id"),
        AttemptEnded(3.75, 1, "ann@example.com", Phase.AFTER_STOP, ended),
    ]
    played.ends(status=200, attempts=1, usage=ended, is_committed=True, message="", phase=Phase.AFTER_STOP)


def test_the_fact_of_the_commit_comes_before_the_first_bytes() -> None:
    """Headers go out at the commit, so whoever writes them must know of it before."""
    played = play((picks(), ANN), answers())
    assert isinstance(played.facts[2], Committed)


def test_after_the_commit_each_event_goes_out_as_it_comes() -> None:
    """What one read gave is delivered at once and alone."""
    play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says("Hello")),
        delivers("Hello"),
        (reads(), says(TextDelta(0, " you"))),
        delivers(TextDelta(0, " you")),
        (reads(), says()),
        (reads(), says(*STOPPED)),
        delivers(*STOPPED),
        closes(is_complete=True),
    ).ends(status=200)


def test_the_same_dialect_s_bytes_pass_through() -> None:
    """Upstream's own bytes travel with the events, in one piece from the first heartbeat on."""
    play(
        (picks(), SAME),
        (opens(), opened()),
        (reads(), says(MessageStart("id", "m-1"), raw=b"event: message_start\n\n")),
        (reads(), says(BlockStart(0, "text"), TextDelta(0, "H"), raw=b"data: H\n\n")),
        delivers(
            MessageStart("id", "m-1"),
            BlockStart(0, "text"),
            TextDelta(0, "H"),
            raw=b"event: message_start\n\ndata: H\n\n",
            is_spliced=False,
        ),
        (reads(), says(*STOPPED, raw=b"data: stop\n\n")),
        delivers(*STOPPED, raw=b"data: stop\n\n"),
        closes(is_complete=True),
    ).ends(status=200, is_told=False)


def test_the_response_is_read_out_behind_the_terminal_event() -> None:
    """What comes after the terminal event can no longer fail the exchange: nothing reads it any more."""
    play((picks(), ANN), answers()).ends(status=200, failure=None)


def test_the_account_is_given_back_after_the_last_bytes() -> None:
    """Closing ends the attempt: the terminal event has gone out before it."""
    lines = answers()
    assert lines[-1].shown() == "CloseUpstream(is_complete=True)"  # type: ignore[union-attr]
    play((picks(), ANN), lines)
