"""What a chat completions upstream streams, as events.

PURE. Whole SSE events only, in one pass; their bytes travel along unchanged, but where the vendor's SDK could
not put them together. The answer is complete at ``[DONE]``, or at the end of the connection behind a
``finish_reason`` (some servers send no ``[DONE]``, and clients get one): the usage comes between the two.
Without a ``finish_reason`` neither is an end; some servers tell one with every chunk; the last one counts.
"""

from collections import defaultdict
from typing import Any

import msgspec

from relay.dialects.finishing import says_more
from relay.dialects.interface import DecoderOptions
from relay.dialects.openai.chat.client_answer.rewrites import GONE, Place, Rewrites
from relay.dialects.openai.chat.upstream_answer.deltas import Deltas, Placeholder
from relay.dialects.openai.chat.upstream_answer.documents import (
    BESIDE,
    CHUNK,
    DONE,
    KINDS,
    WHOLE,
    error_in_choices,
    is_message_alone,
    is_text_alone,
    of_text,
    stream_of,
    tells_choices,
    with_text_content,
)
from relay.dialects.openai.chat.upstream_answer.extras import listed_sources
from relay.dialects.openai.chat.upstream_answer.finish_reasons import (
    BREAKS,
    CUTS_ARGUMENTS,
    known_word_in,
    reason_of,
    with_reason,
)
from relay.dialects.openai.chat.upstream_answer.said import ToldChoice
from relay.dialects.openai.chat.upstream_answer.wire import NOTHING, PIECE, Choice, Delta, Piece, is_told
from relay.dialects.openai.errors import failure_in_document, failure_in_stream
from relay.dialects.openai.usage import usage_from, with_chats_names
from relay.dialects.reading.bent_fields import mended
from relay.dialects.reading.broken_stream import BrokenStream, garbage
from relay.dialects.reading.envelopes import inside
from relay.dialects.reading.error_shapes import is_own_shape
from relay.dialects.reading.half_characters import json_text, tolerant_object, without_halves
from relay.dialects.reading.token_counts import counts_in, with_counts
from relay.dialects.reading.told_again import told_again
from relay.dialects.stream_decoder import StreamDecoder
from relay.neutral.conversation import Json
from relay.neutral.events import Event, Extra, Failed, MessageStart, Stop, StopReason, Terminal
from relay.neutral.failures import Failure, Kind
from relay.neutral.sse import SseEvent, framed

WHERE = "openai chat"
"""The ``where`` of this form's ``Extra``."""

_Waiting = tuple[SseEvent, list[tuple[Place, Any]], list[Placeholder]]
"""A chunk, the changes to it that are known, and the empty objects in it."""


