"""A Gemini upstream's bytes to events.

PURE. One pass. This protocol has no terminal event: the answer is over when the body ends behind a
``finishReason`` (or the blocked prompt). What of the answer comes behind one takes it back; an error, or what
is no chunk, ends the answer there. An upstream that answers in JSON instead of SSE is read at its end.
"""

import re

import msgspec

from relay.dialects.gemini.answer_events import AnswerEvents
from relay.dialects.gemini.blocks import BrokenAnswer
from relay.dialects.gemini.errors import error_object, failure_of
from relay.dialects.gemini.fields import json_text
from relay.dialects.gemini.framing import readable
from relay.dialects.gemini.wire import NOTHING, read_answer, read_envelope
from relay.dialects.interface import DecoderOptions
from relay.dialects.json_object import json_object
from relay.neutral.events import Chunk, Event, Failed, Heartbeat, Terminal
from relay.neutral.failures import Failure, Kind
from relay.neutral.sse import MAX_EVENT_BYTES, EventTooLarge, SseEvent, SseParser

_BLANK = b"\xef\xbb\xbf \t\r\n"
_JSON_BEGINS = (b"{", b"[")
# google-genai takes a chunk for an error only when this key comes first.
_BEGINS_WITH_ERROR = re.compile(rb'\s*\{\s*"error"\s*:')
_BROKEN = (msgspec.DecodeError, UnicodeDecodeError, BrokenAnswer, RecursionError)


