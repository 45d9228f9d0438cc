"""What a chat completions upstream streams, as events.

PURE. Whole SSE events only, in one pass; their bytes travel along unchanged. The answer is complete at
``[DONE]``, or at the end of the connection behind a ``finish_reason`` (some servers send no ``[DONE]``): the
usage comes between the two. Without a ``finish_reason`` neither is an end; some servers tell one with every
chunk, and the last one counts.
"""

import msgspec

from relay.dialects.finishing import says_more
from relay.dialects.interface import DecoderOptions
from relay.dialects.json_object import json_object
from relay.dialects.openai.chat.blocks import Blocks, BrokenCall, reasoning_text
from relay.dialects.openai.chat.documents import stream_of
from relay.dialects.openai.chat.wire import PIECE, Choice, Delta, Piece, is_told
from relay.dialects.openai.error_shapes import is_own_shape
from relay.dialects.openai.errors import failure_in_document, failure_in_stream
from relay.dialects.openai.usage import usage_from
from relay.dialects.reading.half_characters import tolerant_object
from relay.dialects.stream_decoder import BrokenStream, StreamDecoder, garbage
from relay.neutral.conversation import Json
from relay.neutral.events import Citation, Event, Extra, Failed, MessageStart, Stop, StopReason, Terminal
from relay.neutral.failures import Failure, Kind
from relay.neutral.sse import SseEvent

WHERE = "openai chat"
"""The ``where`` of this form's ``Extra``."""

_REASONS: dict[str, StopReason] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}

# The answer was cut short, so a tool call's JSON may be unfinished.
_CUTS_ARGUMENTS = ("max_tokens", "refusal")


