"""What the encoders of all dialects do alike: first the bytes, then the state that says they were told.

PURE. Whatever goes wrong while an event's bytes are made, nothing of it is told and the state does not know
it: an answer that ends in an exception never counts as ended, and the client is told an error.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from relay.dialects.errors.identified_event import with_last_changed
from relay.dialects.interface import ErrorAnswer
from relay.neutral.conversation import Json
from relay.neutral.events import Chunk, Event, Failed, StreamState, TextDelta, Usage, merged
from relay.neutral.failures import Failure, Kind


class CannotSay(Exception):
    """The answer holds what the client's dialect has no place for; the text says what."""


class StreamEncoder(ABC):
    """One answer. A dialect adds ``write`` and ``error``.

    ``state`` is what the client was told. ``gap`` says why the answer could not be told to its end, ``fault``
    which exception that was, where none was expected; ``left_out`` names what has no place, for the row.
    """

    def __init__(self, request_id: str = "") -> None:
        """Nothing told yet; ``request_id`` is ours, which an error event names."""
        self._request_id = request_id
        self.state = StreamState()
        self.gap: Failure | None = None
        self.fault: Exception | None = None
        self.left_out: list[str] = []
        self._is_over = False

    @abstractmethod
    def write(self, event: Event, out: list[bytes]) -> None:
        """The client's bytes for ``event``, which ``state`` does not know yet; raises CannotSay."""

    @abstractmethod
    def error(self, answer: ErrorAnswer) -> bytes:
        """The one error event that ends a broken answer."""

    def identified(self, told: Json, upstreams_id: str) -> Json:
        """Upstream's own error event with our request id in it, beside ``upstreams_id`` if there is one."""
        return told

    def begin(self) -> None:  # noqa: B027 - not every dialect has something to do here
        """Before the events of one call."""

    def flush(self, out: list[bytes]) -> None:  # noqa: B027 - nor here
        """Behind the events of one call, which ``state`` knows."""

    def passed(self, chunk: Chunk) -> bytes:
        """Upstream's own bytes, as a client of the same dialect gets them."""
        return chunk.raw

    def forward(self, chunk: Chunk) -> bytes:
        """Upstream's own bytes, its error event with our request id; the events are folded behind them."""
        if self.gap is not None:
            return b""
        try:
            piece = self.passed(self._identified(chunk))
            self.state.fold(chunk.events)
        except Exception as fault:
            return self._give_up(fault)
        return piece

    def encode(self, events: Iterable[Event]) -> bytes:
        """The client's bytes for ``events``, in one piece."""
        if self._is_over or self.state.terminal:
            return b""
        out: list[bytes] = []
        whole = 0
        state, write, blocks = self.state, self.write, self.state.blocks
        try:
            self.begin()
            for event in events:
                whole = len(out)
                write(event, out)
                # Nearly all events are one of two kinds: what ``fold`` does with them, without the call.
                if type(event) is TextDelta:
                    blocks[event.index].pieces.append(event.text)
                elif type(event) is Usage:
                    state.usage = merged(state.usage, event)
                else:
                    state.fold((event,))
            self.flush(out)
            return b"".join(out)
        except Exception as fault:
            del out[whole:]
            out.append(self._give_up(fault))
            return b"".join(out)

    def fail(self, answer: ErrorAnswer) -> bytes:
        """The one error event that ends a broken answer; b"" when the answer has its end already."""
        if self._is_over or self.state.terminal:
            return b""
        told = self.error(answer)
        self._is_over = True
        return told

    def _identified(self, chunk: Chunk) -> Chunk:
        last = chunk.events[-1] if chunk.events else None
        if type(last) is not Failed or not last.failure.from_upstream_event:
            return chunk
        upstreams_id = last.failure.upstream_request_id
        raw = with_last_changed(chunk.raw, lambda told: self.identified(told, upstreams_id))
        return Chunk(raw, chunk.events)

    def _give_up(self, fault: Exception) -> bytes:
        """What cannot be told ends the answer with an error, never in silence."""
        if isinstance(fault, CannotSay):
            why = str(fault).encode("utf-8", "replace").decode()  # upstream's words may be in it
            self.gap = Failure(Kind.MALFORMED_ANSWER, why, status=500)
        else:
            self.fault = fault
            why = f"upstream's answer could not be told ({type(fault).__name__})"
            self.gap = Failure(Kind.GARBAGE, why, status=502)
        self.state.failure, self.state.terminal = self.gap, False
        told = self.error(ErrorAnswer(self.gap.status or 500, self.gap.message, self._request_id))
        self._is_over = True
        return told
