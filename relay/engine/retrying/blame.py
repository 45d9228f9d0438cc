"""What is remembered against accounts: hard marks at once, soft ones when another account does better.

PURE. A failure that everybody meets is the request's or the service's: nobody is marked softly for it.
"""

from collections.abc import Generator

from relay.engine.commands import Command, MarkAccount, Picked, Reply
from relay.engine.reply_clock import ReplyClock
from relay.engine.retrying import policy
from relay.neutral.failures import Failure


class Blame:
    """The marks of one exchange."""

    def __init__(self, clock: ReplyClock) -> None:
        """Nobody has failed."""
        self._clock = clock
        self._soft: dict[int, tuple[str, policy.EarnedMark]] = {}

    def failed(self, account: Picked, failure: Failure) -> Generator[Command, Reply, bool]:
        """``account`` failed; True when it is hard-marked for it."""
        soft, hard = policy.soft_mark(failure), policy.hard_mark(failure)
        if soft is not None:
            self._soft[account.account] = (account.model, soft)
        if hard is not None:
            yield from self._clock.ask(MarkAccount(account.account, account.model, hard))
        return hard is not None

    def answered(self, account: Picked) -> Generator[Command, Reply, None]:
        """Now that ``account`` answers, the others that failed the same request are marked."""
        for failed, (model, mark) in self._soft.items():
            if failed != account.account and model == account.model:
                yield from self._clock.ask(MarkAccount(failed, model, mark))
        self._soft = {}