class GeminiDecoder:
    """See ``relay.dialects.interface.Decoder``."""

    def __init__(self, options: DecoderOptions) -> None:
        """A fresh stream."""
        self.bent: list[str] = []
        self._is_enveloped = options.is_enveloped
        self._parser = SseParser()
        self._answer = AnswerEvents(options)
        self._is_sse: bool | None = None
        # What arrived since the last whole event; all of it where this is no SSE.
        self._unread: list[bytes] = []
        self._unread_bytes = 0
        self._is_over = False
        self._out: list[Event] = []
        self._raw: list[bytes] = []

    def feed(self, data: bytes) -> Chunk:
        """The whole events that ``data`` completes."""
        if self._is_over or not data:
            return Chunk(b"", [])
        if self._is_sse is None:
            first = data.lstrip(_BLANK)[:1]
            self._is_sse = first not in _JSON_BEGINS if first else None
        self._unread.append(data)
        self._unread_bytes += len(data)
        if self._is_sse is False:
            if self._unread_bytes > MAX_EVENT_BYTES:
                self._broken("too much that is no stream")
            return self._told()
        try:
            events = self._parser.feed(data)
        except EventTooLarge as error:
            self._broken(str(error))
            return self._told()
        if events:
            rest = b"".join(self._unread)[sum([len(event.raw) for event in events]) :]
            self._unread = [rest] if rest else []
            self._unread_bytes = len(rest)
            self._take(events)
        return self._told()

    def finish(self) -> Chunk:
        """What the end of the connection completes."""
        if self._is_over:
            return Chunk(b"", [])
        rest = b"".join(self._unread)
        if self._is_sse is False:
            self._take_json(rest)
        elif events := self._parser.finish():
            if self._answer.is_finished and json_object(events[-1].data or b"") is None:
                return Chunk(b"", [])  # cut inside of what follows: the finish reason was not the end
            # Framed anew (raw is ""): upstream left out the last blank line, and something may follow ours.
            self._take([SseEvent("", event.data, b"") for event in events])
        elif rest.lstrip(_BLANK)[:1] in _JSON_BEGINS:
            self._take_bare_json(rest)
        self._end()
        return self._told()

    def _told(self) -> Chunk:
        """What was gathered."""
        out, raw = self._out, self._raw
        self._out, self._raw = [], []
        return Chunk(raw[0] if len(raw) == 1 else b"".join(raw), out, self._is_finishing)

    @property
    def _is_finishing(self) -> bool:
        if not self._answer.is_finished or self._is_over or self._answer.awaits_result:
            return False
        return not any(piece.strip(_BLANK) for piece in self._unread)

    def _end(self) -> None:
        """Nothing follows: behind a finish reason the answer is over."""
        if self._is_over:
            return
        mark = len(self._out)
        try:
            stop = self._answer.end(self._out)
        except BrokenAnswer as error:
            del self._out[mark:]
            self._broken(str(error))
            return
        if stop is not None:
            self._out += (stop, Terminal())
            self._is_over = True

    def _take(self, events: list[SseEvent]) -> None:
        for event in events:
            if self._is_over:
                return
            if event.data is not None:
                self._take_data(event, event.data)
            elif self._answer.is_finished:
                continue
            elif event.raw.lstrip(_BLANK)[:1] in _JSON_BEGINS:
                self._take_bare_json(event.raw)
            else:
                self._out.append(Heartbeat())
                if not event.raw.strip(b"\r\n"):  # comments would break a client of ours: framing.py
                    self._raw.append(event.raw)

    def _take_json(self, body: bytes) -> None:
        """A whole answer that is no SSE: one object, or the JSON array form."""
        if error_object(body) is not None:
            self._take_bare_json(body)
            return
        try:
            value = msgspec.json.decode(body.strip(_BLANK), type=list[msgspec.Raw] | dict[str, msgspec.Raw])
        except _BROKEN:
            self._broken("an answer that is neither a stream nor JSON")
            return
        chunks = [bytes(raw) for raw in value] if isinstance(value, list) else [body.strip(_BLANK)]
        self._take([SseEvent("", chunk, b"") for chunk in chunks])

    def _take_bare_json(self, raw: bytes) -> None:
        """JSON outside of an event: the API says some errors so. Clients are told by an event of ours."""
        error = error_object(raw)
        if error is None:
            self._broken("something that is no event")
        else:
            self._fail(failure_of(error, None, Kind.ERROR_EVENT, b""))

    def _take_data(self, event: SseEvent, data: bytes) -> None:
        mark = len(self._out)
        try:
            if self._is_enveloped:
                inner = _unwrapped(data)
                if inner is not data:
                    event, data = SseEvent("", inner, b""), inner
            answer = read_answer(data)
            if answer.error is not NOTHING and bytes(answer.error) != b"null":
                self._take_error(event, data)
                return
            self._answer.take(answer, data, self._out)
        except _BROKEN as error:
            # What this very chunk said is not told: its bytes are not forwarded either.
            del self._out[mark:]
            self._take_broken(data, error)
            return
        self._raw.append(readable(event, data))

    def _take_error(self, event: SseEvent, data: bytes) -> None:
        if self._answer.is_finished:
            self._end()
            return
        failure = failure_of(error_object(data) or {}, None, Kind.ERROR_EVENT, data)
        if _BEGINS_WITH_ERROR.match(data):
            failure = msgspec.structs.replace(failure, from_upstream_event=True)
            self._raw.append(readable(event, data))
        self._fail(failure)

    def _take_broken(self, data: bytes, error: Exception) -> None:
        if self._answer.is_finished and not isinstance(error, BrokenAnswer):
            self._end()
            return
        listed = error_object(data)
        if listed is not None:  # a list of one, as the array form has it
            self._fail(failure_of(listed, None, Kind.ERROR_EVENT, b""))
        elif isinstance(error, BrokenAnswer):
            self._broken(str(error))
        elif isinstance(error, msgspec.ValidationError):
            self._broken("data that is no chunk of an answer")
        else:
            self._broken("data that is not JSON")

    def _broken(self, what: str) -> None:
        self._fail(Failure(Kind.GARBAGE, f"upstream sent {what}"))

    def _fail(self, failure: Failure) -> None:
        self._out.append(Failed(failure))
        self._is_over = True


def _unwrapped(data: bytes) -> bytes:
    """Code Assist's chunk out of its envelope, named by the envelope's trace; ``data`` itself without one."""
    envelope = read_envelope(data)
    if envelope.response is NOTHING:
        return data
    inner = bytes(envelope.response)
    if not envelope.trace_id or read_answer(inner).response_id is not None:
        return inner
    head = inner.rstrip().removesuffix(b"}").rstrip()
    separator = b"" if head.endswith(b"{") else b","
    return head + separator + b'"responseId":' + json_text(envelope.trace_id).encode() + b"}"
