"""What an answer has too much of to be read, as the failure that says so. PURE."""

from relay.neutral.failures import Failure, Kind
from relay.neutral.nesting import MOST_CONTAINERS
from relay.neutral.sse import EventTooLarge


def too_large(error: EventTooLarge) -> Failure:
    """Upstream would send the same again, and bill it: who runs the server has to decide."""
    words = f"one event of the answer is larger than RELAY_MAX_EVENT_BYTES ({error.max_bytes})"
    return Failure(Kind.ANSWER_TOO_LARGE, words)


def too_wide() -> Failure:
    """For an event, or for what is no stream."""
    return Failure(Kind.GARBAGE, f"upstream sent JSON of more than {MOST_CONTAINERS} lists and objects")
