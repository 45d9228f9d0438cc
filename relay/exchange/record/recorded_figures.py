"""Tokens, times and refusals in the form that rows hold them."""

from monitor.record.records import Outcome
from relay.neutral.events import Usage
from relay.neutral.failures import Failure


def outcome_of_key(failure: Failure) -> Outcome | None:
    """The outcome of what ended because of the client's key."""
    return Outcome(failure.kind.value) if failure.rule.is_keys else None


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