class ChatDecoder(StreamDecoder[Piece]):
    """One upstream stream."""

    def __init__(self, options: DecoderOptions) -> None:
        """Nothing read yet."""
        super().__init__(PIECE)
        self._takes_partial_arguments = options.takes_partial_arguments
        self._blocks = Blocks(options.call_id_seed)
        self._has_started = False
        self._finish: tuple[str, str | None] | None = None  # the last reason told, and the matched sequence
        self._is_last = False  # nothing of the answer came behind it
        self._others: set[int] = set()  # further choices that have not finished

    def take(self, told: Piece, event: SseEvent, events: list[Event]) -> bytes:
        """One chunk; raises BrokenStream."""
        if is_told(told.error) and self._failed(event, events):
            return event.raw
        if not told.choices and not is_told(told.usage):
            failure = failure_in_document(tolerant_object(event.data or b"") or {})
            if failure is not None:  # of a shape that OpenAI's clients do not read: told in ours
                raise BrokenStream(failure)
        if not self._has_started:
            self._has_started = True
            events.append(MessageStart(told.id or "", told.model or ""))
        for choice in told.choices:
            if choice.index:
                self._another(choice.index, choice, events)
            else:
                self._choice(choice, events)
        self.is_finishing = self._is_last and not self._others
        if is_told(told.usage):
            usage = json_object(bytes(told.usage))
            if usage is not None:
                events.append(usage_from(usage))
        return event.raw

    def done(self, events: list[Event]) -> None:
        """``[DONE]``, which without a finish_reason is no end; raises BrokenStream."""
        if self._finish is None:
            kind = Kind.CUT if self._blocks.kinds else Kind.EMPTY
            raise BrokenStream(Failure(kind, "upstream ended its stream without a finish_reason"))
        self._stop(events)

    def document(self, told: Json) -> bytes:
        """A whole completion, as the stream that says the same."""
        return stream_of(told)

    def end(self, events: list[Event]) -> None:
        """The connection ended in order: behind a finish_reason that is the end of the answer too."""
        if self.is_finishing:
            self._stop(events)

    def _failed(self, event: SseEvent, events: list[Event]) -> bool:
        """Does the chunk tell an error? Raises BrokenStream for one that OpenAI's clients do not read."""
        whole = tolerant_object(event.data or b"") or {}
        if not whole.get("error"):
            return False
        if not is_own_shape(whole):
            raise BrokenStream(failure_in_document(whole) or garbage("upstream told an error"))
        events.append(Failed(failure_in_stream(whole["error"], event.data or b"")))
        return True

    def _choice(self, choice: Choice, events: list[Event]) -> None:
        delta, before = choice.delta, len(events)
        if delta is not None:
            # The usual chunk has text and nothing else.
            if type(delta.content) is str and delta.content:
                self._blocks.say("text", delta.content, events)
            else:
                self._rare(delta, events)
            if delta.tool_calls or delta.function_call:
                self._calls(delta, events)
        if self._is_last and says_more(events[before:]):
            self._is_last = False
            self.release()
        if choice.finish_reason:
            self._finishes(choice, choice.finish_reason)

    def _another(self, index: int, choice: Choice, events: list[Event]) -> None:
        """A further choice, which only its own dialect can say; the answer is over when all have finished."""
        events.append(Extra(WHERE, "another choice"))
        if choice.finish_reason:
            self._others.discard(index)
        else:
            self._others.add(index)

    def _rare(self, delta: Delta, events: list[Event]) -> None:
        # Some servers say the same reasoning under two names: the first that is told counts.
        thought = (
            delta.reasoning_content
            or reasoning_text(delta.reasoning)
            or reasoning_text(delta.reasoning_details)
        )
        if thought:
            self._blocks.say("thinking", thought, events)
        if isinstance(delta.content, list):
            self._parts(delta.content, events)
        if delta.refusal:
            self._blocks.say("refusal", delta.refusal, events)
        for annotation in delta.annotations or ():
            self._annotation(annotation, events)
        for name, raw in (("audio", delta.audio), ("images", delta.images)):
            if is_told(raw):
                events.append(Extra(WHERE, name, bytes(raw)))

    def _parts(self, parts: list[object], events: list[Event]) -> None:
        """Mistral's content: texts, and thinking that holds texts."""
        for part in parts:
            match part:
                case {"type": "text", "text": str(text)} if text:
                    self._blocks.say("text", text, events)
                case {"type": "thinking", "thinking": thinking} if text := reasoning_text(thinking):
                    self._blocks.say("thinking", text, events)
                case _:
                    events.append(Extra(WHERE, "content part", msgspec.json.encode(part)))

    def _annotation(self, annotation: object, events: list[Event]) -> None:
        match annotation:
            case {"type": "url_citation", "url_citation": {"url": str(url), **rest}} if (
                self._blocks.open_index >= 0
            ):
                title = rest.get("title")
                raw = msgspec.json.encode(annotation)
                index = self._blocks.open_index
                events.append(Citation(index, raw, url, title if isinstance(title, str) else ""))
            case _:
                events.append(Extra(WHERE, "annotation", msgspec.json.encode(annotation)))

    def _calls(self, delta: Delta, events: list[Event]) -> None:
        try:
            for fragment in delta.tool_calls or ():
                self._blocks.call(fragment, events)
            if delta.function_call is not None:
                self._blocks.function_call(delta.function_call, events)
        except BrokenCall as broken:
            raise BrokenStream(garbage(str(broken))) from broken

    def _finishes(self, choice: Choice, told: str) -> None:
        """A finish reason is told: the end, if nothing of the answer follows."""
        if told == "error":
            raise BrokenStream(
                Failure(Kind.ERROR_EVENT, "upstream gave up its answer", status=502, reason=told)
            )
        self._finish = (told, choice.stop_reason if isinstance(choice.stop_reason, str) else None)
        self._is_last = True
        if self.held is None and self._blocks.is_half and not self._may_be_half(_REASONS.get(told, "other")):
            self.held = []  # no client is to see the end of a call whose JSON does not parse

    def _may_be_half(self, reason: StopReason) -> bool:
        return reason in _CUTS_ARGUMENTS or self._takes_partial_arguments

    def _stop(self, events: list[Event]) -> None:
        told, matched = self._finish or ("", None)
        reason = _REASONS.get(told, "other")
        try:
            self._blocks.close(self._may_be_half(reason), events)
        except BrokenCall as broken:
            raise BrokenStream(garbage(str(broken))) from broken
        kinds = self._blocks.kinds
        if reason in ("end_turn", "tool_use"):
            # Some servers say "stop" behind tool calls, and some "tool_calls" behind none.
            reason = "tool_use" if "tool_call" in kinds else "end_turn"
            if "refusal" in kinds:
                reason = "refusal"
        if matched and reason == "end_turn":
            reason = "stop_sequence"
        self.release()
        sequence = matched if reason == "stop_sequence" else None
        events += (Stop(reason, told, stop_sequence=sequence), Terminal())
