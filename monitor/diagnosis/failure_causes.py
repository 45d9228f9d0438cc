"""What was at fault in a failed attempt, as one word: the step between failure kinds and advice. PURE."""

from typing import Protocol

from monitor.record.failures.failure_table import Cause, rule_for


class FailedAttempt(Protocol):
    """What is asked of an attempt (``records.AttemptRecord`` has it)."""

    @property
    def failure_kind(self) -> str | None: ...  # noqa: D102
    @property
    def status(self) -> int | None: ...  # noqa: D102
    @property
    def heal(self) -> str | None: ...  # noqa: D102


def cause_of(attempt: FailedAttempt) -> Cause:
    """The cause of a failed attempt's failure."""
    if attempt.heal and attempt.heal != "parameter":
        return Cause.SIGNATURE
    return rule_for(attempt.failure_kind or "", attempt.status).cause
