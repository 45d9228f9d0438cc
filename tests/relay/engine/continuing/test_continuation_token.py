"""Behaviour 10: CONTINUATION is followed for a client of another dialect, and passed through to its own."""

from relay.engine.continuing.legs import MAX_LEGS
from relay.engine.facts import AttemptEnded, AttemptOpened, Committed
from relay.neutral.events import BlockStart, BlockStop, Event, MessageStart, Stop, Terminal, TextDelta, Usage
from relay.neutral.failures import Kind, Phase
from tests.relay.engine.playbook import Script, play
from tests.relay.engine.script import (
    ANN,
    STOP,
    STOPPED,
    answers,
    asks_on,
    closes,
    delivers,
    done,
    ends,
    like,
    opened,
    opens,
    picks,
    reads,
    refuses,
    says,
    silence,
    sleeps,
)

GOES_ON = Stop("continuation", "CONTINUATION", continuation_token="token-1")
LEG_1: tuple[Event, ...] = (BlockStop(0), Usage(input_uncached=7, output=60000), GOES_ON, Terminal())
LEG_1_SHOWN = LEG_1[:2]


def test_the_token_is_followed_and_the_client_sees_one_message() -> None:
    """One start, blocks numbered on, usage summed, one end; the seam is encoded from events."""
    played = play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says("Once upon", *LEG_1)),
        delivers("Once upon", *LEG_1_SHOWN, is_spliced=False),
        asks_on("token-1"),
        (opens(until=60), opened(upstream_request_id="up-2")),
        (reads(), says("a time.", *STOPPED)),
        delivers(
            BlockStart(1, "text"),
            TextDelta(1, "a time."),
            BlockStop(1),
            Usage(input_uncached=14, output=60003),
            STOP,
            Terminal(),
            is_spliced=True,
        ),
        closes(is_complete=True),
    )
    played.ends(status=200, attempts=1, usage=Usage(input_uncached=14, output=60003))
    assert len(played.all(Committed)) == 1
    assert [fact.upstream_request_id for fact in played.all(AttemptOpened)] == ["up-1"]
    assert played.outcome.state.text == "Once upona time."


def test_a_client_of_the_same_dialect_follows_it_by_itself() -> None:
    """A Gemini client knows the token: stop and token pass through, and that is the end."""
    play(
        (picks(), like(ANN, is_same_dialect=True)),
        (opens(), opened()),
        (reads(), says("Once upon", *LEG_1, raw=b"x")),
        delivers("Once upon", *LEG_1, raw=b"x"),
        closes(is_complete=True),
    ).ends(status=200, attempts=1)


def test_the_end_may_come_in_reads_of_its_own() -> None:
    """Stop and terminal event of a leg are kept back wherever they come."""
    play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says("Once upon")),
        delivers(),
        (reads(), says(BlockStop(0))),
        delivers(BlockStop(0)),
        (reads(), says(GOES_ON)),
        (reads(), ends(Terminal())),
        asks_on("token-1"),
        (opens(), opened()),
        (reads(), says(*STOPPED[1:])),
        delivers(),
        closes(is_complete=True),
    ).ends(status=200, failure=None)


def test_thinking_unseen_for_a_whole_leg_is_still_a_peek() -> None:
    """A leg that said nothing is no answer yet, and commits nothing; the answer may come in the next."""
    start = MessageStart("id", "m-1")
    play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says(start, *LEG_1[1:], raw=b"x", after=20)),
        asks_on("token-1"),
        (opens(until=80), opened()),
        (reads(until=80), says("Here", *STOPPED)),
        delivers(
            start,
            Usage(input_uncached=7, output=60000),
            BlockStart(0, "text"),
            TextDelta(0, "Here"),
            BlockStop(0),
            Usage(input_uncached=14, output=60003),
            STOP,
            Terminal(),
            is_spliced=True,
        ),
        closes(is_complete=True),
    ).ends(status=200, attempts=1)


