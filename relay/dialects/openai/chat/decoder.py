"""What a chat completions upstream streams, as events.

PURE. Whole SSE events only, in one pass; their bytes travel along unchanged. The answer is complete at
``[DONE]``, or at an orderly end of the connection behind a ``finish_reason`` (some servers send no
``[DONE]``): the usage comes between the two. Without a ``finish_reason`` neither is an end.
"""

import msgspec

from relay.dialects.interface import DecoderOptions
from relay.dialects.json_object import json_object
from relay.dialects.openai.chat.blocks import Blocks, BrokenCall, reasoning_text
from relay.dialects.openai.chat.wire import Choice, Delta, Piece, is_told, read_piece
from relay.dialects.openai.errors import failure_in_stream
from relay.dialects.openai.usage import usage_from
from relay.dialects.stream_decoder import BrokenStream, StreamDecoder, garbage
from relay.neutral.events import Citation, Event, Extra, Failed, MessageStart, Stop, StopReason, Terminal
from relay.neutral.failures import Failure, Kind

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


class ChatDecoder(StreamDecoder):
    """One upstream stream."""

    def __init__(self, options: DecoderOptions) -> None:
        """Nothing read yet."""
        super().__init__()
        self._takes_partial_arguments = options.takes_partial_arguments
        self._blocks = Blocks(options.call_id_seed)
        self._has_started = False
        self._has_stopped = False

    def take(self, data: bytes, events: list[Event]) -> None:
        """The data of one whole event; raises BrokenStream."""
        if data == b"[DONE]":
            self._done(events)
            return
        piece = self._read(data, events)
        if piece is None:
            return
        if is_told(piece.error) and (error := msgspec.json.decode(piece.error)):
            events.append(Failed(failure_in_stream(error, data)))
            return
        if not self._has_started:
            self._has_started = True
            events.append(MessageStart(piece.id or "", piece.model or ""))
        for choice in piece.choices or ():
            if choice.index:
                events.append(Extra(WHERE, "another choice"))
            else:
                self._choice(choice, events)
        if is_told(piece.usage):
            usage = msgspec.json.decode(piece.usage)
            if isinstance(usage, dict):
                events.append(usage_from(usage))

    def end(self, events: list[Event]) -> None:
        """The connection ended in order: behind a finish_reason that is the end of the answer too."""
        if self._has_stopped:
            events.append(Terminal())

    def _read(self, data: bytes, events: list[Event]) -> Piece | None:
        try:
            return read_piece(data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            pass  # a shape of tomorrow, or no JSON: looked at more patiently
        told = json_object(data)
        if told is None:
            raise BrokenStream(garbage("upstream sent data that is no JSON object"))
        try:
            return read_piece(msgspec.json.encode(told))
        except msgspec.ValidationError:
            events.append(Extra(WHERE, "a chunk of unknown shape", data))
            return None

    def _choice(self, choice: Choice, events: list[Event]) -> None:
        delta = choice.delta
        if delta is not None and not self._has_stopped:
            # The usual chunk has text and nothing else.
            if type(delta.content) is str and delta.content:
                self._blocks.say("text", delta.content, events)
            else:
                self._rare(delta, events)
            if delta.tool_calls or delta.function_call:
                self._calls(delta, events)
        if choice.finish_reason and not self._has_stopped:
            self._stop(choice, choice.finish_reason, events)

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

    def _stop(self, choice: Choice, told: str, events: list[Event]) -> None:
        if told == "error":
            raise BrokenStream(
                Failure(Kind.ERROR_EVENT, "upstream gave up its answer", status=502, reason=told)
            )
        reason = _REASONS.get(told, "other")
        try:
            self._blocks.close(reason in _CUTS_ARGUMENTS or self._takes_partial_arguments, events)
        except BrokenCall as broken:
            raise BrokenStream(garbage(str(broken))) from broken
        kinds = self._blocks.kinds
        if reason in ("end_turn", "tool_use"):
            # Some servers say "stop" behind tool calls, and some "tool_calls" behind none.
            reason = "tool_use" if "tool_call" in kinds else "end_turn"
            if "refusal" in kinds:
                reason = "refusal"
        matched = choice.stop_reason if isinstance(choice.stop_reason, str) else None
        if matched and reason == "end_turn":
            reason = "stop_sequence"
        self._has_stopped = True
        events.append(Stop(reason, told, stop_sequence=matched if reason == "stop_sequence" else None))

    def _done(self, events: list[Event]) -> None:
        if not self._has_stopped:
            kind = Kind.CUT if self._blocks.kinds else Kind.EMPTY
            raise BrokenStream(Failure(kind, "upstream ended its stream without a finish_reason"))
        events.append(Terminal())
