"""The exchange as a generator: attempts until one commits, then its answer to the end.

PURE. It yields commands and is sent replies; it does nothing itself. Before the commit it may back
off, rotate and heal; after it, it forwards, continues or reports. It never pretends.
"""

from collections.abc import Generator
from typing import Literal, cast

import msgspec

from monitor.record.failures.decision_words import Obstacle, Strategy
from relay.engine.answer.answer import Answer
from relay.engine.commands import (
    Around,
    CloseUpstream,
    Command,
    ExchangeEnd,
    Heal,
    Interrupted,
    Note,
    Picked,
    Reply,
    Sleep,
    Unavailable,
)
from relay.engine.continuing import continuation
from relay.engine.facts import (
    AttemptEnded,
    AttemptStarted,
    Committed,
    Continued,
    Fact,
    GaveUp,
    Healing,
    HealingFailed,
    KeptAccount,
    NotContinued,
    Rotated,
)
from relay.engine.healing.heals import HealsSoFar
from relay.engine.reply_clock import ReplyClock
from relay.engine.retrying import giving_up, policy
from relay.engine.retrying.blame import Blame
from relay.engine.retrying.deadlines import TimeLimits, deadline_is_over
from relay.engine.retrying.fallbacks import ONLY_WITHOUT_ACCOUNTS, Fallbacks
from relay.engine.retrying.retry_turns import RetryTurns
from relay.engine.retrying.targets import Targets
from relay.neutral.events import StreamState
from relay.neutral.failures import Failure, Phase

Engine = Generator[Command, Reply, ExchangeEnd]
Steps = Generator[Command, Reply, None]


def serve(
    limits: TimeLimits, targets: int, is_collected: bool, fallbacks: Fallbacks = ONLY_WITHOUT_ACCOUNTS
) -> Engine:
    """One exchange over ``targets`` upstream models; a collected one answers as a whole or not at all."""
    attempts = _Attempts(limits, targets, is_collected, fallbacks)
    try:
        return (yield from attempts.run())
    finally:
        attempts.answer = None  # the answer holds them: no circle, so its text is let go of at once


