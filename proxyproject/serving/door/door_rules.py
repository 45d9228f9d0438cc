"""How long a connection may take for what, and how many there may be. PURE.

Twisted's own timer counts silence alone: a byte now and then keeps half a header open for ever. Here each
stage of a connection has a time from its beginning, whatever comes meanwhile.
"""

from dataclasses import dataclass
from enum import Enum, auto

KEYLESS_BODY_BYTES = 64 * 1024
"""So much of a body is read before its sender has shown who they are."""

PAGE_BODY_BYTES = 10 * 1024 * 1024
"""The largest form that a page of the operator's sends is an import of accounts."""

UNKNOWN_PAGE_BODIES = 8
"""So many of them are held at once for senders whose session is not known to be signed in."""

COUNTED_CHUNKS = 256
SMALL_CHUNK_BYTES = 16
"""Who sends so many chunks that are smaller than that, one with another, shows who they are."""

LINGER_SECONDS = 30.0
"""How long a client may go on sending what was refused before it is cut off (nginx: lingering_time 30s).
Closing at once would reset the connection, and most clients would then never see the answer."""

SPARE_DESCRIPTORS = 64
"""For the database, the log, Redis, the listening socket and the like."""

MIN_CONNECTIONS = 16


class Stage(Enum):
    """How far a connection is with its request."""

    HEAD = auto()  # a request line and headers are due
    BODY = auto()
    SERVED = auto()  # the application has it
    IDLE = auto()  # kept open for a next request
    LINGERING = auto()  # refused; what still comes is thrown away
    CLOSING = auto()  # the last bytes of an answer are on their way


@dataclass(frozen=True, slots=True)
class DoorLimits:
    """The settings of the same names (docs/configuration.md), and what is set here."""

    header_seconds: float = 20
    idle_seconds: float = 75
    body_seconds: float = 30
    body_bytes_per_second: int = 2048
    unread_seconds: float = 600
    per_address: int = 1000
    held_body_bytes: int = 512 * 1024 * 1024
    held_unknown_bytes: int = UNKNOWN_PAGE_BODIES * PAGE_BODY_BYTES
    max_body_bytes: int = 100 * 1024 * 1024


def is_overdue(stage: Stage, seconds: float, received_bytes: int, limits: DoorLimits) -> bool:
    """Has a connection been in ``stage`` for too long? ``received_bytes`` of a body are here."""
    match stage:
        case Stage.HEAD:
            return seconds > limits.header_seconds
        case Stage.BODY:
            return seconds > limits.body_seconds + received_bytes / limits.body_bytes_per_second
        case Stage.IDLE:
            return seconds > limits.idle_seconds
        case Stage.LINGERING:
            return seconds > LINGER_SECONDS
        case Stage.CLOSING:
            return seconds > limits.unread_seconds
        case Stage.SERVED:
            return False  # the application's own deadlines rule


def connections_for(descriptors: int) -> int:
    """How many clients fit into ``descriptors`` files: each may need a connection to upstream too."""
    return max((descriptors - SPARE_DESCRIPTORS) // 2, MIN_CONNECTIONS)
