"""Behaviour 8: thinking that only its own account can read is dropped in silence by any other."""

from relay.engine.facts import KeptAccount, Rotated
from relay.neutral.failures import Kind
from tests.relay.engine.playbook import play
from tests.relay.engine.script import (
    ANN,
    BEN,
    answers,
    around,
    breaks,
    closes,
    ends,
    like,
    looks_around,
    marks,
    opened,
    opens,
    picks,
    reads,
    refuses,
    sleeps,
)

BOUND = like(ANN, has_bound_thinking=True)


def test_everything_but_a_hard_mark_backs_off_on_the_account() -> None:
    """500, a reset and an empty stream wait where they are, for the conversation cannot move."""
    played = play(
        (picks(), BOUND),
        (opens(), refuses(500)),
        closes(),
        sleeps(0.5),
        (picks(stay_on=BOUND), BOUND),
        (opens(), opened()),
        (reads(), ends()),
        closes(),
        sleeps(1.0),
        (picks(stay_on=BOUND), BOUND),
        (opens(), breaks(Kind.NETWORK)),
        closes(),
    )
    played.ends(status=500, attempts=3)
    assert [fact.status for fact in played.all(KeptAccount)] == ["500", "200"]


def test_a_hard_mark_rotates() -> None:
    """A refused account cannot answer at all: losing the thinking is better than no answer."""
    played = play(
        (picks(), BOUND),
        (opens(), refuses(403)),
        marks(ANN, "hard", 403),
        (looks_around(), around(another_is_free=True)),
        closes(),
        sleeps(0.1),
        (picks(stay_on=None), BEN),
        answers(),
    )
    played.ends(status=200)
    assert played.all(Rotated)
