"""Whatever upstream, the pool, the clock and the client do: what holds of every exchange."""

from random import Random
from typing import Any, Literal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.engine.attempts import Engine, serve
from relay.engine.commands import (
    CloseUpstream,
    Command,
    ContinueUpstream,
    Deliver,
    ExchangeEnd,
    Heal,
    Interrupted,
    Note,
    OpenUpstream,
    PickAccount,
    Read,
    Settle,
    Sleep,
)
from relay.engine.facts import AttemptEnded, AttemptStarted, Committed, Fact, FellBack
from relay.engine.retrying.deadlines import TimeLimits
from relay.neutral.events import BlockStart, BlockStop, MessageStart, Terminal
from tests.relay.engine.any_world import AnyWorld


class Exchange:
    """One exchange in an AnyWorld, to its end: every command, with the time that it was given at."""

    def __init__(self, chance: Random) -> None:
        self.world = AnyWorld(chance)
        self.limits = TimeLimits(deadline_seconds=chance.choice([600.0, 200.0, 20.0]))
        self.is_collected = chance.random() < 0.4
        self.interrupted_at = chance.randrange(1, 40) if chance.random() < 0.3 else None
        self.by: Literal["client", "server"] = chance.choice(["client", "server"])
        self.commands: list[tuple[float, Command]] = []
        self.outcome = self._run(serve(self.limits, chance.randint(1, 3), self.is_collected))

    def _run(self, engine: Engine) -> ExchangeEnd:
        try:
            command = next(engine)
            while True:
                self.commands.append((self.world.at, command))
                if len(self.commands) == self.interrupted_at:
                    command = engine.throw(Interrupted(self.by))
                else:
                    command = engine.send(self.world.reply(command))
        except StopIteration as end:
            outcome: ExchangeEnd = end.value
            return outcome

    @property
    def was_interrupted(self) -> bool:
        """Did somebody else end it?"""
        return self.outcome.interrupted_by != ""

    def given(self, *kinds: type) -> list[Any]:
        """The commands of those kinds, in order."""
        return [command for _, command in self.commands if type(command) in kinds]

    def is_told(self, command: object) -> bool:
        """Is it a delivery that the client got?"""
        return isinstance(command, Deliver) and not any(command is untold for untold in self.world.untold)

    @property
    def facts(self) -> list[Fact]:
        """All facts, in order."""
        return [command.fact for command in self.given(Note)]


def attempts(exchange: Exchange) -> None:
    """Never more than four attempts (three and a heal), over the fallbacks that count with the model before
    them: those of an overload or a long context, and behind its third attempt, have their own. Each attempt
    that started has ended exactly once."""
    started = [fact.number for fact in exchange.facts if isinstance(fact, AttemptStarted)]
    ended = [fact.number for fact in exchange.facts if isinstance(fact, AttemptEnded)]
    assert started == ended == list(range(1, exchange.outcome.attempts + 1))
    assert len(exchange.given(Heal)) <= 1
    counted = [0]
    for fact in exchange.facts:
        if isinstance(fact, FellBack) and (fact.why in ("overload", "context") or counted[-1] >= 3):
            counted.append(0)
        counted[-1] += isinstance(fact, AttemptStarted)
    assert max(counted) <= (4 if exchange.outcome.is_healed else 3)


def commit(exchange: Exchange) -> None:
    """The first delivery follows the fact of the commit, of which there is at most one for each delivery
    that failed before; nothing is asked for anew after it, and a collected answer is delivered once and only
    whole."""
    flow = [
        command.fact if isinstance(command, Note) else command
        for _, command in exchange.commands
        if not isinstance(command, Note) or isinstance(command.fact, Committed)
    ]
    delivered = [at for at, item in enumerate(flow) if exchange.is_told(item)]
    committed = [at for at, item in enumerate(flow) if isinstance(item, Committed)]
    assert len(committed) <= 1 + len(exchange.world.untold)
    if delivered:
        assert committed
        assert committed[0] < delivered[0]
        assert not any(isinstance(item, PickAccount | Sleep | Heal) for item in flow[delivered[0] :])
        assert exchange.outcome.is_committed
    if exchange.is_collected:
        assert len(delivered) <= 1
        if delivered and not exchange.was_interrupted:
            assert (exchange.outcome.failure is None) == (not exchange.world.has_no_words)


