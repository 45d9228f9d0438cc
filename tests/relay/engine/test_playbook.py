"""The playbook itself: what it accepts, and how it says that the engine departed from the script."""

import pytest

from relay.engine.facts import AttemptEnded, AttemptStarted, Committed
from tests.relay.engine.playbook import play
from tests.relay.engine.script import (
    ANN,
    BEN,
    STOPPED,
    answers,
    closes,
    delivers,
    opened,
    opens,
    picks,
    reads,
    says,
)


def test_a_script_that_the_engine_follows_gives_outcome_and_facts() -> None:
    """A conversation that goes as written ends with its outcome; the facts are collected on the way."""
    played = play((picks(), ANN), answers("Hello"))
    played.ends(status=200, attempts=1, is_committed=True, failure=None)
    assert [
        type(fact) for fact in played.facts if type(fact) in (AttemptStarted, Committed, AttemptEnded)
    ] == [
        AttemptStarted,
        Committed,
        AttemptEnded,
    ]


def test_a_departure_is_shown_as_a_diff() -> None:
    """Where the engine does something else, both lines stand in the message, next to each other."""
    with pytest.raises(AssertionError) as failure:
        play((picks(), ANN), (opens(until=59), opened()), (reads(), says("Hi")))
    message = str(failure.value)
    assert "- OpenUpstream(until=59)" in message
    assert "+ OpenUpstream(until=60.0)" in message


def test_a_script_that_stops_too_early_departs() -> None:
    """A script must go to the end of the exchange: what the engine still wants is a departure."""
    with pytest.raises(AssertionError, match=r"\+ CloseUpstream"):
        play((picks(), ANN), (opens(), opened()), (reads(), says("Hi", *STOPPED)), delivers())


def test_a_script_that_goes_on_after_the_end_departs() -> None:
    """Lines behind the end of the exchange are a departure too."""
    with pytest.raises(AssertionError, match=r"\+ \(the end\)"):
        play((picks(), ANN), answers(), (picks(), BEN))


def test_another_command_is_a_departure() -> None:
    """The kind of command counts, not only its fields."""
    with pytest.raises(AssertionError, match="PickAccount"):
        play((opens(), opened()))


def test_another_outcome_is_shown_with_the_dialogue() -> None:
    """``ends`` compares the outcome's named fields and shows the whole dialogue."""
    played = play((picks(), ANN), answers())
    with pytest.raises(AssertionError, match=r"\(the end\) ExchangeEnd\(status=200"):
        played.ends(status=502)


def test_what_a_line_leaves_out_may_be_anything() -> None:
    """A line names only the fields that its rule is about."""
    reading = (reads(), says("Hi", *STOPPED))
    play((picks(target=0), ANN), (opens(), opened()), reading, delivers(), closes(is_complete=...))
