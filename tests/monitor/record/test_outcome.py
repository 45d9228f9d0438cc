"""The outcome of an exchange is the first line of the table that applies."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.record.outcome import OutcomeFacts, outcome_of
from monitor.record.records import Outcome

ALONE = [
    ({"refused_key": Outcome.UNAUTHORIZED}, Outcome.UNAUTHORIZED),
    ({"refused_key": Outcome.KEY_EXPIRED}, Outcome.KEY_EXPIRED),
    ({"refused_key": Outcome.NOT_ALLOWED}, Outcome.NOT_ALLOWED),
    ({"refused_key": Outcome.RATE_LIMITED}, Outcome.RATE_LIMITED),
    ({"refused_key": Outcome.OVER_BUDGET}, Outcome.OVER_BUDGET),
    ({"client_gone": True}, Outcome.CLIENT_CLOSED),
    ({"cut": True}, Outcome.INTERRUPTED),
    ({"empty": True}, Outcome.ZERO_TOKENS),
    ({"failed": True}, Outcome.ERROR),
    ({"refused": True}, Outcome.REFUSED),
    ({"thinking_only": True}, Outcome.THINKING_ONLY),
    ({"continued": True}, Outcome.CONTINUED),
    ({"healed": True}, Outcome.HEALED),
    ({"attempts": 2}, Outcome.RETRIED),
    ({}, Outcome.OK),
]


@pytest.mark.parametrize(("facts", "outcome"), ALONE)
def test_each_fact_alone_has_its_word(facts: dict[str, object], outcome: Outcome) -> None:
    """One fact, one word; no fact is the plain answer."""
    assert outcome_of(OutcomeFacts(**facts)) is outcome


@pytest.mark.parametrize("first", range(len(ALONE)))
def test_the_first_that_applies_wins_over_all_that_follow(first: int) -> None:
    """An exchange of which everything from one line on is true has that line's word."""
    facts: dict[str, object] = {}
    for later, _ in ALONE[first:]:
        facts = later | facts
    assert outcome_of(OutcomeFacts(**facts)) is ALONE[first][1]


@given(st.builds(OutcomeFacts, attempts=st.integers(0, 5)))
def test_every_exchange_has_an_outcome(facts: OutcomeFacts) -> None:
    """Whatever is true together, there is a word, and more trouble never makes it milder."""
    order = list(Outcome)
    outcome = outcome_of(facts)
    worse = msgspec.structs.replace(facts, cut=True)
    assert order.index(outcome_of(worse)) <= order.index(outcome)


def test_the_words_are_those_of_the_document() -> None:
    """Outcomes are named, in this order, as the document names them; pages and filters rely on it."""
    assert " ".join(Outcome) == (
        "unauthorized key_expired not_allowed rate_limited over_budget client_closed interrupted zero_tokens "
        "error refused thinking_only continued healed retried ok"
    )
    assert [outcome for _, outcome in ALONE] == list(Outcome)
