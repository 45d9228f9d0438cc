"""A Gemini upstream's bytes to events.

PURE. One pass. This protocol has no terminal event: the answer is over when the body ends behind a
``finishReason`` (or the blocked prompt). What of the answer comes behind one takes it back; an error, or what
is no chunk, ends the answer there. An upstream that answers in JSON instead of SSE is read at its end.
"""

import json
import re

import msgspec

from relay.dialects.gemini.client_answer.framing import frame, readable
from relay.dialects.gemini.errors import error_object, failure_in_document, failure_in_stream
from relay.dialects.gemini.fields import camel_keys
from relay.dialects.gemini.upstream_answer.answer_events import AnswerEvents
from relay.dialects.gemini.upstream_answer.bent_chunks import BESIDE, in_their_places, is_chunk
from relay.dialects.gemini.upstream_answer.blocks import BrokenParts
from relay.dialects.gemini.upstream_answer.text_arguments import with_objects
from relay.dialects.gemini.upstream_answer.wire import (
    NOTHING,
    AnswerDecoding,
    Envelope,
    WireAnswer,
    read_answer,
    read_answers,
    read_envelope,
    read_enveloped_answers,
)
from relay.dialects.interface import DecoderOptions
from relay.dialects.json_object import json_object
from relay.dialects.reading.broken_stream import BrokenStream, garbage
from relay.dialects.reading.envelopes import inside
from relay.dialects.reading.half_characters import json_text, tolerant_object
from relay.dialects.reading.told_again import told_again
from relay.dialects.stream_decoder import StreamDecoder
from relay.neutral.conversation import Json
from relay.neutral.events import Event, Failed, Terminal
from relay.neutral.failures import Failure, Kind
from relay.neutral.sse import SseEvent

