"""What an answer is made of on the wire: bytes, waits, and the ways in which it ends."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto


class StreamAct(Enum):
    """A step that is no body data."""

    HEAD = auto()  # the status line and headers
    END = auto()  # the orderly end of the body
    CUT = auto()  # close the connection (FIN) in the middle of the body
    RESET = auto()  # reset the connection (RST)


@dataclass(frozen=True, slots=True)
class Wait:
    """Silence of ``seconds``; None lasts until the client goes or ``Simulator.release`` ends it."""

    seconds: float | None = None


Step = bytes | Wait | StreamAct


class Framing(Enum):
    """How the end of the body is told."""

    CHUNKED = auto()
    LENGTH = auto()
    CLOSE = auto()  # neither: the body ends with the connection


@dataclass(slots=True)
class HttpAnswer:
    """An HTTP answer: the steps are performed in order, each ``bytes`` step is one chunk."""

    status: int
    headers: dict[str, str]
    steps: Iterable[Step]
    framing: Framing = Framing.CHUNKED
    length_bytes: int = 0
    note: dict[str, str] = field(default_factory=dict)


def document(status: int, headers: dict[str, str], body: bytes) -> HttpAnswer:
    """A whole body with its Content-Length."""
    return HttpAnswer(status, headers, (StreamAct.HEAD, body, StreamAct.END), Framing.LENGTH, len(body))
