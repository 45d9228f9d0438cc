"""One word for how an exchange ended: the first line of a table that applies. PURE."""

from collections.abc import Callable

import msgspec

from monitor.record.failures.failure_kinds import OF_A_CONVERSATION
from monitor.record.records import Outcome

FAILURES = ("error", "interrupted", "unauthorized", "zero_tokens")
"""The outcomes where the client did not get what it asked for, and did not itself go away."""
RESCUED = ("continued", "healed", "retried")
"""Whole answers that a client without this server would have seen fail: the one number of all pages."""


def is_of_a_conversation(outcome: Outcome, error: str | None) -> bool:
    """Was it refused by what one conversation may do within an hour, not by all that its key may?"""
    return outcome is Outcome.OVER_BUDGET and OF_A_CONVERSATION in (error or "")


class OutcomeFacts(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What is known about an exchange at its end; several may be true of one."""

    refused_key: Outcome | None = None
    """The client's key was not taken, or may not do this: in which way."""
    client_gone: bool = False
    """The client went before it had the whole answer."""
    cut: bool = False
    """The answer had begun and did not reach its end, or the server stopped before it did."""
    empty: bool = False
    """No answer was given, and the last attempt was an answer with nothing said."""
    failed: bool = False
    """The client was told an error, whatever the HTTP status."""
    refused: bool = False
    """The model refused, or a safety filter stopped it."""
    thinking_only: bool = False
    """The answer came to its end with nothing but thinking in it."""
    continued: bool = False
    """It broke off, and another attempt said the rest."""
    healed: bool = False
    """It was given to a history that was healed in this exchange."""
    attempts: int = 1
    """Requests that were sent upstream."""


Condition = Callable[[OutcomeFacts], bool]

# behaviour: "Outcome, the first that applies". That the client went explains a cut, a cut explains an
# error, and how the answer was come by matters only when there is one.
OUTCOMES: tuple[tuple[Outcome, Condition], ...] = (
    (Outcome.UNAUTHORIZED, lambda facts: facts.refused_key is Outcome.UNAUTHORIZED),
    (Outcome.KEY_EXPIRED, lambda facts: facts.refused_key is Outcome.KEY_EXPIRED),
    (Outcome.NOT_ALLOWED, lambda facts: facts.refused_key is Outcome.NOT_ALLOWED),
    (Outcome.RATE_LIMITED, lambda facts: facts.refused_key is Outcome.RATE_LIMITED),
    (Outcome.OVER_BUDGET, lambda facts: facts.refused_key is Outcome.OVER_BUDGET),
    (Outcome.CLIENT_CLOSED, lambda facts: facts.client_gone),
    (Outcome.INTERRUPTED, lambda facts: facts.cut),
    (Outcome.ZERO_TOKENS, lambda facts: facts.empty),
    (Outcome.ERROR, lambda facts: facts.failed),
    (Outcome.REFUSED, lambda facts: facts.refused),
    (Outcome.THINKING_ONLY, lambda facts: facts.thinking_only),
    (Outcome.CONTINUED, lambda facts: facts.continued),
    (Outcome.HEALED, lambda facts: facts.healed),
    (Outcome.RETRIED, lambda facts: facts.attempts > 1),
    (Outcome.OK, lambda _: True),
)


def outcome_of(facts: OutcomeFacts) -> Outcome:
    """The outcome of the exchange that ``facts`` tells of."""
    return next(outcome for outcome, applies in OUTCOMES if applies(facts))
