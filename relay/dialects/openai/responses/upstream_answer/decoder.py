"""What a Responses upstream streams, as events.

PURE. Whole SSE events only, in one pass; their bytes travel along unchanged. Items become blocks: a
message's content parts text or refusal, a reasoning item thinking (its ``encrypted_content`` the
signature), a function call a tool call, any other item a block that only this dialect can say. The
answer is complete at ``response.completed`` or ``response.incomplete``.
"""

from typing import Any

import msgspec

from relay.dialects.interface import DecoderOptions
from relay.dialects.json_object import json_object
from relay.dialects.openai.errors import failure_in_document, failure_in_stream
from relay.dialects.openai.responses.client_answer.answer_object import answer_object
from relay.dialects.openai.responses.upstream_answer.block_table import ProtocolBroken, TableBlock
from relay.dialects.openai.responses.upstream_answer.documents import (
    end_named,
    item_events,
    stream_of,
    whole_in,
)
from relay.dialects.openai.responses.upstream_answer.items import ItemBlocks
from relay.dialects.openai.responses.upstream_answer.last_response import as_read
from relay.dialects.openai.responses.upstream_answer.places import Places
from relay.dialects.openai.responses.upstream_answer.told_arguments import TELL_ARGUMENTS, ToldArguments
from relay.dialects.openai.responses.upstream_answer.whole_arguments import (
    TELL_TEXT,
    text_of_delta,
    with_arguments,
    with_fields,
)
from relay.dialects.openai.responses.upstream_answer.wire import (
    LACK_A_BEGINNING,
    SAY_NOTHING,
    STREAM_EVENT,
    StreamEvent,
    as_json,
    objects_at,
    text_at,
)
from relay.dialects.openai.usage import told_miss, tools_usage, usage_from
from relay.dialects.reading.broken_stream import BrokenStream, garbage
from relay.dialects.reading.call_arguments import bare
from relay.dialects.reading.half_characters import json_text
from relay.dialects.reading.told_again import told_again
from relay.dialects.stream_decoder import StreamDecoder
from relay.neutral.conversation import Json
from relay.neutral.events import Event, Extra, Failed, Heartbeat, MessageStart, Stop, StopReason, Terminal
from relay.neutral.failures import Failure, Kind
from relay.neutral.sse import SseEvent, framed
from relay.neutral.usage import merged

WHERE = "openai responses"
"""The ``where`` of this form's ``Extra``."""

_INCOMPLETE: dict[str, StopReason] = {"max_output_tokens": "max_tokens", "content_filter": "refusal"}
_CUTS_ARGUMENTS = frozenset(_INCOMPLETE)
_TELL_USAGE = frozenset({"response.completed", "response.incomplete", "response.failed"})