# google-genai takes a chunk for an error only when this key comes first.
_BEGINS_WITH_ERROR = re.compile(rb'\s*\{\s*"error"\s*:')
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class GeminiDecoder(StreamDecoder[WireAnswer]):
    """See ``relay.dialects.interface.Decoder``."""

    passes_done = False

    def __init__(self, options: DecoderOptions) -> None:
        """A fresh stream."""
        super().__init__(AnswerDecoding, options.max_event_bytes)
        self.is_wrapped, self.keeps_bytes = options.is_enveloped, options.keeps_bytes
        self.decode_lines = read_answers
        if self.is_wrapped:  # a client's bytes are cut out of each envelope
            self.decode_lines = None if self.keeps_bytes else read_enveloped_answers
        self._answer = AnswerEvents(options)

    def take(self, told: WireAnswer, event: SseEvent, events: list[Event]) -> bytes:
        """One chunk; raises BrokenStream."""
        data = event.data or b""
        if told.error is not NOTHING and bytes(told.error) != b"null":
            return self._take_error(event, data, events)
        if told.candidates is None and told.prompt_feedback is None:
            body = json_object(data) or {}
            has_usage = told.usage_metadata is not None
            failure = None if has_usage else failure_in_document(body)
            if failure is not None:  # of a shape that Google's clients do not read: told in ours
                raise BrokenStream(failure)
            inner = event if has_usage else _unwrapped(event)
            if inner is not event:  # Code Assist's, behind a proxy that leaves it on
                if self.is_wrapped or _unwrapped(inner) is not inner:
                    raise BrokenStream(garbage("upstream sent an envelope in an envelope"))
                self.note("response")
                return told_again(self, AnswerDecoding, frame(inner.data or b""), events)
            if wrapped := inside(body, is_chunk, BESIDE):
                self.note("envelope")
                return told_again(self, AnswerDecoding, frame(json_text(wrapped)), events)
        try:
            self._answer.take(told, data, events)
        except BrokenParts as error:
            raise BrokenStream(garbage(f"upstream sent {error}")) from error
        except _UNREADABLE as error:  # deep inside of what was not looked at before
            raise BrokenStream(garbage("upstream sent data that is no chunk of an answer")) from error
        self.is_finishing = self._answer.is_finished and not self._answer.awaits_result
        return readable(event, data) if self.keeps_bytes else b""

    def take_words(self, told: list[WireAnswer], at: int, events: list[Event]) -> int:
        """Text or thinking alone, without a signature, a source or a reason."""
        return self._answer.take_words(told, at, events)

    def read_over(self, events: list[Event]) -> None:
        """The counts are told once a read."""
        self._answer.tell_usage(events)

    def done(self, events: list[Event]) -> None:
        """``[DONE]``, from servers that took it over: the end, where there is one; raises BrokenStream."""
        if not self._finish(events):
            kind = Kind.CUT if self._answer.has_begun else Kind.EMPTY
            raise BrokenStream(Failure(kind, "upstream ended its stream without a finishReason"))

    def end(self, events: list[Event]) -> None:
        """The connection ended: behind a finish reason that is the end of the answer too."""
        if not self._ends_amid:  # else the finish reason was not the end
            self._finish(events)

    def document(self, told: Json) -> bytes:
        """A whole answer, which is a chunk itself."""
        told = inside(told, is_chunk, BESIDE) or told
        if "candidates" not in told and "promptFeedback" not in told and "response" not in told:
            words = "upstream sent a JSON document that is no answer"
            raise BrokenStream(failure_in_document(told) or garbage(words))
        return frame(json_text(told))

    def prepared(self, told: Json) -> Json:
        """Google's names in their usual case, texts and reasons in their places, and arguments as objects."""
        named: Json = in_their_places(camel_keys(told), self.note)
        if with_objects(named):
            self.note("candidates[].content.parts[].functionCall.args")
        return named

    def kept(self, raw: bytes) -> bytes:
        """Blank lines alone: comments would break a client of ours (``client_answer/framing.py``)."""
        return b"" if raw.strip(b"\r\n") else raw

    def _one(self, event: SseEvent, events: list[Event]) -> None:
        super()._one(_unwrapped(event) if self.is_wrapped else event, events)

    def _break(self, events: list[Event], failure: Failure | None = None) -> None:
        """What is no chunk: behind a finish reason it is none of the answer's business."""
        self._guarded(self.end, events)
        if not self._is_over:
            super()._break(events, failure)

    def _finish(self, events: list[Event]) -> bool:
        """The end of the answer, if a finish reason was the last that was told of it; raises BrokenStream."""
        try:
            stop = self._answer.end(events)
        except BrokenParts as error:
            raise BrokenStream(garbage(f"upstream sent {error}")) from error
        if stop is None:
            return False
        events += (stop, Terminal())
        self._is_over = True
        return True

    def _take_error(self, event: SseEvent, data: bytes, events: list[Event]) -> bytes:
        if self._finish(events):
            return b""
        failure = failure_in_stream(error_object(data), data)
        if not _BEGINS_WITH_ERROR.match(data):
            raise BrokenStream(failure)
        events.append(Failed(msgspec.structs.replace(failure, from_upstream_event=True)))
        return readable(event, data)


def _unwrapped(event: SseEvent) -> SseEvent:
    """Code Assist's chunk out of its envelope, named by the envelope's trace; as it is without one.

    One envelope comes off: each costs another look at all that is in it.
    """
    envelope = _envelope(event.data) if event.data else Envelope()
    response = bytes(envelope.response)
    if response.lstrip()[:1] != b"{":  # null says nothing
        return event
    if envelope.trace_id:
        head = response.rstrip().removesuffix(b"}").rstrip()
        separator = b"" if head.endswith(b"{") else b","
        response = head + separator + b'"responseId":' + json_text(envelope.trace_id) + b"}"
    return SseEvent("", response, b"")


def _envelope(data: bytes) -> Envelope:
    """The envelope in ``data``; without its trace where the chunk has an id of its own."""
    try:
        told = read_envelope(data)
        has_id = told.trace_id and told.response and read_answer(bytes(told.response)).response_id is not None
        return Envelope(told.response) if has_id else told
    except _UNREADABLE:
        response = (tolerant_object(data) or {}).get("response")
        # In ASCII: half of a character stays what it is, and waits for its other half.
        return (
            Envelope(msgspec.Raw(json.dumps(response).encode())) if isinstance(response, dict) else Envelope()
        )
