"""The exchange as a generator: attempts until one commits, then its answer to the end.

PURE. It yields commands and is sent replies; it does nothing itself. Before the commit it may back
off, rotate and heal; after it, it forwards or reports. It never pretends.
"""

from collections.abc import Generator
from typing import Literal, cast

from relay.engine import giving_up, policy
from relay.engine.answer import Answer
from relay.engine.clock import Clock
from relay.engine.commands import (
    Around,
    CloseUpstream,
    Command,
    Interrupted,
    MarkAccount,
    Note,
    Outcome,
    Picked,
    Repair,
    Reply,
    Sleep,
    SpendRetry,
    Unavailable,
)
from relay.engine.deadlines import Limits, deadline_is_over
from relay.engine.facts import (
    AttemptEnded,
    AttemptStarted,
    Committed,
    Fact,
    GaveUp,
    Healing,
    HealingFailed,
    KeptAccount,
    Rotated,
)
from relay.engine.targets import Targets
from relay.events import StreamState
from relay.failures import Failure, Kind, Phase

Engine = Generator[Command, Reply, Outcome]
Steps = Generator[Command, Reply, None]


def serve(limits: Limits, targets: int, is_collected: bool) -> Engine:
    """One exchange over ``targets`` upstream models; a collected one answers as a whole or not at all."""
    exchange = _Exchange(limits, targets, is_collected)
    try:
        return (yield from exchange.run())
    finally:
        exchange.answer = None  # the answer holds the exchange: no circle, so its text is let go of at once


