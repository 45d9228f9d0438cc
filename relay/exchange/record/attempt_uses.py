"""What each attempt of one exchange used: told apart where more than the last one used anything."""

from monitor.record.attempt_use import AttemptUse
from monitor.record.records import AttemptRecord
from relay.engine.facts import AttemptEnded
from relay.exchange.record.price_facts import price_facts
from relay.neutral.events import StreamState
from relay.upstream.request import ClientCall


class AttemptUses:
    """Of one exchange. An attempt of which upstream told nothing, and no word came, used nothing."""

    def __init__(self, call: ClientCall) -> None:
        """``call`` is what was asked: of it an input is estimated that upstream did not count."""
        self._call = call
        self._uses: list[AttemptUse] = []
        self._last = 0

    def ended(self, attempt: AttemptRecord, fact: AttemptEnded, *, is_committed: bool) -> None:
        """An attempt is over; ``is_committed``: the client has had words by now, of it or of one before."""
        self._last = attempt.number
        if fact.failure is None and not self._uses:
            return  # as most exchanges go: the row has all that there is
        usage = fact.usage
        facts = price_facts(
            fact.heard or StreamState(),
            usage,
            self._call.body,
            len(self._call.raw),
            has_failed=fact.failure is not None,
        )
        if facts or any((usage.input_uncached, usage.output, usage.cache_read, usage.cache_write)):
            use = AttemptUse(
                number=attempt.number,
                account=attempt.account,
                model=attempt.upstream_model,
                failed=fact.failure is not None and not is_committed,
                diagnostics=facts,
                tokens_in=usage.input_uncached,
                tokens_out=usage.output,
                tokens_cached=usage.cache_read,
                tokens_cache_write=usage.cache_write,
            )
            self._uses.append(use)

    @property
    def told_apart(self) -> tuple[AttemptUse, ...] | None:
        """All of them; None where no attempt but the last used anything."""
        return tuple(self._uses) if any(use.number != self._last for use in self._uses) else None
