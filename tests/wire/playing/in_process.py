"""A shape through decoder and encoder, without sockets: the bytes that a client would receive."""

from collections.abc import Iterable

from relay.dialects.interface import Dialect, EncoderOptions, ErrorAnswer
from relay.neutral.events import Chunk, StreamState
from relay.neutral.failures import Failure
from tests.relay.dialects.every_dialect import DIALECTS
from tests.wire.hearing.clients import CLIENTS, ClientName
from tests.wire.playing.decoding import decoder_for
from tests.wire.recorded.shape import Shape


class Told:
    """What came of it: the bytes for the client, and what they amount to for the server."""

    def __init__(self, body: bytes, state: StreamState) -> None:
        self.body = body
        self.state = state

    @property
    def is_whole(self) -> bool:
        """Did the answer come to its own end?"""
        return self.state.terminal and self.state.failure is None


def told(shape: Shape, client: ClientName, pieces: Iterable[bytes]) -> Told:
    """The stream that ``client`` gets when upstream's body comes in ``pieces``.

    A stream that breaks off ends with the dialect's error event, as the relay ends it.
    """
    dialect: Dialect = DIALECTS[client]
    decoder = decoder_for(shape)
    options = EncoderOptions(
        "0" * 32,
        "some-model",
        1,
        lambda index: f"handle-{index}" * 9,
        form="responses" if client == "responses" else "sse",
        request=CLIENTS[client].body("some-model", shape, "?", True),
    )
    encoder = dialect.encoder(options)
    out = b""

    def take(chunk: Chunk) -> None:
        nonlocal out
        is_same = shape.dialect == client
        out += encoder.forward(chunk) if is_same else encoder.encode(chunk.events)

    for piece in pieces:
        take(decoder.feed(piece))
    take(decoder.finish())
    state = encoder.state
    failure = state.failure
    if failure is not None or not state.terminal:
        message = failure.message if failure else "upstream ended before the end of its answer"
        is_told = failure is not None and failure.from_upstream_event and shape.dialect == client
        if not is_told:
            out += encoder.fail(_told(failure, message))
    return Told(out, state)


def _told(failure: Failure | None, message: str) -> ErrorAnswer:
    status, limit = (failure.status, failure.limit) if failure else (None, None)
    return ErrorAnswer(status or 502, message, "req_1", limit=limit)
