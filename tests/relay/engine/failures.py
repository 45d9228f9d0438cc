"""One failure of each sort, for the tables."""

from relay.neutral.failures import Failure, Kind

PEEK_FAILURES = (
    Kind.FIRST_DATA_TIMEOUT,
    Kind.EMPTY,
    Kind.EMPTY_STOP,
    Kind.READ_ERROR,
    Kind.GARBAGE,
    Kind.MALFORMED_ANSWER,
)


def status(code: int, told: float | None = None) -> Failure:
    """Upstream's HTTP error, with the delay that it told."""
    return Failure(Kind.STATUS, f"upstream said {code}", status=code, retry_after_seconds=told)


def of(kind: Kind) -> Failure:
    """A failure without a status."""
    return Failure(kind, f"a {kind.value}")


REFUSED_SIGNATURE = Failure(
    Kind.STATUS,
    "messages.1.content.0: Invalid `signature` in `thinking` block",
    status=400,
    is_signature=True,
)
OFFERS_DROP_BLOCK = Failure(
    Kind.STATUS,
    "thinking block is bound to a different conversation",
    status=400,
    is_signature=True,
    offers_drop_block=True,
)
MISSING_SIGNATURE = Failure(
    Kind.MISSING_SIGNATURE, "upstream misses a thinking signature", status=400, is_signature=True
)
MISSING_FILE = Failure(
    Kind.STATUS, "No permission to access the File x", status=403, names_missing_thing=True
)
MISSING_THREAD = Failure(
    Kind.STATUS, "No such thread", status=404, reason="thread_not_found", names_missing_thing=True
)
BAD_KEY = Failure(Kind.STATUS, "API key not valid", status=400, reason="API_KEY_INVALID", account_fault=True)
NO_CREDIT = Failure(Kind.STATUS, "your credit balance is too low", status=400, account_fault=True)
NO_QUOTA_LEFT = Failure(
    Kind.STATUS, "you have no credits left", status=429, reason="insufficient_quota", account_fault=True
)
