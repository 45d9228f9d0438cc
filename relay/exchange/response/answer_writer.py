"""What the client gets of an answer: forwarded, encoded or collected; what cannot be told is a failure.

An exception on the way is upstream's broken answer and no fault of the server: it is logged once, with its
traceback, and never leaves this file.
"""

import logging
from typing import Final, Literal

import msgspec

from relay.dialects.interface import Encoder, EncoderOptions
from relay.engine.answer.coalesce import coalesced, together
from relay.engine.healing.signatures import handle_for
from relay.neutral.events import BlockStart, Chunk, Event, Failed, TextDelta, ThinkingDelta
from relay.neutral.failures import Failure, Kind, stumbled
from relay.upstream.request import ClientCall

logger = logging.getLogger("relay")

_EVENT_BYTES: Final = 1024
_PIECE_BYTES: Final = 128
_WEIGHED_EVENTS: Final = 10_000
"""Of more of them at once no one is looked at: they are much, whatever they are."""


class Untold(Exception):
    """Nothing of the answer could be told, and nothing was: another answer may be told in its place."""

    def __init__(self, failure: Failure) -> None:
        """``failure`` is that of the answer."""
        super().__init__(failure.message)
        self.failure = failure


class AnswerWriter:
    """One exchange's answer on its way to the client. ``gap`` says why it could not be told to its end."""

    def __init__(
        self,
        call: ClientCall,
        request_id: str,
        created_at: int,
        form: Literal["sse", "array", "responses"],
        wants_usage: bool,
    ) -> None:
        """``form`` is how the client wants its stream; ``created_at`` is in epoch seconds."""
        self._options = EncoderOptions(
            message_id=request_id,
            model=call.model,
            created_at=created_at,
            handle=lambda index: handle_for(request_id, index),
            form=form,
            include_usage=wants_usage or not call.is_stream,
            request=call.body,
            headers=call.headers,
        )
        self.encoder: Encoder = call.dialect.encoder(self._options)
        self.gap: Failure | None = None
        self._has_told = False
        self._call = call
        self._request_id = request_id

    def weight(self, chunk: Chunk) -> int:
        """How much work it is to write ``chunk``, in bytes; a stream's bytes tell, or else its events."""
        if self._call.is_stream and chunk.raw:
            return len(chunk.raw)
        if len(chunk.events) > _WEIGHED_EVENTS:
            return len(chunk.events) * _EVENT_BYTES
        return sum(map(_weight_of, chunk.events), len(chunk.raw))

    def write(self, chunk: Chunk, upstreams_id: str = "", *, is_forwarded: bool) -> bytes:
        """The client's bytes for ``chunk``; a client that wants no stream gets its whole answer in one.

        ``upstreams_id`` is upstream's own id of the request, which its error event is told with.

        Raises Untold where it cannot be told before the first byte: our code stumbles, or the client's
        dialect has no word for it, collected or not. The encoder is a new one then.
        """
        piece, gap, fault = b"", self.encoder.gap, None
        try:
            piece = self._piece(_with_id(chunk, upstreams_id), is_forwarded)
            gap, fault = self.encoder.gap, self.encoder.fault
        except Exception as error:
            fault = error
            why = f"upstream's answer could not be put together ({type(error).__name__})"
            gap = Failure(Kind.GARBAGE, why, status=502)
        if gap is None:
            self._has_told = self._has_told or bool(piece)
        else:
            self._give_up(gap, fault)
        return piece

    def _piece(self, chunk: Chunk, is_forwarded: bool) -> bytes:
        encoder = self.encoder
        if is_forwarded:
            piece = encoder.forward(chunk)
        else:
            is_stream, events = self._call.is_stream, chunk.events
            piece = encoder.encode(together(events) if is_stream else coalesced(events))
        return piece if self._call.is_stream or encoder.gap is not None else self._call.dialect.collect(piece)

    def _give_up(self, gap: Failure, fault: Exception | None) -> None:
        if self.gap is None and fault is not None:
            gap = msgspec.structs.replace(gap, where=stumbled("told", fault).where)
            logger.error(gap.message, exc_info=fault, extra={"request_id": self._request_id})
        if self.gap is None and not self._has_told:
            self.encoder = self._call.dialect.encoder(self._options)
            raise Untold(gap)
        self.gap = gap


def _weight_of(event: Event) -> int:
    """A piece of text costs 5 µs to join and collect and 15 ns a byte, any other event some 30 µs."""
    if isinstance(event, TextDelta | ThinkingDelta):
        return _PIECE_BYTES + 2 * len(event.text)
    return _EVENT_BYTES + _payload_bytes(event)


def _payload_bytes(event: Event) -> int:
    return len(event.payload) if type(event) is BlockStart else 0


def _with_id(chunk: Chunk, upstreams_id: str) -> Chunk:
    last = chunk.events[-1] if chunk.events else None
    if type(last) is not Failed or last.failure.upstream_request_id:
        return chunk
    failure = msgspec.structs.replace(last.failure, upstream_request_id=upstreams_id)
    return Chunk(chunk.raw, [*chunk.events[:-1], Failed(failure)])
