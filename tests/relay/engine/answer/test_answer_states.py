"""The states of an answer: the table, what holds it, and its picture."""

from pathlib import Path

import pytest

from relay.engine.answer.answer_states import (
    AT_A_STOP,
    ENDS,
    TABLE,
    UNOPENED,
    UNSAID,
    State,
    picture,
    turned,
)
from relay.engine.commands import Broke, Data, Ended, Opened, OpenUpstream, Read, TimedOut
from relay.neutral.events import Chunk
from relay.neutral.failures import Failure, Kind

ARCHITECTURE = Path(__file__).parents[4] / "docs" / "architecture.md"
REPLIES = {
    OpenUpstream: {Opened, Broke, TimedOut},
    Read: {Data, Ended, Broke, TimedOut},
}
"""What each command is answered with."""


def test_every_state_takes_every_reply_to_what_it_asks() -> None:
    """Nothing can come that the table has no place for; at a stop a broken connection comes as Ended."""
    for state, takes in TABLE.items():
        asks = OpenUpstream if state in UNOPENED else Read
        expected = REPLIES[asks] - ({Broke, TimedOut} if state in AT_A_STOP else set())
        assert (state, set(takes)) == (state, expected)
    assert set(TABLE) == set(State) - ENDS


def test_every_state_can_be_reached_and_left() -> None:
    """From the sending each state is reached, and from each state both ends."""
    reached = {State.SENT}
    for _ in State:
        reached |= {
            target for state in reached & set(TABLE) for ways in TABLE[state].values() for target in ways
        }
    assert reached == set(State)
    for state in TABLE:
        seen = {state}
        for _ in State:
            seen |= {target for one in seen & set(TABLE) for ways in TABLE[one].values() for target in ways}
        assert seen >= ENDS


def test_what_was_said_stays_said() -> None:
    """Behind valid data no state is one of those before it, in this leg or the next."""
    said = set(TABLE) - UNSAID
    assert all(not ways & UNSAID for state in said for ways in TABLE[state].values())


def test_an_end_of_the_body_is_an_end() -> None:
    """Nothing is read behind it: the answer is over, or another leg begins."""
    for takes in TABLE.values():
        assert takes.get(Ended, frozenset()) <= ENDS | UNOPENED


def test_a_step_that_is_not_in_the_table_fails() -> None:
    """A fault of ours is told where it happens."""
    assert turned(State.PEEKING, Data(0, Chunk(b"", [])), State.SPEAKING) is State.SPEAKING
    with pytest.raises(RuntimeError, match="speaking became peeking by Data"):
        turned(State.SPEAKING, Data(0, Chunk(b"", [])), State.PEEKING)
    with pytest.raises(RuntimeError, match="stopped became broken by Broke"):
        turned(State.STOPPED, Broke(0, Failure(Kind.CUT, "a cut")), State.BROKEN)


def test_the_picture_in_the_documents_is_this_table() -> None:
    """The Mermaid picture in docs/architecture.md is made from the table: put ``picture()`` there."""
    assert f"```mermaid\n{picture()}\n```" in ARCHITECTURE.read_text()


def test_the_docstring_names_every_state() -> None:
    """The table stands in the docstring too, for who reads the code."""
    from relay.engine.answer import answer_states

    assert answer_states.__doc__ is not None
    assert [state.value for state in State if state.value not in answer_states.__doc__] == []
