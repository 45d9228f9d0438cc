"""Tokens, times, refusals and ends in the form that rows hold them."""

from monitor.record.failures.failure_table import Cause
from monitor.record.outcome import OutcomeFacts
from monitor.record.records import Outcome, RequestRecord
from relay.engine.commands import ExchangeEnd
from relay.neutral.events import Usage
from relay.neutral.failures import Failure


def outcome_of_key(failure: Failure) -> Outcome | None:
    """The outcome of what ended because of the client's key."""
    return Outcome(failure.kind.value) if failure.rule.is_keys else None


def facts_of_end(end: ExchangeEnd, row: RequestRecord, *, is_stream: bool, client_gone: bool) -> OutcomeFacts:
    """What the outcome of an exchange rests on that has asked somebody."""
    failure, state = end.failure, end.state
    return OutcomeFacts(
        client_gone=client_gone,
        cut=(end.is_committed and failure is not None and is_stream) or end.interrupted_by == "server",
        empty=failure is not None and failure.rule.cause is Cause.EMPTY,
        failed=failure is not None,
        refused=state.stop is not None and state.stop.reason == "refusal",
        thinking_only=failure is None and state.is_thinking_only,
        continued=row.continued,
        healed=end.is_healed and failure is None,
        attempts=end.attempts,
    )


def tokens_of(usage: Usage) -> dict[str, int | None]:
    """The columns of what was used."""
    return {
        "tokens_in": usage.input_uncached,
        "tokens_out": usage.output,
        "tokens_cached": usage.cache_read,
        "tokens_cache_write": usage.cache_write,
        "tokens_thinking": usage.thinking,
    }


def milliseconds(seconds: float) -> int:
    """Of seconds, as the rows count."""
    return round(seconds * 1000)
