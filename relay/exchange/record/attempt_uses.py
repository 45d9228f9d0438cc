"""What each attempt of one exchange used: told apart where more than the last one used anything."""

from typing import Any, NamedTuple

import msgspec

from monitor.record.attempt_use import AttemptUse
from monitor.record.records import AttemptRecord, RequestRecord
from relay.dialects.token_estimate import BYTES_A_TOKEN, estimate
from relay.engine.facts import AttemptEnded, AttemptStarted, Heard
from relay.exchange.record.price_facts import counted, price_facts
from relay.exchange.record.recorded_figures import tokens_of
from relay.neutral.events import StreamState, Usage
from relay.upstream.request import ClientCall

_COUNTS = ("tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write")
_MOST_BY_LENGTH = 100_000
"""Tokens: a longer body has pictures in it more often than words."""


class UsedSoFar(NamedTuple):
    """What was used by an exchange in flight: columns of its row, and facts among its diagnostics.

    It is booked if the process ends here, and replaced by what the end tells.
    """

    columns: dict[str, Any]
    facts: dict[str, str | int]

    def on(self, row: RequestRecord) -> RequestRecord:
        """The row with it."""
        if not self.columns:
            return row
        diagnostics = {**row.diagnostics, **self.facts}
        return msgspec.structs.replace(row, **self.columns, diagnostics=diagnostics)


class AttemptUses:
    """Of one exchange. An attempt of which upstream told nothing, and no word came, used nothing."""

    def __init__(self, call: ClientCall) -> None:
        """``call`` is what was asked: of it an input is estimated that upstream did not count."""
        self._call = call
        self._uses: list[AttemptUse] = []
        self._last = 0
        self._estimate: int | None = None
        self.so_far = UsedSoFar({}, {})
        """What is known to be used while the exchange is in flight."""
        self.was_left = False
        """Did the last attempt end as upstream was at work, for its client left or the server stopped?"""
        self._running: tuple[AttemptStarted, Heard] | None = None
        self._only: tuple[StreamState, Usage] | None = None
        """What the only attempt that used anything has said and used, once it is over without a failure."""

    def asked_tokens(self) -> int:
        """About how many tokens the request has; looked at once."""
        if self._estimate is None:
            self._estimate = estimate(self._call.body, len(self._call.raw))
        return self._estimate

    def started(self, fact: AttemptStarted) -> None:
        """An attempt begins."""
        self._running = (fact, fact.answer) if fact.answer is not None else None

    def ended(self, attempt: AttemptRecord, fact: AttemptEnded, usage: Usage, *, is_committed: bool) -> None:
        """An attempt is over, and has used ``usage`` as far as that counts what it said.

        ``is_committed``: the client has had words by now, of it or of one before.
        """
        self._last, self._running, self._only = attempt.number, None, None
        heard, has_failed = fact.heard or StreamState(), fact.failure is not None
        self.was_left = not has_failed and not heard.terminal and fact.has_opened
        if not has_failed and not self._uses:
            self._only = heard, usage
            return  # as most exchanges go: the row has all that there is when it ends
        facts = price_facts(heard, usage, self.asked_tokens, has_failed=has_failed, was_left=self.was_left)
        if facts or any((usage.input_uncached, usage.output, usage.cache_read, usage.cache_write)):
            failed = has_failed and not is_committed
            self._uses.append(
                _use(attempt.number, attempt.account, attempt.upstream_model, usage, facts, failed=failed)
            )
        self.so_far = UsedSoFar({"used_by_attempt": tuple(self._uses)} if self._uses else {}, {})

    @property
    def told_apart(self) -> tuple[AttemptUse, ...] | None:
        """All of them; None where no attempt but the last used anything."""
        return tuple(self._uses) if any(use.number != self._last for use in self._uses) else None

    @property
    def of_the_legs(self) -> dict[str, int | None]:
        """What the attempts counted together whose words make up one answer; empty where there is one."""
        legs = [use for use in self._uses if not use.failed]
        if len(legs) < 2:
            return {}
        told = {
            name: [count for leg in legs if (count := getattr(leg, name)) is not None] for name in _COUNTS
        }
        return {name: sum(counts) if counts else None for name, counts in told.items()}

    def know(self, *, roughly: bool = False) -> None:
        """Take in what the attempt under way has said and used by now, as if it broke off here.

        Its client may still read when it is over: then what it was as a whole.
        ``roughly``: the length of the request tells what upstream did not, and nothing is looked through.
        """
        if self._running is None:
            if self._only is not None and not roughly:
                heard, usage = self._only
                left = {"has_failed": False, "was_left": self.was_left}
                self.so_far = UsedSoFar(
                    tokens_of(usage), price_facts(heard, usage, self.asked_tokens, **left)
                )
            return
        started, answer = self._running
        heard = answer.heard
        usage = counted(heard, answer.usage, has_failed=True)
        asked = self._tokens_by_length if roughly else self.asked_tokens
        facts = price_facts(heard, usage, asked, has_failed=True)
        columns: dict[str, Any] = tokens_of(usage)
        if self._uses:
            use = _use(started.number, started.email, started.model, usage, facts, failed=False)
            columns["used_by_attempt"] = (*self._uses, use)
        self.so_far = UsedSoFar(columns, facts)

    def _tokens_by_length(self) -> int:
        return min(len(self._call.raw) // BYTES_A_TOKEN, _MOST_BY_LENGTH)


def _use(
    number: int, account: str, model: str, usage: Usage, facts: dict[str, Any], *, failed: bool
) -> AttemptUse:
    return AttemptUse(
        number=number,
        account=account,
        model=model,
        failed=failed,
        diagnostics=facts,
        tokens_in=usage.input_uncached,
        tokens_out=usage.output,
        tokens_cached=usage.cache_read,
        tokens_cache_write=usage.cache_write,
    )