class _Exchange:
    def __init__(self, limits: Limits, targets: int, is_collected: bool) -> None:
        self.limits = limits
        self.clock = Clock()
        self.targets = Targets(self.clock, targets)
        self.is_collected = is_collected
        self.number = 0  # attempts as the rows count them
        self.counted = 0  # attempts as the policy counts them: without heals
        self.account: Picked | None = None
        self.answer: Answer | None = None
        self.failures: list[Failure] = []
        self.soft_marks: dict[int, tuple[str, policy.Mark]] = {}
        self.is_healed = False
        self.is_attempting = False

    def run(self) -> Engine:
        """Attempt after attempt, until one answers or none is left."""
        decision: policy.Decision | None = None
        try:
            while True:
                refusal = yield from self._pick(decision)
                if refusal is not None:
                    return (yield from self._give_up(refusal))
                failure = yield from self._attempt()
                if failure is None:
                    return self._outcome(200, None)
                if self._is_committed:
                    is_open = not self.is_collected
                    return self._outcome(200 if is_open else policy.answer_status([failure]), failure)
                decision = yield from self._decide(failure)
                if not decision.retry:
                    return (yield from self._end_without_answer(failure, decision))
                if decision.delay_seconds:
                    yield from self.clock.ask(Sleep(decision.delay_seconds))
        except Interrupted as interruption:
            if self.is_attempting:
                yield from self._end_attempt(None, None)
            failure = Failure(Kind.DRAINING, "the server is going down", status=503, retry_after_seconds=1)
            stopped = failure if interruption.by == "server" else None
            return self._outcome(200 if self._is_committed else 503, stopped, interruption.by)

    def _pick(self, decision: policy.Decision | None) -> Generator[Command, Reply, Failure | None]:
        """Take the next account; the refusal when there is none."""
        before = self.account
        stay_on = before.account if before and decision and not decision.rotate else None
        reply = yield from self.targets.pick(stay_on)
        if isinstance(reply, Unavailable):
            return reply.failure
        self.account = reply
        if before and decision and not decision.heal:
            failure = self.failures[-1]
            if reply.account != before.account:
                yield from self._note(Rotated(reply.at, _status_word(failure), before.email, reply.email))
            elif not decision.rotate and failure.status != 429:
                yield from self._note(KeptAccount(reply.at, _status_word(failure)))
        return None

    def _attempt(self) -> Generator[Command, Reply, Failure | None]:
        """Try once: None when the answer came to its end, else why not."""
        account = cast(Picked, self.account)
        self.number += 1
        self.answer = Answer(
            self.clock, self.limits, account, self.number, self.is_collected, self._on_commit
        )
        self.is_attempting = True
        at = self.clock.at
        yield from self._note(
            AttemptStarted(at, self.number, account.account, account.email, account.kind, account.model)
        )
        failure = yield from self.answer.steps()
        if failure is None:
            yield from self._end_attempt(None, None)
        elif self._is_committed:
            yield from self._mark_hard(failure)
            yield from self.clock.ask(CloseUpstream(is_complete=False))
            yield from self._end_attempt(failure, None)
        return failure

    def _on_commit(self) -> Steps:
        """Now that this account answers, the others that failed the same request are marked."""
        account = cast(Picked, self.account)
        yield from self._note(Committed(self.clock.at, self.number))
        for failed_account, (model, mark) in self.soft_marks.items():
            if failed_account != account.account and model == account.model:
                yield from self.clock.ask(MarkAccount(failed_account, model, mark))

    def _decide(self, failure: Failure) -> Generator[Command, Reply, policy.Decision]:
        """What is done about a failure before the commit: the account is marked, the attempt closed."""
        account = cast(Picked, self.account)
        self.failures.append(failure)
        self.targets.tried |= {account.account}
        is_marked = yield from self._mark_hard(failure)
        soft = policy.soft_mark(failure)
        if soft is not None:
            self.soft_marks[account.account] = (account.model, soft)
        around = Around(self.clock.at, another_is_free=True, all_are_marked=False)
        if is_marked:
            around = yield from self.targets.look_around()
        if failure.status == 429:
            self.failures[-1] = giving_up.with_nearest(failure, around.nearest_free_seconds)
        decision = policy.decide(
            failure,
            self.counted,
            is_healed=self.is_healed,
            another_is_free=around.another_is_free,
            all_are_marked=around.all_are_marked,
            has_bound_thinking=account.has_bound_thinking,
            scale=self.limits.backoff_scale,
        )
        if decision.retry and self.clock.at + decision.delay_seconds >= self.limits.deadline_seconds:
            self.failures.append(deadline_is_over(self.limits))
            decision = policy.Decision(retry=False)
        if policy.asks_the_budget(decision, failure):
            allowed = yield from self.clock.ask(SpendRetry())
            if not allowed.is_allowed:
                decision = policy.Decision(retry=False, strategy=policy.BUDGET_SPENT)
        changes: tuple[str, ...] = ()
        if decision.heal:
            changes = (yield from self.clock.ask(Repair(decision.heal))).changes
            if not changes:  # nothing in the history to repair: the refusal is the client's to see
                decision = policy.Decision(retry=False)
        yield from self.clock.ask(CloseUpstream(is_complete=False))
        yield from self._end_attempt(failure, decision)
        if decision.heal:
            self.is_healed = True
            at = self.clock.at
            yield from self._note(Healing(at, decision.heal, account.email, failure.message, changes))
        else:
            self.counted += 1
        return decision

    def _mark_hard(self, failure: Failure) -> Generator[Command, Reply, bool]:
        """Mark the account if the failure earns it that."""
        account, mark = cast(Picked, self.account), policy.hard_mark(failure)
        if mark is not None:
            yield from self.clock.ask(MarkAccount(account.account, account.model, mark))
        return mark is not None

    def _end_attempt(self, failure: Failure | None, decision: policy.Decision | None) -> Steps:
        answer, email = cast(Answer, self.answer), cast(Picked, self.account).email
        self.is_attempting = False
        fact = AttemptEnded(
            self.clock.at, self.number, email, answer.phase, answer.state.usage, failure, decision
        )
        yield from self._note(fact)

    def _end_without_answer(self, failure: Failure, decision: policy.Decision) -> Engine:
        """No retry: the request's own fault is the client's to see as it is; anything else is giving up."""
        if policy.needs_healing(failure) and self.is_healed:
            yield from self._note(HealingFailed(self.clock.at, failure.message))
        if policy.is_final(failure):
            return self._outcome(policy.answer_status([failure]), failure)
        return (yield from self._give_up(None, is_budget_spent=decision.strategy == policy.BUDGET_SPENT))

    def _give_up(self, refusal: Failure | None, *, is_budget_spent: bool = False) -> Engine:
        """All attempts failed, or nobody can be asked (``refusal``)."""
        if refusal is not None and not self.failures:
            return self._outcome(policy.answer_status([refusal]), refusal)
        told = giving_up.told(self.failures, refusal, is_budget_spent=is_budget_spent)
        yield from self._note(GaveUp(self.clock.at, self.number, told))
        message = giving_up.message(self.number, told)
        return self._outcome(policy.answer_status(self.failures), told, message=message)

    def _outcome(
        self,
        status: int,
        failure: Failure | None,
        by: Literal["", "client", "server"] = "",
        message: str = "",
    ) -> Outcome:
        state = self.answer.state if self.answer else StreamState()
        is_passed_through = self.account is not None and self.account.is_same_dialect
        return Outcome(
            status=status,
            attempts=self.number,
            state=state,
            usage=state.usage,
            is_committed=self._is_committed,
            failure=failure,
            interrupted_by=by,
            phase=self.answer.phase if self.answer else Phase.ADMISSION,
            is_told=failure is not None
            and failure.from_upstream_event
            and is_passed_through
            and self._is_committed,
            is_healed=self.is_healed,
            message=message or (failure.message if failure else ""),
            retry_after_seconds=failure.retry_after_seconds if failure else None,
        )

    @property
    def _is_committed(self) -> bool:
        return self.answer is not None and self.answer.is_committed

    def _note(self, fact: Fact) -> Steps:
        yield from self.clock.ask(Note(fact))


def _status_word(failure: Failure) -> str:
    """The status as the log names it: upstream's number; 200 for a stream that opened and gave nothing."""
    if failure.status is not None:
        return str(failure.status)
    unopened = (Kind.NETWORK, Kind.CONNECT_TIMEOUT, Kind.CREDENTIALS)
    return failure.kind.value if failure.kind in unopened else "200"
