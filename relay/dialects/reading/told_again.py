"""A whole answer in one event of a stream, taken as the stream that says the same. PURE."""

from relay.dialects.reading.broken_stream import BrokenStream, garbage
from relay.dialects.reading.tolerant_reader import Decoding, NoObject, Shape, TolerantReader
from relay.dialects.stream_decoder import StreamDecoder
from relay.neutral.events import Event
from relay.neutral.sse import SseParser


def told_again(
    decoder: StreamDecoder[Shape], shape: Decoding[Shape], stream: bytes, events: list[Event]
) -> bytes:
    """What ``decoder`` takes of each event of ``stream``, into ``events``; their bytes for the client.

    Each is read patiently: fields that are not of their types are in the answer as they were told. Raises
    BrokenStream.
    """
    reader = TolerantReader(shape)
    found = SseParser(len(stream) + 1).feed(stream)
    try:
        prepare = decoder.prepared
        ready = [one for event in found if event.data for one in reader.patiently(event, prepare)]
        ready += reader.finish(prepare)
    except NoObject as error:
        raise BrokenStream(garbage("upstream sent an answer that cannot be read")) from error
    for path in reader.bent:
        decoder.note(path)
    return b"".join(decoder.take(told, event, events) for told, event in ready)
