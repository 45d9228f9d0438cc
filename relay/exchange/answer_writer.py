"""What the client gets of an answer: forwarded, encoded or collected; what cannot be told is a failure.

An exception on the way is upstream's broken answer and no fault of the server: it is logged once, with its
traceback, and never leaves this file.
"""

import logging
from typing import Literal

from relay.dialects.interface import Encoder, EncoderOptions
from relay.engine.coalesce import coalesced
from relay.engine.signatures import handle_for
from relay.neutral.events import Chunk
from relay.neutral.failures import Failure, Kind
from relay.upstream.request import ClientCall

logger = logging.getLogger("relay")


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
        self.encoder: Encoder = call.dialect.encoder(
            EncoderOptions(
                message_id=request_id,
                model=call.model,
                created_at=created_at,
                handle=lambda index: handle_for(request_id, index),
                form=form,
                include_usage=wants_usage or not call.is_stream,
                request=call.body,
                headers=call.headers,
            )
        )
        self.gap: Failure | None = None
        self._call = call
        self._request_id = request_id

    def write(self, chunk: Chunk, *, is_forwarded: bool) -> bytes:
        """The client's bytes for ``chunk``; a client that wants no stream gets its whole answer in one."""
        encoder = self.encoder
        try:
            if is_forwarded:
                piece = encoder.forward(chunk)
            else:
                piece = encoder.encode(chunk.events if self._call.is_stream else coalesced(chunk.events))
            if encoder.gap is not None:
                self._give_up(encoder.gap, encoder.fault)
            elif not self._call.is_stream:
                return self._call.dialect.collect(piece)
        except Exception as fault:
            why = f"upstream's answer could not be put together ({type(fault).__name__})"
            self._give_up(Failure(Kind.GARBAGE, why, status=502), fault)
            return b""
        return piece

    def _give_up(self, gap: Failure, fault: Exception | None) -> None:
        if self.gap is None and fault is not None:
            logger.error(gap.message, exc_info=fault, extra={"request_id": self._request_id})
        self.gap = gap