def test_nothing_said_in_any_leg_is_the_zero_token_answer() -> None:
    """Then another attempt begins from the start."""
    played = play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says(MessageStart("id", "m-1"), GOES_ON, Terminal())),
        asks_on("token-1"),
        (opens(), opened()),
        (reads(), says(STOP, Terminal())),
        closes(is_complete=False),
        (picks(), ANN),
        answers(),
    )
    played.ends(status=200, attempts=2)
    ended = played.fact(AttemptEnded)
    assert (ended.failure.kind, ended.phase) == (Kind.EMPTY_STOP, Phase.PEEK)


def test_a_later_leg_need_not_say_anything() -> None:
    """The answer as a whole has said something: a stop right away is its end, and no failure."""
    play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says("All of it", *LEG_1)),
        delivers(),
        asks_on(),
        (opens(), opened()),
        (reads(), says(MessageStart("id", "m-1"), Usage(input_uncached=7, output=0), STOP, Terminal())),
        delivers(Usage(input_uncached=14, output=60000), STOP, Terminal()),
        closes(is_complete=True),
    ).ends(status=200, attempts=1, failure=None)


def test_a_leg_that_fails_after_the_commit_is_told() -> None:
    """The next leg's 500 comes behind text that is out: no retry, an honest error."""
    played = play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says("Once upon", *LEG_1)),
        delivers(),
        asks_on(),
        (opens(), refuses(500)),
        closes(is_complete=False),
    )
    played.ends(status=200, is_committed=True, attempts=1)
    assert played.outcome.failure is not None
    assert played.outcome.failure.status == 500
    assert played.fact(AttemptEnded).phase is Phase.HEADERS


def test_silence_in_a_later_leg_has_its_own_deadlines() -> None:
    """From its sending 60 s to the headers, then the idle limit."""
    begun: list[Script] = [
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says("Once upon", *LEG_1, after=10)),
        delivers(),
        (asks_on(), done(after=1)),
    ]
    played = play(begun, (opens(until=71), silence()), closes())
    assert played.fact(AttemptEnded).failure.kind is Kind.FIRST_DATA_TIMEOUT
    played = play(begun, (opens(until=71), opened()), (reads(until=131), silence()), closes())
    assert played.fact(AttemptEnded).failure.kind is Kind.IDLE_TIMEOUT


def test_a_collected_answer_over_several_legs_is_retried_as_a_whole() -> None:
    """A failure in the second leg throws the first away too; nothing went out."""
    played = play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says("Once upon", *LEG_1)),
        asks_on("token-1"),
        (opens(), refuses(503)),
        closes(is_complete=False),
        sleeps(1),
        (picks(stay_on=ANN), ANN),
        answers(),
        is_collected=True,
    )
    played.ends(status=200, attempts=2, usage=Usage(input_uncached=7, output=3))


def test_without_a_token_the_stop_is_the_end() -> None:
    """What cannot be followed is told: the client's dialect has a word for an answer that is not whole."""
    stop = Stop("continuation", "CONTINUATION")
    play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says("Once upon", stop, Terminal())),
        delivers("Once upon", stop, Terminal()),
        closes(is_complete=True),
    ).ends(status=200)


def test_an_upstream_that_never_ends_is_not_followed_for_ever() -> None:
    """No context is longer than sixteen hops; the last one's stop is told as it is."""
    leg: list[Script] = [(opens(), opened()), (reads(), says(GOES_ON, Terminal())), asks_on("token-1")]
    play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says("Once upon", *LEG_1)),
        delivers(),
        asks_on("token-1"),
        *[leg] * (MAX_LEGS - 2),
        (opens(), opened()),
        (reads(), says(GOES_ON, Terminal())),
        delivers(GOES_ON, Terminal(), is_spliced=True),
        closes(is_complete=True),
    ).ends(status=200, attempts=1)
