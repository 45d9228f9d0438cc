"""Behaviour 5.4, after the commit: how long upstream may be silent."""

from relay.engine.facts import AttemptEnded
from relay.engine.retrying.deadlines import TimeLimits
from relay.neutral.events import BlockStart, BlockStop, Heartbeat, TextDelta, ThinkingDelta
from relay.neutral.failures import Kind, Phase
from tests.relay.engine.playbook import Script, play
from tests.relay.engine.script import (
    ANN,
    STOPPED,
    closes,
    delivers,
    done,
    like,
    opened,
    opens,
    picks,
    reads,
    says,
    silence,
)

CLAUDE = like(ANN, kind="anthropic")
THINKS = (BlockStart(0, "thinking"), ThinkingDelta(0, "Hm"))
MORE = TextDelta(0, " more")


def begun(account: object, *said: object) -> list[Script]:
    """A stream that has committed at second 0."""
    return [
        (picks(), account),  # type: ignore[list-item]
        (opens(), opened()),
        (reads(), says(*said)),  # type: ignore[arg-type]
        delivers(),
    ]


CUT: list[Script] = [closes(is_complete=False)]


def test_120_seconds_without_data_end_a_running_stream() -> None:
    """After the commit there is no retry: the failure is told, with what the stream was doing."""
    played = play(begun(ANN, "Hello"), (reads(until=120), silence()), CUT)
    played.ends(status=200, is_committed=True, attempts=1)
    assert played.outcome.failure is not None
    assert played.outcome.failure.kind is Kind.IDLE_TIMEOUT
    assert played.fact(AttemptEnded).phase is Phase.TEXT


def test_each_data_gives_new_time() -> None:
    """The limit is for silence, not for the answer."""
    play(
        begun(ANN, "Hello"),
        (reads(until=120), says(MORE, after=100)),
        delivers(),
        (reads(until=220), says(MORE, after=100)),
        delivers(),
        (reads(until=320), says(*STOPPED)),
        delivers(),
        closes(is_complete=True),
    ).ends(status=200, failure=None)


def test_heartbeats_are_no_data() -> None:
    """A ping does not keep a silent text block alive, whoever sends it."""
    for account in (ANN, CLAUDE):
        play(
            begun(account, "Hello"),
            (reads(until=120), says(Heartbeat(), after=100)),
            delivers(),
            (reads(until=120), silence()),
            CUT,
        ).ends(status=200, is_committed=True)


def test_data_and_a_heartbeat_in_one_read_are_data() -> None:
    """What arrived together counts as the best of it."""
    play(
        begun(ANN, "Hello"),
        (reads(until=120), says(MORE, Heartbeat(), after=100)),
        delivers(),
        (reads(until=220), says(*STOPPED)),
        delivers(),
        closes(is_complete=True),
    ).ends(status=200, failure=None)


def test_300_seconds_inside_a_thinking_block() -> None:
    """Models pause when they think; when the block is over the ordinary limit holds again."""
    played = play(
        begun(ANN, *THINKS),
        (reads(until=300), says(BlockStop(0), BlockStart(1, "text"), TextDelta(1, "So"), after=290)),
        delivers(),
        (reads(until=410), silence()),
        CUT,
    )
    assert played.fact(AttemptEnded).failure.message.endswith("for 120 s")


def test_an_anthropic_upstream_s_pings_count_as_life_inside_a_thinking_block_up_to_600_s() -> None:
    """Pings prolong the pause by 300 s each, but never beyond 600 s without data."""
    play(
        begun(CLAUDE, *THINKS),
        (reads(until=300), says(Heartbeat(), after=200)),
        delivers(),
        (reads(until=500), says(Heartbeat(), after=200)),
        delivers(),
        (reads(until=600), says(Heartbeat(), after=190)),
        delivers(),
        (reads(until=600), silence()),
        CUT,
    ).ends(status=200, is_committed=True)


def test_other_upstreams_heartbeats_are_no_life() -> None:
    """A comment line of a gateway says nothing of the model behind it."""
    play(
        begun(ANN, *THINKS),
        (reads(until=300), says(Heartbeat(), after=200)),
        delivers(),
        (reads(until=300), silence()),
        CUT,
    ).ends(status=200, is_committed=True)


def test_a_longer_thinking_limit_holds_with_pings_too() -> None:
    """Whoever allows more than 600 s of thinking gets it."""
    play(
        begun(CLAUDE, *THINKS),
        (reads(until=900), silence()),
        CUT,
        limits=TimeLimits(thinking_seconds=900),
    ).ends(status=200, is_committed=True)


def test_a_large_event_that_comes_in_pieces_is_data() -> None:
    """A slow drip is no silence: bytes came, though no event is whole yet."""
    play(
        begun(ANN, "Hello"),
        (reads(until=120), says(after=100)),
        (reads(until=220), says(after=100)),
        (reads(until=320), says(MORE, *STOPPED, after=100)),
        delivers(),
        closes(is_complete=True),
    ).ends(status=200, failure=None)


def test_a_heartbeat_that_comes_in_pieces_is_none() -> None:
    """When the pieces turn out to be a comment, the silence goes on since the last data."""
    play(
        begun(ANN, "Hello"),
        (reads(until=120), says(after=100)),
        (reads(until=220), says(Heartbeat(), after=10)),
        delivers(),
        (reads(until=120), silence()),
        CUT,
    ).ends(status=200, is_committed=True)


def test_a_whole_event_that_means_nothing_here_is_data() -> None:
    """One that only tells again what was told, with a heartbeat in the same read or in a later one."""
    play(
        begun(ANN, "Hello"),
        (reads(until=120), says(Heartbeat(), after=100, has_unheard=True)),
        delivers(),
        (reads(until=220), says(after=60, has_unheard=True)),
        (reads(until=280), says(Heartbeat(), after=20)),
        delivers(),
        (reads(until=280), silence()),
        CUT,
    ).ends(status=200, is_committed=True)


def test_the_time_that_a_slow_client_takes_is_not_upstream_s_silence() -> None:
    """While the client does not read, upstream is not read either, and the limit waits with it."""
    play(
        begun(ANN, "Hello"),
        (reads(until=120), says(MORE, after=10)),
        (delivers(), done(after=500)),
        (reads(until=630), says(*STOPPED)),
        delivers(),
        closes(is_complete=True),
    ).ends(status=200, failure=None)