class ChatDecoder(StreamDecoder[Piece]):
    """One upstream stream."""

    end_bytes = DONE

    def __init__(self, options: DecoderOptions) -> None:
        """Nothing read yet."""
        super().__init__(PIECE, options.max_event_bytes)
        self._takes_partial_arguments = options.takes_partial_arguments
        self._has_several = options.choices > 1
        self._rewrites = Rewrites()
        self._deltas = Deltas(options.call_id_seed, self._rewrites, WHERE)
        self._has_started = False
        self._finish: tuple[str, str | None] | None = None  # the last reason told, and the matched sequence
        self._is_last = False  # nothing of the answer came behind it
        self._waiting: list[_Waiting] = []  # from an empty object of arguments on, not to be seen yet
        self._had_completion = False  # a chunk that calls itself a whole completion
        self._said = ToldChoice(self._deltas.blocks)
        self._said_by_others: defaultdict[int, ToldChoice] = defaultdict(ToldChoice)  # by further choices
        self._others: set[int] = set()  # of these, those that have not finished

    def prepared(self, told: Json) -> Json:
        """A chunk whose choices hold whole messages, or texts, and no deltas: with deltas."""
        choices = told.get("choices")
        if not choices and known_word_in(told.get("finish_reason")):
            choices = [{"index": 0, "delta": {}}]
        if not isinstance(choices, list):
            return told
        if any(map(is_text_alone, choices)):
            self.note("choices[].text")
            told = {**told, "object": CHUNK}
            choices = [of_text(one) if is_text_alone(one) else one for one in choices]
        if (error := error_in_choices(choices)) is not None:
            self.note("choices[].error")
            told = {**told, "error": error}
        return {**told, "choices": [self._prepared(one, told) for one in choices]}

    def _prepared(self, choice: Any, chunk: Json) -> Any:
        if isinstance(choice, dict) and (finished := with_reason(choice, chunk)) is not choice:
            self.note("choices[].finish_reason")
            choice = finished
        if is_message_alone(choice):
            return {**choice, "delta": {}}
        if isinstance(choice, dict) and isinstance(said := choice.get("delta"), str):
            choice = {**choice, "delta": {"content": said}}
            self.note("choices[].delta")
        whole = with_text_content(choice, "delta")
        if whole is not choice:
            self.note("choices[].delta.content")
        return whole

    def take(self, told: Piece, event: SseEvent, events: list[Event]) -> bytes:
        """One chunk; raises BrokenStream."""
        if told.error is not NOTHING and is_told(told.error) and self._failed(event, events):
            self.held = None  # the end of half a call, which nobody is to see
            return event.raw
        if not self._has_started:
            if told.choices is msgspec.UNSET and (inner := self._inside(event)):
                return told_again(self, PIECE, inner, events)
            self._has_started = True
            events.append(MessageStart(told.id or "", told.model or ""))
        if told.choices:
            for at, choice in enumerate(told.choices):
                other = (choice.index or 0) if self._has_several else 0
                said = self._said_by_others[other] if other else self._said
                if choice.message is not NOTHING:
                    is_end = told.object == WHOLE and bool(choice.finish_reason) and not self._had_completion
                    self._take_message(at, choice, said, is_end=is_end)
                thought = said.note(choice.delta)
                if other:
                    self._another(other, choice, events)
                else:
                    self._choice(at, choice, thought, events)
            self._had_completion = self._had_completion or told.object == WHOLE
            self.is_finishing = self._is_last and not self._others
        elif told.choices is msgspec.UNSET or not is_told(told.usage):
            if told.choices is msgspec.UNSET and (inner := self._inside(event)):
                return told_again(self, PIECE, inner, events)
            self._without_choices(told, event)
        if told.usage is not NOTHING and is_told(told.usage):
            self._usage(told.usage, events, is_in_place=True, tier=told.service_tier)
        if told.object not in KINDS and (told.choices or is_told(told.usage)):
            self._rewrites.put(("object",), CHUNK)
        if told.citations or told.search_results:
            self._deltas.consulted(listed_sources(told.citations or [], told.search_results or []))
        if self._waiting or self._deltas.placeholders:
            return self._when_sure(event)
        return self._rewrites.framed(event) if self._rewrites.changes else event.raw

    def _when_sure(self, event: SseEvent) -> bytes:
        """The bytes that may go: those since an empty object of arguments wait until it is known for all."""
        self._waiting.append((event, self._rewrites.changes, self._deltas.placeholders))
        self._rewrites.changes, self._deltas.placeholders = [], []
        return b"" if self._deltas.doubts else self._waited()

    def _waited(self) -> bytes:
        """The chunks that waited, without the empty objects behind which the real ones came."""
        raw: list[bytes] = []
        for event, changes, placeholders in self._waiting:
            dropped = [(one.place, "") for one in placeholders if one.is_dropped]
            if dropped:
                self.note("choices[].delta.tool_calls[].function.arguments")
            self._rewrites.changes = [*changes, *dropped]
            raw.append(self._rewrites.framed(event) if self._rewrites.changes else event.raw)
        self._waiting.clear()
        return b"".join(raw)

    def done(self, events: list[Event]) -> None:
        """``[DONE]``, which without a finish_reason is no end; raises BrokenStream."""
        if self._finish is None:
            kind = Kind.CUT if self._deltas.blocks.kinds else Kind.EMPTY
            raise BrokenStream(Failure(kind, "upstream ended its stream without a finish_reason"))
        self._stop(events)

    def document(self, told: Json) -> bytes:
        """A whole completion, also in an envelope, as the stream that says the same."""
        return stream_of(inside(told, tells_choices, BESIDE) or told)

    def end(self, events: list[Event]) -> None:
        """The connection ended in order: behind a finish_reason that is the end of the answer too."""
        if self.is_finishing:
            self._stop(events)

    def _inside(self, event: SseEvent) -> bytes:
        """The chunk in a chunk without choices, as an event; nothing without one."""
        inner = inside(tolerant_object(event.data or b"") or {}, tells_choices, BESIDE)
        if inner is None:
            return b""
        self.note("envelope")
        return framed("", json_text(inner))

    def _failed(self, event: SseEvent, events: list[Event]) -> bool:
        """Does the chunk tell an error? Raises BrokenStream for one that OpenAI's clients do not read."""
        whole = tolerant_object(event.data or b"") or {}
        if not whole.get("error"):
            return False
        if not is_own_shape(whole):
            raise BrokenStream(failure_in_document(whole) or garbage("upstream told an error"))
        events.append(Failed(failure_in_stream(whole["error"], event.data or b"")))
        return True

    def _without_choices(self, told: Piece, event: SseEvent) -> None:
        """An error that OpenAI's clients do not read is told in our words; a missing list breaks them."""
        body = tolerant_object(event.data or b"") or {}
        if failure := failure_in_document({"error": body} if body and event.name == "error" else body):
            raise BrokenStream(failure)
        if told.choices is msgspec.UNSET:
            self._rewrites.put(("choices",), [])

    def _take_message(self, at: int, choice: Choice, said: ToldChoice, *, is_end: bool) -> None:
        """A whole message where the delta says nothing: the delta is what it says beyond ``said``.

        ``is_end``: it is in the one chunk that calls itself a whole completion, and tells why it ended.
        """
        message = tolerant_object(bytes(choice.message))
        if message is None or any(msgspec.structs.astuple(choice.delta)):
            return
        said_plainly = with_text_content({"message": without_halves(message)}, "message")["message"]
        whole, bent = mended(said_plainly, Delta)
        for path in bent:
            self.note(f"choices[].delta.{path}")
        left = said.rest(whole, is_end=is_end)
        choice.delta = msgspec.convert(left, Delta)
        self._rewrites.put(("object",), CHUNK)
        self._rewrites.put(("choices", at, "message"), GONE)
        for name, value in left.items():
            self._rewrites.put(("choices", at, "delta", name), value)

    def _choice(self, at: int, choice: Choice, thought: str, events: list[Event]) -> None:
        before = len(events)
        if choice.index != 0:  # there is one answer, however its chunks are numbered
            self.note("choices[].index")
            self._rewrites.put(("choices", at, "index"), 0)
        is_last, is_behind = bool(choice.finish_reason), self._finish is not None
        self._deltas.take(at, choice.delta, thought, events, is_last=is_last, is_behind=is_behind)
        if self._is_last and says_more(events[before:]):
            self._is_last = False
            self.release()
        if choice.finish_reason:
            self._finishes(choice, choice.finish_reason)
        if choice.usage is not NOTHING and is_told(choice.usage):
            self._usage(choice.usage, events, is_in_place=False)  # clients look for it elsewhere

    def _another(self, index: int, choice: Choice, events: list[Event]) -> None:
        """A further choice, which only its own dialect can say; the answer is over when all have finished."""
        events.append(Extra(WHERE, "another choice"))
        if choice.finish_reason:
            self._others.discard(index)
        else:
            self._others.add(index)

    def _usage(
        self, raw: msgspec.Raw, events: list[Event], *, is_in_place: bool, tier: str | None = None
    ) -> None:
        data = bytes(raw)
        told = counts_in(data)
        if told is None:
            return
        usage = with_counts(with_chats_names(told))
        is_bent = usage is not told or data[:1] != b"{"
        if is_bent:
            self.note("usage")
        if is_bent or not is_in_place:
            self._rewrites.put(("usage",), usage)
        events.append(usage_from(told, tier))  # what is no count is unknown here

    def _finishes(self, choice: Choice, told: str) -> None:
        """A finish reason is told: the end, if nothing of the answer follows."""
        if told in BREAKS:
            raise BrokenStream(
                Failure(Kind.ERROR_EVENT, "upstream gave up its answer", status=502, reason=told)
            )
        self._finish = (told, choice.stop_reason if isinstance(choice.stop_reason, str) else None)
        self._is_last = True
        if self.held is None and self._deltas.blocks.is_half and not self._may_be_half(reason_of(told)):
            self.held = []  # no client is to see the end of a call whose JSON does not parse

    def _may_be_half(self, reason: StopReason) -> bool:
        return reason in CUTS_ARGUMENTS or self._takes_partial_arguments

    def _stop(self, events: list[Event]) -> None:
        told, matched = self._finish or ("", None)
        reason = reason_of(told)
        self._deltas.close(self._may_be_half(reason), events)
        kinds = self._deltas.blocks.kinds
        if reason in ("end_turn", "tool_use"):
            # Some servers say "stop" behind tool calls, and some "tool_calls" behind none.
            reason = "tool_use" if "tool_call" in kinds else "end_turn"
            if "refusal" in kinds:
                reason = "refusal"
        if matched and reason == "end_turn":
            reason = "stop_sequence"
        self.release()
        if self._waiting:
            self._raw.append(self._waited())
        sequence = matched if reason == "stop_sequence" else None
        events += (Stop(reason, told, stop_sequence=sequence), Terminal())
