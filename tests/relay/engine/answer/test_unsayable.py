"""What the client's dialect has no words for ends the answer with an error, never with something left out."""

from relay.engine.facts import AttemptEnded
from relay.neutral.failures import Failure, Kind
from tests.relay.engine.playbook import play
from tests.relay.engine.script import (
    ANN,
    STOPPED,
    closes,
    delivers,
    opened,
    opens,
    picks,
    reads,
    says,
    unsayable,
)

PICTURE = Failure(Kind.MALFORMED_ANSWER, "an image has no place in this dialect", status=500)


def test_a_stream_that_cannot_be_said_to_its_end_breaks_off() -> None:
    """The client was told by its encoder; upstream is left, nothing is retried, the row says why."""
    played = play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says("Hello")),
        (delivers("Hello"), unsayable(PICTURE)),
        closes(is_complete=False),
    )
    played.ends(status=200, is_committed=True, failure=PICTURE, attempts=1)
    assert played.fact(AttemptEnded).failure == PICTURE


def test_a_collected_answer_that_cannot_be_said_is_an_error_status() -> None:
    """Nothing has gone out yet: the client gets a real status instead of a 200 with half an answer."""
    played = play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says("Hello", *STOPPED)),
        (delivers(), unsayable(PICTURE)),
        closes(is_complete=False),
        is_collected=True,
    )
    played.ends(status=500, failure=PICTURE, attempts=1)