def waiting(exchange: Exchange) -> None:
    """Before the commit no wait and no read reaches beyond the exchange's deadline, behind it no wait beyond
    upstream's longest silence; nothing is waited for after the last attempt."""
    deadline = exchange.limits.deadline_seconds
    is_committed = False
    for at, command in exchange.commands:
        match command:
            case Deliver() if not exchange.is_collected and exchange.is_told(command):
                is_committed = True
            case Sleep(seconds):
                assert at + seconds < (at + exchange.limits.idle_seconds if is_committed else deadline)
                assert seconds > 0
            case OpenUpstream(until) | Read(until) if not is_committed:
                assert until <= deadline
            case _:
                pass
    order = [command for _, command in exchange.commands if type(command) in (Sleep, PickAccount)]
    for sleep, after in zip(order, [*order[1:], None], strict=True):
        if isinstance(sleep, Sleep) and not exchange.was_interrupted:
            assert isinstance(after, PickAccount)


def outcome(exchange: Exchange) -> None:
    """200 if and only if an answer went out; upstream's 401, 402 or 403 is never the client's."""
    outcome = exchange.outcome
    if exchange.is_collected and exchange.world.has_no_words:
        assert outcome.status == 500 or outcome.interrupted_by
    else:
        assert (outcome.status == 200) == outcome.is_committed
    assert outcome.status == 200 or outcome.status >= 400
    assert outcome.status not in (401, 402, 403)
    if not outcome.interrupted_by:
        assert outcome.is_committed or outcome.failure is not None
    if outcome.failure is not None and outcome.failure.status is not None and not outcome.is_committed:
        assert outcome.failure.status not in (401, 402, 403)
    if outcome.is_told:
        assert outcome.is_committed
    if outcome.failure is None and not outcome.interrupted_by:
        assert outcome.state.terminal


def interruption(exchange: Exchange) -> None:
    """After the interruption nothing is asked for any more: at most a fact, and the end."""
    if exchange.interrupted_at is None or len(exchange.commands) < exchange.interrupted_at:
        assert not exchange.was_interrupted
        return
    assert exchange.outcome.interrupted_by == exchange.by
    assert (exchange.outcome.failure is None) == (exchange.by == "client")
    after = [type(command) for _, command in exchange.commands[exchange.interrupted_at :]]
    assert after in ([], [Note])


def upstream_is_closed_once_per_attempt(exchange: Exchange) -> None:
    """Every attempt that was not interrupted ends with exactly one close, and nothing is read behind it."""
    is_open = False
    for _, command in exchange.commands:
        match command:
            case OpenUpstream():
                is_open = True
            case CloseUpstream():
                assert is_open
                is_open = False
            case Read() | ContinueUpstream() | Settle():
                assert is_open
            case PickAccount():
                assert not is_open
            case _:
                pass
    assert not is_open or exchange.was_interrupted


def the_client_sees_one_message(exchange: Exchange) -> None:
    """One start, one end at most and last, blocks numbered without gaps and closed once, over all legs."""
    told = [deliver for deliver in exchange.given(Deliver) if exchange.is_told(deliver)]
    events = [event for deliver in told for event in deliver.chunk.events]
    kinds = [type(event) for event in events]
    assert kinds.count(MessageStart) <= 1
    assert kinds.count(Terminal) <= 1
    assert Terminal not in kinds[:-1]
    opened = [event.index for event in events if isinstance(event, BlockStart)]
    closed = [event.index for event in events if isinstance(event, BlockStop)]
    assert opened == list(range(len(opened)))
    assert len(set(closed)) == len(closed)
    assert set(closed) <= set(opened)


def no_step_is_outside_of_the_table(exchange: Exchange) -> None:
    """Whatever comes, the engine never stumbles: what it becomes stands in the table of states."""
    failures = [fact.failure for fact in exchange.facts if isinstance(fact, AttemptEnded)]
    assert [one.where for one in failures if one is not None and "understood" in one.message] == []


RULES = [
    no_step_is_outside_of_the_table,
    attempts,
    commit,
    waiting,
    outcome,
    interruption,
    upstream_is_closed_once_per_attempt,
    the_client_sees_one_message,
]


@pytest.mark.thorough
@settings(max_examples=1000, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_every_exchange_keeps_the_rules(seed: int) -> None:
    """Each function of RULES holds, whatever happens; its docstring says what it is."""
    exchange = Exchange(Random(seed))
    for rule in RULES:
        rule(exchange)
