"""The oracle's sentence on one answer: the reader's word, or the vendor's own SDK's without this server."""

from tests.wire.hearing.clients import ClientName
from tests.wire.hearing.ears import hear
from tests.wire.hearing.heard import Heard
from tests.wire.hearing.oracle import differences, kinds_of
from tests.wire.recorded.shape import Shape, body_bytes


def wrong(shape: Shape, client: ClientName, heard: Heard, *, is_stream: bool) -> list[str]:
    """What is wrong with what was heard.

    Where a shape says so (``own``), a client of upstream's own dialect may hear what it hears without this
    server: the same stream, and of the document nothing else than what the stream lacks.
    """
    found = differences(shape, client, heard)
    if not found or not shape.own or shape.dialect != client:
        return found
    direct = direct_of(shape)
    if is_stream:
        return [] if heard == direct else found
    return [] if kinds_of(found) <= kinds_of(differences(shape, client, direct)) else found


def direct_of(shape: Shape) -> Heard:
    """What the vendor's SDK hears of upstream itself."""
    return hear(shape.dialect, True, 200, shape.answer.content_type, body_bytes(shape.answer))
