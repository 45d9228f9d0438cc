"""Behaviour 3: a mapping may fall back on overload, on a context that does not fit, or not on a quota."""

from relay.engine.facts import AttemptStarted, FellBack
from relay.engine.retrying.fallbacks import Fallbacks
from relay.neutral.token_limit import TokenLimit
from tests.relay.engine.playbook import Script, play
from tests.relay.engine.script import (
    ANN,
    BEN,
    CAT,
    answers,
    around,
    closes,
    like,
    looks_around,
    marks,
    nobody,
    opens,
    picks,
    refuses,
    sleeps,
)

BEN_2 = like(BEN, model="m-2")
OVERLOADED: list[Script] = [(opens(), refuses(529)), closes()]
ALL_RETRIES: list[Script] = [
    (picks(target=0), ANN), OVERLOADED, sleeps(),
    (picks(target=0), ANN), OVERLOADED, sleeps(),
    (picks(target=0), ANN), OVERLOADED,
]  # fmt: skip
TOO_LONG = TokenLimit("input", input_tokens=208_310, maximum_tokens=200_000)


def test_overload_falls_back_after_its_retries() -> None:
    """The other model has attempts of its own, and what was done is on record with its reason."""
    played = play(
        ALL_RETRIES,
        (picks(target=1, tried=[], stay_on=None), BEN_2),
        OVERLOADED,
        sleeps(),
        (picks(target=1), BEN_2),
        answers(),
        targets=2,
        fallbacks=Fallbacks(on_overload=True),
    )
    played.ends(status=200, attempts=5)
    assert [(fact.model, fact.why) for fact in played.all(FellBack)] == [("m-2", "overload")]
    assert [fact.model for fact in played.all(AttemptStarted)][-2:] == ["m-2"] * 2


def test_without_the_switch_overload_is_told() -> None:
    """The model is not swapped; nor where there is no other model."""
    play(ALL_RETRIES, targets=2).ends(status=529, attempts=3)
    play(ALL_RETRIES, targets=1, fallbacks=Fallbacks(on_overload=True)).ends(status=529, attempts=3)


def test_a_context_that_does_not_fit_goes_to_a_larger_one() -> None:
    """The first fallback is no larger and is passed over; the second is, and is asked at once."""
    played = play(
        (picks(target=0), ANN),
        (opens(), refuses(400, limit=TOO_LONG)),
        closes(),
        (picks(target=2, tried=[], stay_on=None), BEN_2),
        answers(),
        targets=3,
        fallbacks=Fallbacks(on_context=True, windows=(200_000, 200_000, 1_000_000)),
    )
    played.ends(status=200, attempts=2)
    assert played.fact(FellBack).why == "context"


def test_what_fits_nobody_is_the_clients_to_see() -> None:
    """No fallback is large enough by what upstream told, or the switch is off."""
    for fallbacks in (
        Fallbacks(on_context=True, windows=(200_000, 204_800)),
        Fallbacks(on_context=True),
        Fallbacks(on_overload=True, windows=(200_000, 1_000_000)),
    ):
        play(
            (picks(target=0), ANN),
            (opens(), refuses(400, limit=TOO_LONG)),
            closes(),
            targets=2,
            fallbacks=fallbacks,
        ).ends(status=400, attempts=1)


def test_a_fallback_that_cannot_fit_is_passed_over_for_whatever_reason() -> None:
    """Marks and overload lead to the first fallback that is large enough for the request."""
    small = Fallbacks(on_overload=True, windows=(1_000_000, 200_000, 1_000_000), needed=300_000)
    play(ALL_RETRIES, (picks(target=2), BEN_2), answers(), targets=3, fallbacks=small).ends(status=200)
    play(
        (picks(target=0), nobody(429, 60.0)), (picks(target=2), BEN_2), answers(), targets=3, fallbacks=small
    ).ends(status=200)


def test_a_quota_spent_with_the_last_attempt_is_a_reason_too() -> None:
    """The third attempt finds the third account out, and with it the model: its fallback is asked all the
    same, with attempts of its own; where another account of the model has room, the client is told.
    """
    limited: list[Script] = [(opens(), refuses(429, retry_after_seconds=60))]
    others: list[Script] = [(looks_around(target=0), around(another_is_free=True)), closes()]
    until_the_third: list[Script] = [
        (picks(target=0), ANN), limited, marks(ANN, "hard", 429), others,
        (picks(target=0), BEN), limited, marks(BEN, "hard", 429), others,
        (picks(target=0), CAT), limited, marks(CAT, "hard", 429),
    ]  # fmt: skip
    played = play(
        until_the_third,
        (looks_around(target=0), around(all_are_marked=True, nearest_free_seconds=60)),
        (looks_around(target=1, besides=[]), around(another_is_free=True)),
        closes(),
        (picks(target=1, tried=[], stay_on=None), BEN_2),
        OVERLOADED,
        sleeps(),
        (picks(target=1), BEN_2),
        answers(),
        targets=2,
    )
    played.ends(status=200, attempts=5)
    assert played.fact(FellBack).why == "quota"
    play(until_the_third, others, targets=2).ends(status=429, attempts=3)


def test_a_spent_quota_may_be_no_reason() -> None:
    """Switched off, the client is told to wait; other marks still open the fallbacks."""
    off = Fallbacks(on_quota=False)
    play((picks(target=0), nobody(429, 60.0, reason="quota")), targets=2, fallbacks=off).ends(status=429)
    play(
        (picks(target=0), ANN),
        (opens(), refuses(429, retry_after_seconds=60)),
        marks(ANN, "hard", 429),
        (looks_around(target=0), around(all_are_marked=True, nearest_free_seconds=60)),
        closes(),
        targets=2,
        fallbacks=off,
    ).ends(status=429, attempts=1)
    play(
        (picks(target=0), nobody(503, reason="credential")), (picks(target=1), BEN_2), answers(),
        targets=2, fallbacks=off,
    ).ends(status=200)  # fmt: skip
