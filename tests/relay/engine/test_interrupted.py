"""Behaviour 5.9 and 5.10: the client goes or the server stops, at any moment, and all is on record."""

from typing import Literal

import pytest

from relay.engine.attempts import serve
from relay.engine.commands import Allowed, Done, ExchangeEnd, Interrupted, Note, Reply, SpendRetry
from relay.engine.facts import AttemptEnded, AttemptStarted, Committed, Fact
from relay.engine.retrying.deadlines import TimeLimits
from relay.neutral.failures import Kind, Phase
from tests.relay.engine.failures import REFUSED_SIGNATURE
from tests.relay.engine.playbook import Script, lines_of, play
from tests.relay.engine.script import (
    ANN,
    BEN,
    STOPPED,
    answers,
    around,
    breaks,
    closes,
    delivers,
    healed,
    heals,
    interrupted,
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

By = Literal["client", "server", "fault"]

STREAMED: list[Script] = [
    (picks(), ANN),
    (opens(), refuses(500)),
    closes(),
    sleeps(0.5),
    (picks(), BEN),
    (opens(), opened()),
    (reads(), says("Hello")),
    marks(ANN, "soft"),
    delivers("Hello"),
    (reads(), says(*STOPPED)),
    delivers(*STOPPED),
    closes(is_complete=True),
]
HEALED: list[Script] = [
    (picks(), ANN),
    (opens(), breaks(REFUSED_SIGNATURE)),
    (heals(), healed("1 block")),
    closes(),
    sleeps(0.2),
    (picks(), ANN),
    (opens(), refuses(429)),
    marks(ANN, "hard"),
    (looks_around(), around(all_are_marked=True)),
    closes(),
    sleeps(1),
    (picks(), ANN),
    answers(),
]


def cut_short(script: list[Script], at: int, by: By) -> tuple[ExchangeEnd, list[Fact]] | None:
    """What comes of the script when its command number ``at`` is interrupted; None when it was over by then.

    Facts are commands too; what was said is on record, whatever comes.
    """
    engine = serve(TimeLimits(), 1, is_collected=False)
    givens = [given for _, given in lines_of(script)]
    facts: list[Fact] = []
    count, now = 0, 0.0
    try:
        command = next(engine)
        while True:
            count += 1
            reply: Reply = Done(now)
            if isinstance(command, Note):
                facts.append(command.fact)
            elif isinstance(command, SpendRetry):
                reply = Allowed(now, is_allowed=True)
            elif count != at:
                reply = givens.pop(0).make(command, now)
            now = reply.at
            command = engine.throw(Interrupted(by)) if count == at else engine.send(reply)
    except StopIteration as end:
        return (end.value, facts) if count >= at else None


@pytest.mark.parametrize("by", ["client", "server", "fault"])
@pytest.mark.parametrize("script", [STREAMED, HEALED], ids=["streamed", "healed"])
def test_an_interruption_at_any_moment_leaves_one_end_per_attempt(script: list[Script], by: By) -> None:
    """At each command, facts too: every attempt that started has ended exactly once, in order."""
    moments = 0
    while True:
        ended = cut_short(script, moments + 1, by)
        if ended is None:
            break
        moments += 1
        outcome, facts = ended
        kinds = {"client": None, "server": Kind.DRAINING, "fault": Kind.INTERNAL}
        assert (outcome.failure and outcome.failure.kind) == kinds[by]
        assert outcome.interrupted_by == ("" if by == "fault" else by)
        assert outcome.status == (200 if outcome.is_committed else 500 if by == "fault" else 503)
        started = [fact.number for fact in facts if isinstance(fact, AttemptStarted)]
        assert [fact.number for fact in facts if isinstance(fact, AttemptEnded)] == started
        assert outcome.attempts == len(started)
        has_committed = any(isinstance(fact, Committed) for fact in facts)
        assert has_committed or not outcome.is_committed
    assert moments > len(script)


def test_a_client_that_goes_in_the_middle_is_no_failure() -> None:
    """Nothing failed; the row says who ended it, in what."""
    played = play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says("Hello")),
        delivers("Hello"),
        (reads(), interrupted("client")),
    )
    played.ends(status=200, interrupted_by="client", failure=None, is_committed=True, phase=Phase.TEXT)
    ended = played.fact(AttemptEnded)
    assert (ended.failure, ended.decision, ended.phase) == (None, None, Phase.TEXT)


@pytest.mark.parametrize(
    ("when", "phase"),
    [
        ([(picks(), interrupted("server"))], Phase.ADMISSION),
        ([(picks(), ANN), (opens(), interrupted("server"))], Phase.CONNECT),
        ([(picks(), ANN), (opens(), opened()), (reads(), interrupted("server"))], Phase.PEEK),
    ],
)
def test_a_server_that_stops_before_the_commit_answers_503(when: list[Script], phase: Phase) -> None:
    """The client is told to come back in a second."""
    played = play(when)
    played.ends(status=503, interrupted_by="server", is_committed=False, phase=phase, retry_after_seconds=1)
    assert played.outcome.failure is not None
    assert played.outcome.failure.kind is Kind.DRAINING


def test_a_server_that_stops_after_the_commit_says_so_in_the_stream() -> None:
    """The 200 is out: the failure is there for the error event."""
    played = play(
        (picks(), ANN),
        (opens(), opened()),
        (reads(), says("Hello")),
        delivers("Hello"),
        (reads(), interrupted("server")),
    )
    played.ends(status=200, interrupted_by="server", is_committed=True, is_told=False)
    assert played.outcome.failure is not None


def test_a_back_off_can_be_interrupted() -> None:
    """Nobody waits for a client that has gone."""
    play((picks(), ANN), (opens(), refuses(503)), closes(), (sleeps(1), interrupted("client"))).ends(
        interrupted_by="client", attempts=1
    )
