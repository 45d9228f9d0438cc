"""An answer for a client that is told nothing of what the model thinks: to it thinking is nothing."""

import pytest

from relay.engine.facts import Committed
from relay.neutral.events import (
    BlockStart,
    BlockStop,
    Event,
    MessageStart,
    Signature,
    Stop,
    Terminal,
    TextDelta,
    ThinkingDelta,
)
from relay.neutral.failures import Kind
from tests.relay.engine.playbook import play
from tests.relay.engine.script import (
    ANN,
    BEN,
    STOP,
    answers,
    breaks,
    closes,
    delivers,
    like,
    marks,
    opened,
    opens,
    picks,
    reads,
    says,
)

HIDING, HIDING_BEN = like(ANN, hides_thinking="all"), like(BEN, hides_thinking="all")
THOUGHT: tuple[Event, ...] = (MessageStart("id", "m-1"), BlockStart(0, "thinking"), ThinkingDelta(0, "hm"))


@pytest.mark.parametrize(
    "end",
    [
        (BlockStop(0), STOP, Terminal()),
        (BlockStop(0), BlockStart(1, "text"), BlockStop(1), STOP, Terminal()),
        (BlockStop(0), Stop("malformed", "MALFORMED_RESPONSE"), Terminal()),
    ],
)
@pytest.mark.parametrize("is_collected", [False, True])
def test_an_answer_of_nothing_but_hidden_thinking_is_an_empty_one(
    is_collected: bool, end: tuple[Event, ...]
) -> None:
    """The client would get an answer without a word: it is asked for again, and never given."""
    played = play(
        (picks(), HIDING),
        (opens(), opened()),
        (reads(), says(*THOUGHT)),
        (reads(), says(*end)),
        closes(is_complete=False),
        (picks(tried={ANN}), HIDING_BEN),
        answers(soft=[ANN]),
        is_collected=is_collected,
    )
    played.ends(status=200, attempts=2, failure=None)


def test_three_of_them_are_no_answer() -> None:
    """An error with its status, as for every other empty answer."""
    empty = [(opens(), opened()), (reads(), says(*THOUGHT, BlockStop(0), STOP, Terminal())), closes()]
    played = play((picks(), HIDING), empty, (picks(), HIDING_BEN), empty, (picks(), HIDING), empty)
    played.ends(status=502, attempts=3, is_committed=False)
    assert played.outcome.failure is not None
    assert played.outcome.failure.kind is Kind.EMPTY_STOP


def test_hidden_thinking_waits_for_what_is_said() -> None:
    """The commit is at the first word; the silence before it has the time that thinking has."""
    text: tuple[Event, ...] = (BlockStop(0), BlockStart(1, "text"), TextDelta(1, "Hi"))
    end: tuple[Event, ...] = (BlockStop(1), STOP, Terminal())
    played = play(
        (picks(), HIDING),
        (opens(), opened()),
        (reads(until=60), says(*THOUGHT, after=20)),
        (reads(until=320), says(ThinkingDelta(0, " ha"), after=290)),
        (reads(until=610), says(*text, after=1)),
        delivers(*THOUGHT, ThinkingDelta(0, " ha"), *text),
        (reads(), says(*end)),
        delivers(*end),
        closes(is_complete=True),
    )
    played.ends(status=200, failure=None)
    assert played.fact(Committed).at == 311


def test_a_cut_in_hidden_thinking_is_retried() -> None:
    """The client has had nothing."""
    play(
        (picks(), HIDING),
        (opens(), opened()),
        (reads(), says(*THOUGHT)),
        (reads(), breaks(Kind.READ_ERROR)),
        closes(is_complete=False),
        (picks(tried={ANN}), HIDING_BEN),
        answers(soft=[ANN]),
    ).ends(status=200, attempts=2, failure=None)


def test_a_limit_that_thinking_used_up_is_an_answer() -> None:
    """Its end says so, and asking again would cost the same."""
    end: tuple[Event, ...] = (BlockStop(0), Stop("max_tokens", "length"), Terminal())
    play(
        (picks(), HIDING),
        (opens(), opened()),
        (reads(), says(*THOUGHT, *end)),
        delivers(*THOUGHT, *end),
        closes(is_complete=True),
    ).ends(status=200, attempts=1, failure=None)


@pytest.mark.parametrize(
    "thought",
    [
        (BlockStart(0, "thinking"), Signature(0, "s" * 60, "claude")),
        (BlockStart(0, "redacted", payload=b"{}"),),
    ],
)
def test_thinking_without_words_is_nothing_where_only_words_are_told(thought: tuple[Event, ...]) -> None:
    """Chat completions have no place for a signature: such a client hears of thinking by its words alone."""
    ann, ben = like(ANN, hides_thinking="silent"), like(BEN, hides_thinking="silent")
    play(
        (picks(), ann),
        (opens(), opened()),
        (reads(), says(MessageStart("id", "m-1"), *thought, BlockStop(0), STOP, Terminal())),
        closes(is_complete=False),
        (picks(tried={ANN}), ben),
        (opens(), opened()),
        (reads(), says(*THOUGHT)),
        marks(ANN, "soft"),
        delivers(*THOUGHT),
        (reads(), says(BlockStop(0), STOP, Terminal())),
        delivers(BlockStop(0), STOP, Terminal()),
        closes(is_complete=True),
    ).ends(status=200, attempts=2, failure=None)


def test_shown_thinking_is_passed_on() -> None:
    """Who asked for it hears it as it comes, and a normal stop behind it is an answer."""
    end: tuple[Event, ...] = (BlockStop(0), STOP, Terminal())
    play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says(*THOUGHT)),
        delivers(*THOUGHT),
        (reads(), says(*end)),
        delivers(*end),
        closes(is_complete=True),
    ).ends(status=200, attempts=1, failure=None)
