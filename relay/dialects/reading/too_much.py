"""What an answer has too much of to be read, as the failure that says so. PURE."""

import msgspec

from relay.neutral.failures import Failure, Kind
from relay.neutral.nesting import MOST_CONTAINERS, is_too_deep
from relay.neutral.sse import EventTooLarge

_ANYTHING = msgspec.json.Decoder()


def too_large(error: EventTooLarge) -> Failure:
    """Upstream would send the same again, and bill it: who runs the server has to decide."""
    words = f"one event of the answer is larger than RELAY_MAX_EVENT_BYTES ({error.max_bytes})"
    return Failure(Kind.ANSWER_TOO_LARGE, words)


def too_wide() -> Failure:
    """For an event, or for what is no stream."""
    return Failure(Kind.GARBAGE, f"upstream sent JSON of more than {MOST_CONTAINERS} lists and objects")


def look_through(data: bytes) -> None:
    """Raises msgspec.DecodeError for what is no JSON, or nested too deeply."""
    if is_too_deep(_ANYTHING.decode(data), data):
        raise msgspec.DecodeError("nested too deeply")