class _Attempts:
    def __init__(self, limits: TimeLimits, targets: int, is_collected: bool, fallbacks: Fallbacks) -> None:
        self.limits = limits
        self.clock = ReplyClock()
        self.targets = Targets(self.clock, targets, fallbacks)
        self.is_collected = is_collected
        self.number = 0  # attempts as the rows count them
        self.counted = 0  # attempts as the policy counts them: without heals
        self.account: Picked | None = None
        self.answer: Answer | None = None
        self.failures: list[Failure] = []
        self.blame = Blame(self.clock)
        self.turns = RetryTurns(self.clock, limits)
        self.heals = HealsSoFar()
        self.is_attempting = False
        self.continuations = 0
        self.said: continuation.Said | None = None  # what the attempt continues

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
                decision = yield from (self._continue if self._is_committed else self._decide)(failure)
                if not decision.retry:
                    return (yield from self._end_without_answer(failure, decision))
                if decision.delay_seconds:
                    yield from self.clock.ask(Sleep(decision.delay_seconds))
        except Interrupted as interruption:
            status, failure = giving_up.interrupted(by := interruption.by)
            if self.is_attempting:
                yield from self._end_attempt(failure if by == "fault" else None, None)
            return self._outcome(200 if self._is_committed else status, failure, "" if by == "fault" else by)

    def _pick(self, decision: policy.Decision | None) -> Generator[Command, Reply, Failure | None]:
        """Take the next account; the refusal when there is none."""
        before = self.account
        stay_on = before.account if before and decision and not decision.rotate else None
        reply = yield from self.targets.pick(stay_on, self.said)
        while isinstance(reply, Unavailable):
            refusal, is_committed = reply.failure, self._is_committed
            if not before or not (yield from self.turns.rested(refusal, is_committed=is_committed)):
                return refusal
            reply = yield from self.targets.pick(stay_on, self.said)
        self.account = reply
        if before and decision and not decision.heal:
            failure = self.failures[-1]
            if reply.account != before.account:
                yield from self._note(Rotated(reply.at, failure.status_word, before.email, reply.email))
            elif not decision.rotate and not policy.is_quota(failure):
                yield from self._note(KeptAccount(reply.at, failure.status_word))
        return None

    def _attempt(self) -> Generator[Command, Reply, Failure | None]:
        """Try once: None when the answer came to its end, else why not."""
        account = cast(Picked, self.account)
        self.number += 1
        before = self.answer if self.said is not None else None
        self.answer = Answer(
            self.clock, self.limits, account, self.number, self.is_collected, self._on_commit, before
        )
        self.is_attempting = True
        who = self.number, account.account, account.email, account.kind, account.model
        yield from self._note(AttemptStarted(self.clock.at, *who, self.answer))
        failure = yield from self.answer.steps()
        if failure is None:
            yield from self._end_attempt(None, None)
        return failure

    def _on_commit(self) -> Steps:
        """This account answers, or continues the answer."""
        account, answer = cast(Picked, self.account), cast(Answer, self.answer)
        if self.said is None:
            yield from self._note(Committed(self.clock.at, self.number, answer.state.message_id))
        else:
            yield from self._note(Continued(self.clock.at, self.number, len(self.said.text)))
        yield from self.blame.answered(account)

    def _decide(self, failure: Failure) -> Generator[Command, Reply, policy.Decision]:
        """What is done about a failure before the commit: the account is marked, the attempt closed."""
        account = cast(Picked, self.account)
        is_marked = yield from self._blame(failure)
        around = Around(self.clock.at, another_is_free=True, all_are_marked=False)
        if is_marked:
            around = yield from self.targets.look_around(is_quota=policy.is_quota(failure))
        if policy.is_quota(failure):
            self.failures[-1] = giving_up.with_nearest(failure, around.nearest_free_seconds)
        self.counted = policy.counted_anew(self.counted, is_elsewhere=around.is_elsewhere)
        decision = self._decided(failure, self.counted, around)
        if not decision.retry and self.targets.falls_back_for(failure):
            decision, self.counted = policy.FALL_BACK, -1  # the other model has attempts of its own
        if decision.retry and self.clock.at + decision.delay_seconds >= self.limits.deadline_seconds:
            self.failures.append(deadline_is_over(self.limits))
            decision = policy.Decision(retry=False)
        decision = yield from self.turns.afforded(decision, failure, is_committed=False)
        changes: tuple[str, ...] = ()
        if decision.heal:
            heal = Heal(decision.heal, failure.refused_parameter)
            changes = (yield from self.clock.ask(heal)).changes
            if not changes:  # nothing in the history to heal: the refusal is the client's to see
                decision = policy.Decision(retry=False)
        yield from self.clock.ask(CloseUpstream(is_complete=False))
        yield from self._end_attempt(failure, decision)
        if decision.heal:
            self.heals.note(failure)
            at = self.clock.at
            yield from self._note(Healing(at, decision.heal, account.email, failure.message, changes))
        else:
            self.counted += 1
        return decision

    def _continue(self, failure: Failure) -> Generator[Command, Reply, policy.Decision]:
        """What is done about an answer that broke off: it is continued, or that is the end of it."""
        account, answer = cast(Picked, self.account), cast(Answer, self.answer)
        is_marked = yield from self._blame(failure)
        decision = policy.Decision(retry=False)
        cut = continuation.Interruption(
            answer.state,
            failure,
            is_on=account.continues,
            is_collected=self.is_collected,
            wants=account.wants,
            spent=self.continuations,
            held_a_call=answer.held_a_call,
        )
        why = continuation.obstacle(cut)
        if why is None:
            free = Around(self.clock.at, another_is_free=True, all_are_marked=False)
            around = (yield from self.targets.look_here()) if is_marked else free
            decision = self._decided(failure, self.continuations, around)
            decision = yield from self.turns.afforded(decision, failure, is_committed=True)
            if not decision.retry:
                is_spent = decision.strategy is Strategy.BUDGET_SPENT
                why = Obstacle.BUDGET_SPENT if is_spent else Obstacle.WOULD_NOT_HELP
        yield from self.clock.ask(CloseUpstream(is_complete=False))
        if not decision.retry:
            yield from self._end_attempt(failure, None)
            if account.continues and why is not None:
                yield from self._note(NotContinued(self.clock.at, why))
            return decision
        self.said = continuation.said_in(answer.state)
        self.continuations += 1
        decision = msgspec.structs.replace(decision, continues=True)
        yield from self._end_attempt(failure, decision)
        return decision

    def _decided(self, failure: Failure, attempt: int, around: Around) -> policy.Decision:
        return policy.decide(
            failure,
            attempt,
            is_healed=self._is_committed or self.heals.are_spent_on(failure),
            another_is_free=around.another_is_free,
            all_are_marked=around.all_are_marked,
            has_bound_thinking=cast(Picked, self.account).has_bound_thinking,
            scale=self.limits.backoff_scale,
        )

    def _blame(self, failure: Failure) -> Generator[Command, Reply, bool]:
        """Remember who failed and how; True when the account is hard-marked for it."""
        account = cast(Picked, self.account)
        self.failures.append(failure)
        self.targets.tried |= {account.account}
        return (yield from self.blame.failed(account, failure))

    def _end_attempt(self, failure: Failure | None, decision: policy.Decision | None) -> Steps:
        one, on, self.is_attempting = cast(Answer, self.answer), cast(Picked, self.account).email, False
        told = on, one.phase, one.usage, failure, decision, one.heard
        yield from self._note(AttemptEnded(self.clock.at, self.number, *told))

    def _end_broken(self, failure: Failure) -> Engine:
        """The answer stays broken, and the client is told so."""
        yield from cast(Answer, self.answer).tell_withheld()
        told = giving_up.broken(failure, continues=self.said is not None)
        return self._outcome(policy.answer_status([failure]) if self.is_collected else 200, told)

    def _end_without_answer(self, failure: Failure, decision: policy.Decision) -> Engine:
        """No retry: the request's own fault is the client's to see as it is; anything else is giving up."""
        if self._is_committed:
            return (yield from self._end_broken(failure))
        if policy.refuses_signature(failure) and self.heals.is_history_healed:
            yield from self._note(HealingFailed(self.clock.at, failure.message))
        if policy.is_final(failure):
            return self._outcome(policy.answer_status([failure]), failure)
        return (yield from self._give_up(None, is_budget_spent=decision.strategy is Strategy.BUDGET_SPENT))

    def _give_up(self, refusal: Failure | None, *, is_budget_spent: bool = False) -> Engine:
        """All attempts failed, or nobody can be asked (``refusal``)."""
        if refusal is not None and self._is_committed:
            yield from self._note(NotContinued(self.clock.at, refusal.message))
            return (yield from self._end_broken(self.failures[-1]))
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
    ) -> ExchangeEnd:
        state = self.answer.state if self.answer else StreamState()
        return ExchangeEnd(
            status=status,
            attempts=self.number,
            state=state,
            usage=state.usage,
            is_committed=self._is_committed,
            failure=failure,
            interrupted_by=by,
            phase=self.answer.phase if self.answer else Phase.ADMISSION,
            is_told=failure is not None and self.answer is not None and self.answer.is_failure_told,
            is_healed=self.heals.are_any,
            message=message or (failure.message if failure else ""),
            retry_after_seconds=failure.retry_after_seconds if failure else None,
        )

    @property
    def _is_committed(self) -> bool:
        return self.answer is not None and self.answer.is_committed

    def _note(self, fact: Fact) -> Steps:
        yield from self.clock.ask(Note(fact))
