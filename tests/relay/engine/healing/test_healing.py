"""Behaviour 8: a refused thinking signature is healed once per exchange, on the same account."""

import pytest

from relay.engine.facts import AttemptEnded, GaveUp, Healing, HealingFailed, KeptAccount, Rotated
from relay.engine.retrying.policy import Decision
from relay.neutral.events import MessageStart, Stop, Terminal
from relay.neutral.failures import Failure, Kind
from tests.relay.engine.failures import OFFERS_DROP_BLOCK, REFUSED_SIGNATURE
from tests.relay.engine.playbook import Script, play
from tests.relay.engine.script import (
    ANN,
    BEN,
    answers,
    around,
    breaks,
    closes,
    healed,
    heals,
    looks_around,
    marks,
    opened,
    opens,
    picks,
    reads,
    refuses,
    says,
    sleeps,
)

HEALED: list[Script] = [
    (opens(), breaks(REFUSED_SIGNATURE)),
    (heals("strip"), healed("2 thinking blocks to text")),
    closes(is_complete=False),
    sleeps(0.2),
]


def test_a_refused_signature_is_healed_and_asked_again() -> None:
    """FixedDelay 200 ms, same account, and the answer counts as healed."""
    played = play((picks(), ANN), HEALED, (picks(tried=[ANN], stay_on=ANN), ANN), answers())
    played.ends(status=200, attempts=2, is_healed=True, failure=None)
    healing = played.fact(Healing)
    assert (healing.how, healing.email) == ("strip", "ann@example.com")
    assert healing.message == REFUSED_SIGNATURE.message
    assert healing.changes == ("2 thinking blocks to text",)
    assert played.fact(AttemptEnded).decision == Decision(True, "fixed delay", 0.2, False, "strip")
    assert not played.all(Rotated)
    assert not played.all(KeptAccount)


def test_drop_block_where_the_message_offers_it() -> None:
    """Preserved thinking: upstream is asked to drop what it cannot read, and nothing is stripped."""
    played = play(
        (picks(), ANN),
        (opens(), breaks(OFFERS_DROP_BLOCK)),
        (heals("drop_block"), healed("drop_block")),
        closes(),
        sleeps(0.2),
        (picks(stay_on=ANN), ANN),
        answers(),
    )
    played.ends(status=200, is_healed=True)
    assert played.fact(Healing).how == "drop_block"


def test_a_missing_signature_in_a_stream_is_healed_too() -> None:
    """The finish reason MISSING_THOUGHT_SIGNATURE says the same as the 400."""
    stop = Stop("missing_signature", "MISSING_THOUGHT_SIGNATURE")
    play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says(MessageStart("id", "m-1"), stop, Terminal())),
        (heals("strip"), healed("placeholders")),
        closes(),
        sleeps(0.2),
        (picks(stay_on=ANN), ANN),
        answers(),
    ).ends(status=200, is_healed=True, attempts=2)


@pytest.mark.parametrize("how", [REFUSED_SIGNATURE, OFFERS_DROP_BLOCK])
def test_a_second_refusal_is_the_client_s_to_see(how: Failure) -> None:
    """Once per exchange: the healed request was refused again, and that 400 goes out as it came."""
    played = play((picks(), ANN), HEALED, (picks(stay_on=ANN), ANN), (opens(), breaks(how)), closes())
    played.ends(status=400, attempts=2, is_healed=True, failure=how, message=how.message)
    assert played.fact(HealingFailed).message == how.message
    assert not played.all(GaveUp)


def test_with_nothing_to_heal_the_refusal_is_the_client_s_to_see() -> None:
    """A history without thinking cannot be healed, and no healing is claimed."""
    played = play((picks(), ANN), (opens(), breaks(REFUSED_SIGNATURE)), (heals(), healed()), closes())
    played.ends(status=400, attempts=1, is_healed=False, failure=REFUSED_SIGNATURE)
    assert played.fact(AttemptEnded).decision == Decision(retry=False)
    assert not played.all(Healing)
    assert not played.all(HealingFailed)


def test_another_400_is_not_healed() -> None:
    """An ordinary 400 is the client's to see, at once, with upstream's own body."""
    body = b'{"error": {}}'
    played = play((picks(), ANN), (opens(), refuses(400, body=body)), closes())
    played.ends(status=400, attempts=1, message="upstream said 400")
    assert played.outcome.failure is not None
    assert played.outcome.failure.body == body
    assert not played.all(GaveUp)


def test_a_heal_is_not_counted_as_an_attempt() -> None:
    """Three attempts are left beside it: four in all, and the waits go by the counted ones."""
    played = play(
        (picks(), ANN),
        HEALED,
        (picks(stay_on=ANN), ANN),
        (opens(), refuses(500)),
        closes(),
        sleeps(0.5),
        (picks(stay_on=None), BEN),
        (opens(), refuses(500)),
        closes(),
        sleeps(1.0),
        (picks(), ANN),
        (opens(), refuses(500)),
        closes(),
    )
    played.ends(status=500, attempts=4, is_healed=True, message="All 4 attempts failed. upstream said 500")


def test_a_signature_refused_on_the_last_attempt_is_still_healed() -> None:
    """The heal does not need an attempt of its own."""
    play(
        (picks(), ANN),
        (opens(), refuses(503)),
        closes(),
        sleeps(1),
        (picks(), ANN),
        (opens(), refuses(503)),
        closes(),
        sleeps(2),
        (picks(), ANN),
        HEALED,
        (picks(stay_on=ANN), ANN),
        answers(),
    ).ends(status=200, attempts=4, is_healed=True)


def test_after_the_heal_the_table_goes_on_as_ever() -> None:
    """The healed request may meet a quota, and rotate."""
    play(
        (picks(), ANN),
        HEALED,
        (picks(stay_on=ANN), ANN),
        (opens(), refuses(429)),
        marks(ANN, "hard", 429),
        (looks_around(besides=[ANN]), around(another_is_free=True)),
        closes(),
        (picks(stay_on=None), BEN),
        answers(),
    ).ends(status=200, attempts=3, is_healed=True)


def test_a_missing_signature_that_stays_missing_is_a_400() -> None:
    """A finish reason has no status of its own; after the failed heal the client gets a 400."""
    missing = Failure(Kind.MISSING_SIGNATURE, "misses a signature", status=400, is_signature=True)
    played = play((picks(), ANN), HEALED, (picks(), ANN), (opens(), breaks(missing)), closes())
    played.ends(status=400, message="misses a signature")
    assert played.all(HealingFailed)
