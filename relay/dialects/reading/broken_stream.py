"""A stream that breaks its protocol. PURE."""

from relay.neutral.failures import Failure, Kind


class BrokenStream(Exception):
    """The stream is broken here, and the client must not see this event; ``failure`` says how."""

    def __init__(self, failure: Failure) -> None:
        """``failure`` ends the stream."""
        super().__init__(failure.message)
        self.failure = failure


def garbage(message: str) -> Failure:
    """Data that is no JSON object, or breaks the protocol."""
    return Failure(Kind.GARBAGE, message)
