"""Classified failures: why an attempt did not commit, or why an answer broke off, as plain data.

PURE. Whoever meets an upstream's bytes or a library's exception classifies it once, here named; the
engine decides by these fields alone and never looks at text again.
"""

import msgspec

from monitor.record.failures.failure_kinds import (
    ACCOUNT,
    MISSING_THING,
    OUTPUT_LIMIT,
    PARAMETER,
    SIGNATURE,
    TOO_LONG_CONTEXT,
)
from monitor.record.failures.failure_kinds import Kind as Kind
from monitor.record.failures.failure_kinds import Phase as Phase
from monitor.record.failures.failure_table import Rule, rule_for
from relay.neutral.token_limit import TokenLimit

MAX_TOLD_SECONDS = 31 * 86400.0
"""The longest delay that is believed: quotas are by the month at most."""


class Failure(msgspec.Struct, frozen=True, gc=False):
    """One failure, classified.

    ``status`` is upstream's own HTTP status, or the one that an error object inside a stream names,
    or the one our own refusal answers with; None where there is none (a reset, a time-out).
    ``message`` is for people and holds no secret. ``reason`` is upstream's machine word
    (``QUOTA_EXHAUSTED``, ``overloaded_error`` …). ``retry_after_seconds`` is the delay that was told,
    by header or by body. ``account_fault`` marks a 400/402 that is about the account (bad API key,
    billing), not about the request. ``names_missing_thing`` marks a 403/404 that is about a file, an item
    or a thread which the request names, not about the account or its models. ``is_signature`` marks a
    refusal of a thinking signature, and ``offers_drop_block`` one whose message offers ``drop_block``.
    ``refused_parameter`` names what may be taken back of the request's form. ``limit`` is told where the
    request is larger than the model.
    ``body`` is upstream's JSON error body, if it was one, for a client of the same dialect;
    ``from_upstream_event`` says that upstream's own error event was already forwarded with the stream.
    ``where`` is the place in our code that stumbled over an answer, for the log.

    What upstream told is data: a status that HTTP does not know is none, a delay is cut to what a mark may
    last.
    """

    kind: Kind
    message: str
    status: int | None = None
    reason: str = ""
    retry_after_seconds: float | None = None
    account_fault: bool = False
    names_missing_thing: bool = False
    is_signature: bool = False
    refused_parameter: str = ""
    limit: TokenLimit | None = None
    offers_drop_block: bool = False
    body: bytes = b""
    upstream_request_id: str = ""
    from_upstream_event: bool = False
    where: str = ""

    def __post_init__(self) -> None:
        """Keep what was told within what HTTP, clocks and calendars can say."""
        status, seconds = self.status, self.retry_after_seconds
        if status is not None and not 100 <= status <= 599:
            msgspec.structs.force_setattr(self, "status", None)
        if seconds is not None and not 0 <= seconds <= MAX_TOLD_SECONDS:  # NaN is neither
            within = MAX_TOLD_SECONDS if seconds > 0 else 0.0 if seconds < 0 else None
            msgspec.structs.force_setattr(self, "retry_after_seconds", within)

    @property
    def recorded_as(self) -> str:
        """The word that it is on record under: the kind, or what upstream's error is about."""
        if self.kind in (Kind.STATUS, Kind.ERROR_EVENT):
            if self.names_missing_thing:
                return MISSING_THING
            if self.account_fault:
                return ACCOUNT
            if self.is_signature and self.status == 400:
                return SIGNATURE
            if self.limit is not None:
                return OUTPUT_LIMIT if self.limit.about == "output" else TOO_LONG_CONTEXT
            if self.refused_parameter:
                return PARAMETER
        return self.kind.value

    @property
    def rule(self) -> Rule:
        """What it means: its row of the one table."""
        return rule_for(self.recorded_as, self.status)

    @property
    def status_word(self) -> str:
        """The status as the log names it: upstream's; 200 for a stream that opened and gave nothing."""
        if self.status is not None:
            return str(self.status)
        return "200" if self.rule.has_opened else self.kind.value


def stumbled(doing: str, error: Exception) -> Failure:
    """An exception over what upstream answered, while it was read, told or put together (``doing``).

    Whatever upstream sends is data: an answer that our code cannot take is a broken answer of that upstream.
    The exception's own text may hold any of it, and is not told.
    """
    where, step = "", error.__traceback__
    while step is not None:
        code = step.tb_frame.f_code
        where = f"{code.co_filename.rpartition('/')[2]}:{step.tb_lineno} {code.co_name}"
        step = step.tb_next
    message = f"upstream's answer could not be {doing} ({type(error).__name__})"
    return Failure(Kind.GARBAGE, message, where=where)


class CannotCarry(Exception):
    """The request holds content that the other dialect has no place for; the text says which.

    ``code`` is the client dialect's own machine word for it, where it has one.
    """

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class BadRequest(Exception):
    """The request's body is not what its dialect says; the text says where and why."""
