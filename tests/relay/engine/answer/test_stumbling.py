"""Whatever upstream sends is data: an answer that our code stumbles over is a broken answer of upstream."""

import pytest

from relay.engine.commands import Picked
from relay.engine.facts import AttemptEnded, Rotated
from relay.exchange.record.log_phrases import lines
from relay.neutral.events import BlockStop, Stop, Terminal, TextDelta, Usage
from relay.neutral.failures import MAX_TOLD_SECONDS, Failure, Kind, Phase, stumbled
from tests.relay.engine.playbook import Script, play
from tests.relay.engine.script import (
    ANN,
    BEN,
    CAT,
    STOPPED,
    STUMBLE,
    answers,
    closes,
    delivers,
    like,
    marks,
    opened,
    opens,
    picks,
    reads,
    says,
    stumbles,
)


@pytest.mark.parametrize("is_collected", [False, True])
def test_an_answer_that_cannot_be_told_is_tried_again(is_collected: bool) -> None:
    """No byte of it went out, so another account answers."""
    played = play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says("Hello", *STOPPED)),
        (delivers("Hello", *STOPPED), stumbles()),
        closes(is_complete=False),
        (picks(tried=[ANN]), BEN),
        *answers(soft=[ANN]),
        is_collected=is_collected,
    )
    played.ends(status=200, is_committed=True, failure=None, attempts=2)
    assert played.fact(AttemptEnded).failure == STUMBLE
    assert played.fact(Rotated).new == BEN.email


def test_when_no_answer_can_be_told_the_client_hears_of_a_bad_gateway() -> None:
    """Never a 500 of ours: upstream's answers were broken, three times."""

    def attempt(*failed: Picked) -> list[Script]:
        return [
            (opens(), opened()),
            (reads(), says("Hello")),
            *[marks(account, "soft") for account in failed],
            (delivers(), stumbles()),
            closes(is_complete=False),
        ]

    played = play((picks(), ANN), *attempt(), (picks(), BEN), *attempt(ANN), (picks(), CAT), *attempt(BEN))
    played.ends(status=502, is_committed=False, attempts=3)


def test_an_answer_that_cannot_be_told_any_further_breaks_off() -> None:
    """Nor is it gone on with: how much of it the client has had is not known."""
    played = play(
        (picks(), like(ANN, continues=True)),
        (opens(), opened()),
        (reads(), says("Hello")),
        delivers("Hello"),
        (reads(), says(TextDelta(0, " there"))),
        (delivers(), stumbles()),
        closes(is_complete=False),
    )
    played.ends(status=200, is_committed=True, attempts=1)
    assert played.outcome.failure is not None


@pytest.mark.parametrize(
    "events",
    [(TextDelta(5, "?"),), (BlockStop(3),), (TextDelta(-1, "?"), Stop("end_turn", "STOP"), Terminal())],
)
def test_events_that_do_not_fit_together_are_a_broken_answer(events: tuple[TextDelta, ...]) -> None:
    """A block that never began is spoken of: another account answers."""
    played = play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says(*events)),
        closes(is_complete=False),
        (picks(tried=[ANN]), BEN),
        *answers(soft=[ANN]),
    )
    played.ends(status=200, attempts=2)
    assert played.fact(AttemptEnded).failure.kind is Kind.GARBAGE


def test_the_log_says_where_we_stumbled_and_nothing_of_what_came() -> None:
    """The client is told the kind of exception; its text may hold upstream's bytes and is told nobody."""
    try:
        {}["sk-secret"]
    except KeyError as error:
        failure = stumbled("read", error)
    assert failure.message == "upstream's answer could not be read (KeyError)"
    assert failure.where.startswith("test_stumbling.py:")
    ended = AttemptEnded(0, 1, "a@example.com", Phase.PEEK, Usage(), failure, None)
    told = [line for _, line in lines(ended, "openai")]
    assert any(failure.where in line for line in told)
    assert not any("sk-secret" in line for line in told)


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ((999, 1.0), (None, 1.0)),
        ((0, -5.0), (None, 0.0)),
        ((-429, float("inf")), (None, MAX_TOLD_SECONDS)),
        ((429, float("nan")), (429, None)),
        ((599, 1e300), (599, MAX_TOLD_SECONDS)),
        ((10**40, 0.0), (None, 0.0)),
    ],
)
def test_what_http_and_calendars_cannot_say_is_not_believed(
    told: tuple[int, float], kept: tuple[int | None, float | None]
) -> None:
    """A status that HTTP does not know is none; a delay is cut to what a mark may last."""
    failure = Failure(Kind.STATUS, "x", status=told[0], retry_after_seconds=told[1])
    assert (failure.status, failure.retry_after_seconds) == kept
