"""Behaviour 5.4, up to the first valid data: deadlines on the wall clock from the sending of the attempt."""

import pytest

from relay.engine.commands import TimedOut
from relay.engine.facts import AttemptEnded
from relay.engine.retrying.deadlines import TimeLimits
from relay.neutral.events import BlockStart, Heartbeat, MessageStart, TextDelta, ThinkingDelta
from relay.neutral.failures import Kind, Phase
from tests.relay.engine.playbook import Given, play
from tests.relay.engine.script import (
    ANN,
    BEN,
    STOPPED,
    answers,
    closes,
    delivers,
    done,
    gets,
    like,
    marks,
    opened,
    opens,
    picks,
    reads,
    refuses,
    says,
    silence,
    sleeps,
)

MESSAGE = MessageStart("id", "m-1")
THINKING = BlockStart(0, "thinking")


@pytest.mark.parametrize("seconds", [60.0, 30.0, 2.5])
def test_the_first_valid_data_must_come_in_time(seconds: float) -> None:
    """60 s for /v1/messages and OpenAI paths, 30 s for Gemini paths, or what is set."""
    played = play(
        (picks(), ANN),
        (opens(until=seconds), opened(after=1)),
        (reads(until=seconds), silence()),
        closes(),
        (picks(), BEN),
        answers(soft=[ANN]),
        limits=TimeLimits(first_data_seconds=seconds),
    )
    failure = played.fact(AttemptEnded).failure
    assert failure.kind is Kind.FIRST_DATA_TIMEOUT
    assert failure.message == f"Timeout waiting for first data ({seconds:g}s)"


def test_silence_before_the_headers_is_the_same_deadline() -> None:
    """The clock runs from the sending, not from the headers."""
    played = play((picks(), ANN), (opens(until=60), silence()), closes(), (picks(), BEN), answers(soft=[ANN]))
    ended = played.fact(AttemptEnded)
    assert (ended.failure.kind, ended.phase) == (Kind.FIRST_DATA_TIMEOUT, Phase.HEADERS)


def test_nothing_that_says_nothing_moves_the_deadline() -> None:
    """Pings, comments, role chunks and empty reads come and go; the deadline stays where it was."""
    play(
        (picks(), gets(ANN, after=0.5)),
        (opens(until=60.5), opened(after=1)),
        (reads(until=60.5), says(Heartbeat(), after=15)),
        (reads(until=60.5), says(MESSAGE, after=15)),
        (reads(until=60.5), says(after=15)),
        (reads(until=60.5), says(Heartbeat(), after=13)),
        (reads(until=60.5), silence()),
        closes(),
        (picks(), BEN),
        (opens(until=120.5), opened()),
        (reads(until=120.5), says("Hello", *STOPPED)),
        marks(ANN, "soft"),
        delivers(),
        closes(is_complete=True),
    ).ends(status=200)


def test_an_open_empty_thinking_block_is_a_sign_of_life() -> None:
    """From then on the first valid data has 300 s, still from the sending."""
    played = play(
        (picks(), ANN),
        (opens(until=60), opened(after=2)),
        (reads(until=60), says(MESSAGE, THINKING, after=20)),
        (reads(until=300), says(ThinkingDelta(0, ""), after=200)),
        (reads(until=300), silence()),
        closes(),
        (picks(), BEN),
        answers(soft=[ANN]),
    )
    assert played.fact(AttemptEnded).failure.message == "Timeout waiting for first data (300s)"


def test_thinking_that_is_not_shown_has_its_time_from_the_start() -> None:
    """Where the request lets the model think without showing it, silence is no sign of death for 300 s."""
    play(
        (picks(), like(ANN, thinks_unseen=True)),
        (opens(until=300), opened(after=2)),
        (reads(until=300), says("Hello", *STOPPED, after=290)),
        delivers(),
        closes(is_complete=True),
    ).ends(status=200, attempts=1)


def test_an_explicit_peek_timeout_rules_over_the_thinking_one_too() -> None:
    """The caller then sets both to it; how long a thinking block may pause later is a limit of its own."""
    limits = TimeLimits(first_data_seconds=5, first_data_thinking_seconds=5)
    play(
        (picks(), like(ANN, thinks_unseen=True)),
        (opens(until=5), opened()),
        (reads(until=5), says(MESSAGE, THINKING, after=1)),
        (reads(until=5), says(ThinkingDelta(0, "Hm"), after=1)),
        delivers(),
        (reads(until=302), says(TextDelta(0, "!"), *STOPPED, after=299)),
        delivers(),
        closes(is_complete=True),
        limits=limits,
    ).ends(status=200)


def test_the_deadline_of_the_exchange_cuts_the_peek() -> None:
    """RELAY_DEADLINE_SECONDS runs from admission to the commit: 504, and nobody else is asked."""
    played = play(
        (picks(), gets(ANN, after=10)),
        (opens(until=40), opened()),
        (reads(until=40), silence()),
        closes(),
        limits=TimeLimits(deadline_seconds=40),
    )
    played.ends(status=504, attempts=1, message="The only attempt failed. no answer within 40 s")
    assert played.fact(AttemptEnded).failure.kind is Kind.DEADLINE


def test_a_timer_that_rings_a_moment_early_is_still_the_deadline() -> None:
    """Event loops round their timers; nobody is asked for the last half millisecond."""
    early = Given("timed out", lambda _, __: TimedOut(39.9995))
    play(
        (picks(), gets(ANN, after=10)),
        (opens(until=40), opened()),
        (reads(until=40), early),
        closes(),
        limits=TimeLimits(deadline_seconds=40),
    ).ends(status=504, attempts=1)


def test_what_upstream_really_said_outlives_the_deadline() -> None:
    """Exhausted by time, the client still gets the last real status, and learns of the deadline."""
    played = play(
        (picks(), ANN),
        (opens(), refuses(500)),
        closes(),
        sleeps(0.5),
        (picks(), BEN),
        (opens(until=40), silence()),
        closes(),
        limits=TimeLimits(deadline_seconds=40),
    )
    message = "All 2 attempts failed. upstream said 500 (no answer within 40 s)"
    played.ends(status=500, attempts=2, message=message)


def test_no_wait_reaches_beyond_the_deadline() -> None:
    """A back-off that would end after the deadline is not begun: the exchange gives up at once."""
    played = play(
        (picks(), gets(ANN, after=39.5)),
        (opens(until=40), refuses(503)),
        closes(),
        limits=TimeLimits(deadline_seconds=40),
    )
    played.ends(status=503, message="The only attempt failed. upstream said 503 (no answer within 40 s)")
    assert played.fact(AttemptEnded).decision.retry is False


def test_the_deadline_never_cuts_a_running_stream() -> None:
    """After the commit only silence counts."""
    play(
        (picks(), ANN),
        (opens(until=10), opened()),
        (reads(until=10), says("Hello", after=9)),
        delivers(),
        (reads(until=129), says(TextDelta(0, " you"), after=100)),
        (delivers(), done()),
        (reads(until=229), says(*STOPPED, after=100)),
        delivers(),
        closes(is_complete=True),
        limits=TimeLimits(deadline_seconds=10),
    ).ends(status=200, failure=None)
