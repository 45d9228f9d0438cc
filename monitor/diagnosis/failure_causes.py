"""What was at fault in a failed attempt, as one word: the step between failure kinds and advice. PURE.

``failure_kind`` is the relay's word (``Failure.recorded_as``) and ``status`` upstream's; both are plain text
here, for history outlives the code that wrote it, and a word that is not known is ``OTHER``.
"""

from enum import StrEnum
from typing import Protocol


class Cause(StrEnum):
    """Who or what stood in the way."""

    SIGNATURE = "signature"
    QUOTA = "quota"
    CREDENTIALS = "credentials"
    FORBIDDEN = "forbidden"
    MISSING_MODEL = "missing model"
    OVERLOAD = "overload"
    SERVER_ERROR = "server error"
    CLIENT_REQUEST = "client's request"
    EMPTY = "empty"
    FIRST_DATA_TIMEOUT = "first data timeout"
    IDLE_TIMEOUT = "idle timeout"
    NETWORK = "network"
    BROKEN_ANSWER = "broken answer"
    CUT = "cut"
    NO_ACCOUNT = "no account"
    DEADLINE = "deadline"
    DRAINING = "draining"
    INTERNAL = "internal"
    OTHER = "other"


BY_KIND = {
    "network": Cause.NETWORK,
    "connect_timeout": Cause.NETWORK,
    "first_data_timeout": Cause.FIRST_DATA_TIMEOUT,
    "idle_timeout": Cause.IDLE_TIMEOUT,
    "empty": Cause.EMPTY,
    "empty_stop": Cause.EMPTY,
    "read_error": Cause.CUT,
    "cut": Cause.CUT,
    "garbage": Cause.BROKEN_ANSWER,
    "error_event": Cause.SERVER_ERROR,
    "malformed_answer": Cause.BROKEN_ANSWER,
    "missing_signature": Cause.SIGNATURE,
    "signature": Cause.SIGNATURE,
    "credentials": Cause.CREDENTIALS,
    "account": Cause.CREDENTIALS,
    "no_account": Cause.NO_ACCOUNT,
    "bad_request": Cause.CLIENT_REQUEST,
    "unauthorized": Cause.CLIENT_REQUEST,
    "unknown_model": Cause.CLIENT_REQUEST,
    "too_large": Cause.CLIENT_REQUEST,
    "deadline": Cause.DEADLINE,
    "draining": Cause.DRAINING,
    "internal": Cause.INTERNAL,
}
BY_STATUS = {
    401: Cause.CREDENTIALS,
    402: Cause.CREDENTIALS,
    403: Cause.FORBIDDEN,
    404: Cause.MISSING_MODEL,
    408: Cause.SERVER_ERROR,
    429: Cause.QUOTA,
    503: Cause.OVERLOAD,
    529: Cause.OVERLOAD,
}


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
    if attempt.heal:
        return Cause.SIGNATURE
    kind, status = attempt.failure_kind or "", attempt.status
    if kind in ("status", "error_event") and status is not None and status >= 400:
        by_class = Cause.SERVER_ERROR if status >= 500 else Cause.CLIENT_REQUEST
        return BY_STATUS.get(status, by_class)
    return BY_KIND.get(kind, Cause.OTHER)
