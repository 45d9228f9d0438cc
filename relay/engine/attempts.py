"""The exchange as a generator: attempts until one commits, then its answer to the end.

PURE. It yields commands and is sent replies; it does nothing itself. Before the commit it may back
off, rotate and heal; after it, it forwards or reports. It never pretends.
"""

from collections.abc import Generator
from typing import Literal, cast

import msgspec

from relay.engine import policy
from relay.engine.answer import Answer, Clock, Limits
from relay.engine.commands import (
    Around,
    CloseUpstream,
    Command,
    Interrupted,
    LookAround,
    MarkAccount,
    Note,
    Outcome,
    PickAccount,
    Picked,
    Repair,
    Repaired,
    Reply,
    Sleep,
    Unavailable,
)
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
from relay.events import StreamState
from relay.failures import Failure, Kind, Phase

Engine = Generator[Command, Reply, Outcome]
Steps = Generator[Command, Reply, None]


def serve(limits: Limits, targets: int, is_collected: bool) -> Engine:
    """One exchange over ``targets`` upstream models; a collected one answers as a whole or not at all."""
    return (yield from _Exchange(limits, targets, is_collected).run())


class _Exchange:
    def __init__(self, limits: Limits, targets: int, is_collected: bool) -> None:
        self.limits = limits
        self.targets = targets
        self.is_collected = is_collected
        self.clock = Clock()
        self.target = 0
        self.number = 0  # attempts as the rows count them
        self.counted = 0  # attempts as the policy counts them: without heals
        self.account: Picked | None = None
        self.answer: Answer | None = None
        self.tried: frozenset[int] = frozenset()
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
                if failure is None or self._is_committed:
                    return self._outcome(200, failure)
                decision = yield from self._decide(failure)
                if not decision.retry:
                    return (yield from self._end_without_answer(failure))
                if self.clock.at + decision.delay_seconds >= self.limits.deadline_seconds:
                    return (yield from self._give_up(Failure(Kind.DEADLINE, "the deadline is over")))
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
        while True:
            may_wait = self.number == 0 and self.target + 1 == self.targets
            reply = yield from self.clock.ask(PickAccount(self.target, self.tried, stay_on, may_wait))
            if isinstance(reply, Picked):
                break
            refusal = cast(Unavailable, reply).failure
            if refusal.kind is not Kind.NO_ACCOUNT or self.target + 1 >= self.targets:
                return refusal
            self.target += 1
            stay_on = None
        self.account = reply
        if before and decision and not decision.heal:
            status = _status_word(self.failures[-1])
            if reply.account != before.account:
                yield from self._note(Rotated(reply.at, status, before.email, reply.email))
            elif not decision.rotate:
                yield from self._note(KeptAccount(reply.at, status))
        return None

    def _attempt(self) -> Generator[Command, Reply, Failure | None]:
        """Try once: None when the answer came to its end, else why not."""
        account = cast(Picked, self.account)
        self.number += 1
        at = self.clock.at
        yield from self._note(
            AttemptStarted(at, self.number, account.account, account.email, account.kind, account.model)
        )
        self.is_attempting = True
        self.answer = Answer(
            self.clock, self.limits, account, self.number, self.is_collected, self._on_commit
        )
        failure = yield from self.answer.steps()
        if failure is None:
            yield from self._end_attempt(None, None)
        elif self._is_committed:
            yield from self.clock.ask(CloseUpstream(is_complete=False))
            yield from self._end_attempt(failure, None)
        return failure

    def _on_commit(self) -> Steps:
        account = cast(Picked, self.account).account
        yield from self._note(Committed(self.clock.at, self.number))
        for failed_account, (model, mark) in self.soft_marks.items():
            if failed_account != account:
                yield from self.clock.ask(MarkAccount(failed_account, model, mark))

    def _decide(self, failure: Failure) -> Generator[Command, Reply, policy.Decision]:
        """What is done about a failure before the commit: the account is marked, the attempt closed."""
        account = cast(Picked, self.account)
        yield from self.clock.ask(CloseUpstream(is_complete=False))
        self.failures.append(failure)
        self.tried |= {account.account}
        around = Around(self.clock.at, another_is_free=True, all_are_marked=False)
        hard = policy.hard_mark(failure)
        soft = policy.soft_mark(failure)
        if hard is not None:
            yield from self.clock.ask(MarkAccount(account.account, account.model, hard))
            around = cast(Around, (yield from self.clock.ask(LookAround(self.target, self.tried))))
            if around.all_are_marked and self.target + 1 < self.targets:
                self.target += 1
                around = Around(self.clock.at, another_is_free=True, all_are_marked=False)
            if failure.status == 429 and failure.retry_after_seconds is None:
                told = around.nearest_free_seconds
                self.failures[-1] = msgspec.structs.replace(failure, retry_after_seconds=told)
        elif soft is not None:
            self.soft_marks[account.account] = (account.model, soft)
        decision = policy.decide(
            failure,
            self.counted,
            is_healed=self.is_healed,
            another_is_free=around.another_is_free,
            all_are_marked=around.all_are_marked,
            has_bound_thinking=account.has_bound_thinking,
            scale=self.limits.backoff_scale,
        )
        changes: tuple[str, ...] = ()
        if decision.heal:
            changes = cast(Repaired, (yield from self.clock.ask(Repair(decision.heal)))).changes
            if not changes:  # nothing in the history to repair: the refusal is the client's to see
                decision = policy.Decision(retry=False)
        yield from self._end_attempt(failure, decision)
        if decision.heal:
            self.is_healed = True
            at = self.clock.at
            yield from self._note(Healing(at, decision.heal, account.email, failure.message, changes))
        else:
            self.counted += 1
        return decision

    def _end_attempt(self, failure: Failure | None, decision: policy.Decision | None) -> Steps:
        answer, email = cast(Answer, self.answer), cast(Picked, self.account).email
        self.is_attempting = False
        fact = AttemptEnded(
            self.clock.at, self.number, email, answer.phase, answer.state.usage, failure, decision
        )
        yield from self._note(fact)

    def _end_without_answer(self, failure: Failure) -> Engine:
        """No retry: the request's own fault is the client's to see as it is; anything else is giving up."""
        if policy.needs_healing(failure):
            if self.is_healed:
                yield from self._note(HealingFailed(self.clock.at, failure.message))
            return self._outcome(failure.status or 400, failure)
        if policy.is_final(failure):
            return self._outcome(failure.status or policy.answer_status([failure]), failure)
        return (yield from self._give_up(failure))

    def _give_up(self, failure: Failure) -> Engine:
        """All attempts failed, or nobody can be asked."""
        if not self.failures:
            return self._outcome(failure.status or policy.answer_status([failure]), failure)
        last = self.failures[-1]
        if failure.kind is Kind.DEADLINE:
            self.failures.append(failure)
        yield from self._note(GaveUp(self.clock.at, self.number, last))
        if last.retry_after_seconds is None:
            last = msgspec.structs.replace(last, retry_after_seconds=failure.retry_after_seconds)
        message = f"All {self.number} attempts failed. {last.message}"
        return self._outcome(policy.answer_status(self.failures), last, message=message)

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
            is_told=failure is not None and failure.from_upstream_event and is_passed_through,
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