class ResponsesDecoder(StreamDecoder[StreamEvent]):
    """One upstream stream."""

    def __init__(self, options: DecoderOptions) -> None:
        """Nothing read yet."""
        super().__init__(STREAM_EVENT, options.max_event_bytes)
        self._blocks, self._made_up = ItemBlocks(options), f"resp_{options.call_id_seed}"
        self._places = Places()
        self._arguments = ToldArguments()
        self._has_started = False
        self._is_first = True
        self._identity = ""  # under which the answer was begun where upstream did not
        self._bent_usage: Json | None = None  # as it was told: what is no count is unknown
        self._is_half = False  # a call's arguments were told for whole, and are not: its item says why

    def take(self, told: StreamEvent, event: SseEvent, events: list[Event]) -> bytes:
        """One event; raises BrokenStream."""
        if not told.type and event.name.startswith("response."):
            event = self._renamed(told, event, event.name)
        if type(told.delta) is dict and told.type in TELL_TEXT:
            event = self._with_text(told, event)
        if not told.type and (stream := whole_in(event.data or b"", has_started=self._has_started)):
            return told_again(self, STREAM_EVENT, stream, events)
        if told.type == "response.created" and self._identity:  # behind what it should have begun
            return b""
        if told.type == "response.done" and (response := as_json(told.response)):
            event = self._renamed(told, event, end_named(response))
        try:
            if self._is_half and told.type == "response.output_item.done":
                self._is_half = False
            elif self.held is not None:
                self._release(told, events)
            event, bent = with_arguments(told, event)
            if bent:
                self.note(bent)
            counted = self._counted(told, event)
            event = self._places.filled(told, counted)
            if event is not counted:
                self.note("output_index")
            if told.type in TELL_ARGUMENTS:
                filled = self._arguments.filled(told, event, self._blocks.table)
                if filled is not event:
                    self.note("arguments")
                event = filled
            if self._is_first and told.type in LACK_A_BEGINNING:
                self._begin(as_json(told.response), events)
            self._is_first = False
            self._tell(told, event.data or b"", events)
            amended, self._blocks.amended = self._blocks.amended, None
            raw = self._argued(event, *amended) if amended else event.raw
        except ProtocolBroken as broken:
            raise BrokenStream(garbage(str(broken))) from broken
        if self._blocks.table.is_cut and self.held is None:
            self.held = []
        if self._blocks.table.owed:
            raw = self._paid() + raw
        missing, self._blocks.texts.unannounced = self._blocks.texts.unannounced, []
        if not missing:
            return raw
        return b"".join(framed(name, json_text({"type": name, **one})) for name, one in missing) + raw

    def _renamed(self, told: StreamEvent, event: SseEvent, name: str) -> SseEvent:
        """The event under the name by which clients of this form know it."""
        self.note("type")
        told.type = name
        data = json_text({**(json_object(event.data or b"") or {}), "type": name})
        return SseEvent(name, data, framed(name, data))

    def _with_text(self, told: StreamEvent, event: SseEvent) -> SseEvent:
        """The event whose delta is an object, with the text that it is."""
        told.delta = text_of_delta(told)
        self.note("delta")
        return with_fields(event, {"delta": told.delta})

    def _counted(self, told: StreamEvent, event: SseEvent) -> SseEvent:
        """The event, whose answer's usage tells nothing but counts, under the id that it began with."""
        if told.type not in _TELL_USAGE:
            return event
        whole, self._bent_usage, bent = as_read(as_json(told.response), self._identity)
        for path in bent:
            self.note(path)
        if not bent:
            return event
        told.response = msgspec.Raw(json_text(whole))
        return with_fields(event, {"response": whole})

    def _argued(self, event: SseEvent, block: TableBlock, said: str) -> bytes:
        """The bytes of a piece of arguments that are ``said``; an empty object waits for what follows."""
        kept, has_dropped = block.kept, block.arguments.has_dropped
        if has_dropped:
            kept.clear()
        if not said:
            kept.append(event)
            return b""
        shown = [*kept, event]
        kept.clear()
        if bare(_pieces_of(shown)) == bare(said):
            return b"".join(one.raw for one in shown)
        self.note("delta")
        return _with_delta(event, said)

    def _paid(self) -> bytes:
        """The bytes of arguments that were kept back: those of their own events where these say the same."""
        found: list[bytes] = []
        for block, rest in self._blocks.table.owed:
            if bare(_pieces_of(block.kept)) == bare(rest):
                found += (event.raw for event in block.kept)
            elif block.kept:
                self.note("delta")
                found.append(_with_delta(block.kept[0], rest))
            block.kept.clear()
        self._blocks.table.owed.clear()
        return b"".join(found)

    def done(self, events: list[Event]) -> None:
        """Some emulations send ``[DONE]``; where the answer is over, nobody reads it."""
        kind = Kind.CUT if self._blocks.table.count else Kind.EMPTY
        raise BrokenStream(Failure(kind, "upstream ended its stream without response.completed"))

    def end(self, events: list[Event]) -> None:
        """Without its last event the answer is not over."""

    def document(self, told: Json) -> bytes:
        """A whole response, as the stream that says the same."""
        return stream_of(told)

    def _tell(self, told: StreamEvent, data: bytes, events: list[Event]) -> None:
        name = told.type
        if type(told.delta) is str and self._blocks.delta(name, told, told.delta, events):
            return
        match name:
            case "response.output_item.added":
                self._blocks.add_item(told, events)
            case "response.output_item.done":
                self._blocks.finish_item(told, events)
            case "response.content_part.added":
                self._blocks.texts.add_part(told, events)
            case "response.content_part.done":
                self._blocks.texts.finish_part(told, events)
            case "response.output_text.done":
                self._blocks.texts.whole_text(told, events)
            case "response.reasoning_summary_part.added":
                self._blocks.add_summary(told, events)
            case "response.output_text.annotation.added":
                self._blocks.texts.annotate(told, events)
            case "response.created":
                self._start(as_json(told.response), events)
            case "response.function_call_arguments.done":
                self._blocks.settle(told, events)
                if self._blocks.is_half(told):
                    self._is_half, self.held = True, []
            case "response.completed" | "response.incomplete":
                self._finish(name, as_json(told.response), events)
            case "response.failed":
                error = as_json(told.response).get("error") or {}
                events.append(Failed(failure_in_stream(error, data)))
            case "keepalive" | "ping":
                events.append(Heartbeat())
            case "error":
                events.append(Failed(failure_in_stream(as_json(told.error) or json_object(data), data)))
            case "" if as_json(told.error):
                events.append(Failed(failure_in_stream(as_json(told.error), data)))
            case "" if failure := failure_in_document(json_object(data) or {}):
                raise BrokenStream(failure)
            case _ if name not in SAY_NOTHING:
                events.append(Extra(WHERE, name, data))

    def _start(self, response: dict[str, Any], events: list[Event]) -> None:
        if self._has_started:
            raise ProtocolBroken("a second response.created")
        self._has_started = True
        events.append(MessageStart(text_at(response, "id"), text_at(response, "model")))

    def _begin(self, response: Json, events: list[Event]) -> None:
        """An answer that begins without its first event: a client's SDK takes none so."""
        self._identity = text_at(response, "id") or self._made_up
        begun = answer_object(self._identity, text_at(response, "model"), 0, {})
        self._blocks.texts.unannounced.append(("response.created", {"response": begun}))
        self._start(begun, events)

    def _tell_rest(self, response: Json, events: list[Event]) -> None:
        """What only the last event tells, as the events that say the same: all of an answer, or its rest."""
        for index, item, has_begun in self._blocks.told.left_out(objects_at(response, "output")):
            self._blocks.table.refuse_cut()
            said = item_events(index, item)
            for name, fields in said[-1:] if has_begun else said:
                if name not in SAY_NOTHING:
                    data = json_text({"type": name, **fields})
                    self._tell(STREAM_EVENT.decode(data), data, events)
                    self._blocks.amended = None  # the event is told as it is
                    self._blocks.texts.unannounced.append((name, fields))

    def _finish(self, name: str, response: dict[str, Any], events: list[Event]) -> None:
        why = _why_incomplete(response) if name == "response.incomplete" else ""
        table = self._blocks.table
        self._tell_rest(response, events)
        if table.is_cut and why in _CUTS_ARGUMENTS:
            table.accept_cut(events)
        self._blocks.close_all(response, events)
        usage = self._bent_usage or response.get("usage")
        if isinstance(usage, dict):
            told = merged(usage_from(usage, response.get("service_tier")), tools_usage(response))
            events.append(merged(told, told_miss(response)))
        kinds = table.kinds
        if name == "response.incomplete":
            events.append(Stop(_INCOMPLETE.get(why, "unknown" if why else "other"), why or "incomplete"))
        elif "refusal" in kinds:
            events.append(Stop("refusal", "completed"))
        else:
            events.append(Stop("tool_use" if "tool_call" in kinds else "end_turn", "completed"))
        events.append(Terminal())

    def _release(self, told: StreamEvent, events: list[Event]) -> None:
        """Let the held end of a tool call go: its JSON is cut, but so is the answer, and upstream says it."""
        if told.type in ("response.failed", "error") or (not told.type and as_json(told.error)):
            self.held, self._blocks.table.is_cut = None, False
            return
        why = _why_incomplete(as_json(told.response)) if told.type == "response.incomplete" else ""
        if why not in _CUTS_ARGUMENTS or self._is_half:
            raise ProtocolBroken("a tool call ended with arguments that are no JSON object")
        self.release()
        self._blocks.table.accept_cut(events)


def _why_incomplete(response: dict[str, Any]) -> str:
    details = response.get("incomplete_details")
    return text_at(details, "reason") if isinstance(details, dict) else ""


def _pieces_of(kept: list[SseEvent]) -> str:
    return "".join(text_at(json_object(event.data or b"") or {}, "delta") for event in kept)


def _with_delta(event: SseEvent, delta: str) -> bytes:
    return with_fields(event, {"delta": delta}).raw
