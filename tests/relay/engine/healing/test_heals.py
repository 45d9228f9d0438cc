"""A part of the request's form that upstream refuses is taken back, and the request asked again at once."""

from relay.engine.facts import AttemptEnded, Healing, HealingFailed
from relay.engine.healing.heals import MAX_TAKEN_BACK, HealsSoFar
from relay.engine.healing.refused_forms import LIMIT, Refusals
from relay.engine.retrying.policy import Decision
from relay.neutral.failures import Failure, Kind
from tests.relay.engine.failures import REFUSED_SIGNATURE
from tests.relay.engine.playbook import play
from tests.relay.engine.script import ANN, answers, breaks, closes, healed, heals, opens, picks, sleeps


def refuses(name: str) -> Failure:
    return Failure(Kind.STATUS, f"Unknown parameter: '{name}'.", status=400, refused_parameter=name)


def test_it_is_taken_back_and_asked_again() -> None:
    """The same account, at once, uncounted; the row says healed."""
    played = play(
        (picks(), ANN),
        (opens(), breaks(refuses("stream_options"))),
        (heals("parameter"), healed("stream_options taken back")),
        closes(is_complete=False),
        (picks(tried=[ANN], stay_on=ANN), ANN),
        answers(),
    )
    played.ends(status=200, attempts=2, is_healed=True, failure=None)
    assert played.fact(Healing).changes == ("stream_options taken back",)
    assert played.fact(AttemptEnded).decision == Decision(True, "fixed delay", 0.0, False, "parameter")


def test_the_same_refusal_twice_is_the_clients_to_see() -> None:
    """Each thing once: an upstream that goes on refusing it is believed."""
    played = play(
        (picks(), ANN),
        (opens(), breaks(refuses("stream_options"))),
        (heals("parameter"), healed("taken back")),
        closes(),
        (picks(stay_on=ANN), ANN),
        (opens(), breaks(refuses("stream_options"))),
        closes(),
    )
    played.ends(status=400, attempts=2)
    assert not played.all(HealingFailed)


def test_two_things_and_a_signature_are_healed_in_one_exchange() -> None:
    """Servers refuse one thing at a time."""
    play(
        (picks(), ANN),
        (opens(), breaks(refuses("stream_options"))),
        (heals("parameter"), healed("taken back")),
        closes(),
        (picks(stay_on=ANN), ANN),
        (opens(), breaks(refuses("developer role"))),
        (heals("parameter"), healed("taken back")),
        closes(),
        (picks(stay_on=ANN), ANN),
        (opens(), breaks(REFUSED_SIGNATURE)),
        (heals("strip"), healed("blocks")),
        closes(),
        sleeps(0.2),
        (picks(stay_on=ANN), ANN),
        answers(),
    ).ends(status=200, attempts=4, is_healed=True)


def test_what_the_request_does_not_hold_cannot_be_taken_back() -> None:
    """Then the refusal is the client's to see, as it is."""
    played = play(
        (picks(), ANN),
        (opens(), breaks(refuses("temperature"))),
        (heals("parameter"), healed()),
        closes(),
    )
    played.ends(status=400, attempts=1, is_healed=False)


def test_heals_are_bounded() -> None:
    """A server that refuses one thing after the other is given up."""
    heals = HealsSoFar()
    names = [f"p{number}" for number in range(MAX_TAKEN_BACK)]
    for name in names:
        assert not heals.are_spent_on(refuses(name))
        heals.note(refuses(name))
        assert heals.are_spent_on(refuses(name))
    assert heals.are_spent_on(refuses("another"))
    assert not heals.are_spent_on(REFUSED_SIGNATURE)
    assert heals.are_any


def test_refusals_are_remembered_by_account_and_model() -> None:
    """So they are told before they come again; the least recently used goes first."""
    refusals = Refusals()
    assert refusals.remember("a", "m", "stream")
    assert not refusals.remember("a", "m", "stream")
    assert refusals.remember("a", "m", "developer role")
    assert refusals.of("a", "m") == {"stream", "developer role"}
    assert refusals.of("a", "other") == refusals.of("b", "m") == frozenset()
    for number in range(LIMIT):
        refusals.of("a", "m")
        refusals.remember("z", str(number), "stream")
    assert refusals.of("a", "m")
    assert not refusals.of("z", "0")
