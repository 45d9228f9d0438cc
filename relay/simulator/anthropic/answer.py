"""Writes a reply as Anthropic's stream events, or as one message."""

from dataclasses import dataclass

import msgspec

from relay.simulator.anthropic.prompt_cache import Comparisons, read_and_written
from relay.simulator.anthropic.thinking import FAMILY, ReadHistory, canonical
from relay.simulator.anthropic.threads import Threads
from relay.simulator.dialect import EventKind, Inbound, Json, SimulatedEvent, encode_json
from relay.simulator.model.asks import Ask
from relay.simulator.model.prefix import Prefix
from relay.simulator.model.reply import Block, Call, Reply, ReplyStop, SaidText, SaidThinking
from relay.simulator.model.signatures import SignatureSeal, digest, issue

_STOP_REASONS = {
    ReplyStop.END: "end_turn",
    ReplyStop.MAX_TOKENS: "max_tokens",
    ReplyStop.STOP_SEQUENCE: "stop_sequence",
    ReplyStop.TOOL: "tool_use",
    ReplyStop.SAFETY: "refusal",
    ReplyStop.BLOCKED_PROMPT: "refusal",
}
_FRAGMENT_CHARS = 16


@dataclass(slots=True)
class PreparedMessage:
    """A valid Messages request. Its prompt cache is read and written when the reply is written."""

    ask: Ask
    streams: bool
    inbound: Inbound
    conversation: ReadHistory
    threads: Threads
    comparisons: Comparisons
    tells_transformations: bool

    @property
    def _message_id(self) -> str:
        return self.inbound.request_id.replace("req_", "msg_")

    def events(self, reply: Reply) -> list[SimulatedEvent]:
        """``message_start``, the blocks, ``message_delta``, ``message_stop``."""
        usage = self._input_usage()
        message = self._message([], None, None, usage | {"output_tokens": 1})
        events = [_event(EventKind.OPEN, "message_start", {"message": message})]
        blocks = self._blocks(reply)
        for index, (block, written) in enumerate(blocks):
            events += _block_events(index, block, written)
            if index == 0:
                events.insert(2, _event(EventKind.OPEN, "ping", {}))
        delta = {
            "stop_reason": _STOP_REASONS[reply.stop],
            "stop_sequence": reply.stop_sequence,
            "stop_details": _stop_details(reply.stop),
        }
        total = usage | _output_usage(reply)
        events.append(_event(EventKind.END, "message_delta", {"delta": delta, "usage": total}))
        events.append(_event(EventKind.END, "message_stop", {}))
        return events

    def document(self, reply: Reply) -> Json:
        """The whole message."""
        content = [written for _, written in self._blocks(reply)]
        return self._message(
            content,
            _STOP_REASONS[reply.stop],
            reply.stop_sequence,
            self._input_usage() | _output_usage(reply),
        ) | {"stop_details": _stop_details(reply.stop)}

    def _message(self, content: list[Json], reason: str | None, sequence: str | None, usage: Json) -> Json:
        message: Json = {
            "id": self._message_id,
            "type": "message",
            "role": "assistant",
            "model": self.inbound.model,
            "content": content,
            "stop_reason": reason,
            "stop_sequence": sequence,
            "stop_details": None,
            "usage": usage,
        }
        message |= self.comparisons.diagnostics(self.inbound, self._message_id, self.conversation)
        if self.tells_transformations:
            message["input_transformations"] = self.conversation.transformations
        return message

    def _blocks(self, reply: Reply) -> list[tuple[Block, Json]]:
        """Each block with its JSON; thinking is sealed to everything before it."""
        prefix = self.conversation.prefix.copy()
        written: list[tuple[Block, Json]] = []
        for block in reply.blocks:
            data = self._block(block, prefix)
            prefix.add(canonical("assistant", data))
            written.append((block, data))
        inbound = self.inbound
        self.threads.hold(inbound.body, inbound.account, self._message_id, [data for _, data in written])
        return written

    def _block(self, block: Block, prefix: Prefix) -> Json:
        match block:
            case SaidText():
                text = "".join(block.segments)
                return {"type": "text", "text": text} | (
                    {"citations": [_citation(block)]} if block.source else {}
                )
            case Call():
                return {
                    "type": "tool_use",
                    "id": f"toolu_{block.id}",
                    "name": block.name,
                    "input": block.arguments,
                }
            case SaidThinking():
                text = "".join(block.segments)
                seal = SignatureSeal(
                    FAMILY,
                    self.inbound.base_model,
                    self.inbound.account,
                    prefix.digest,
                    digest(text.encode()),
                )
                if block.redacted:
                    return {"type": "redacted_thinking", "data": issue(seal)}
                return {"type": "thinking", "thinking": text if block.shown else "", "signature": issue(seal)}

    def _input_usage(self) -> Json:
        """Input tokens by cache; only what stands before a breakpoint is read from a cache or put there."""
        read, written = read_and_written(self.inbound, self.conversation)
        return {
            "input_tokens": self.conversation.prefix.tokens - read - written,
            "cache_creation_input_tokens": written,
            "cache_creation": {"ephemeral_5m_input_tokens": written, "ephemeral_1h_input_tokens": 0},
            "cache_read_input_tokens": read,
            "service_tier": "standard",
        }


def _output_usage(reply: Reply) -> Json:
    return {
        "output_tokens": reply.output_tokens + reply.thinking_tokens,
        "output_tokens_details": {"thinking_tokens": reply.thinking_tokens},
    }


def _stop_details(stop: ReplyStop) -> Json | None:
    if stop not in (ReplyStop.SAFETY, ReplyStop.BLOCKED_PROMPT):
        return None
    return {
        "type": "refusal",
        "category": "general_harms",
        "explanation": "The simulator was told to refuse this.",
    }


def _citation(text: SaidText) -> Json:
    return {
        "type": "web_search_result_location",
        "cited_text": text.segments[0],
        "url": text.source,
        "title": "Guide",
        "encrypted_index": "Eo8BCioIAhgBIiQyYjQ0OWJm",
    }


def _event(kind: EventKind, name: str, fields: Json) -> SimulatedEvent:
    return SimulatedEvent(kind, encode_json({"type": name, **fields}), name)


def _delta(kind: EventKind, index: int, delta: Json) -> SimulatedEvent:
    return _event(kind, "content_block_delta", {"index": index, "delta": delta})


def _block_events(index: int, block: Block, written: Json) -> list[SimulatedEvent]:
    """The events of one block: its start, its deltas, its end."""
    start, deltas = dict(written), list[SimulatedEvent]()
    match block:
        case SaidText():
            start["text"] = ""
            deltas = [
                _delta(EventKind.TEXT, index, {"type": "text_delta", "text": s}) for s in block.segments
            ]
            if block.source:
                start["citations"] = []
                cited = {"type": "citations_delta", "citation": _citation(block)}
                deltas.insert(0, _delta(EventKind.OPEN, index, cited))
        case SaidThinking(redacted=False):
            start |= {"thinking": "", "signature": ""}
            for segment in block.segments if block.shown else ():
                deltas.append(
                    _delta(EventKind.THINKING, index, {"type": "thinking_delta", "thinking": segment})
                )
            signature = {"type": "signature_delta", "signature": written["signature"]}
            deltas.append(_delta(EventKind.CLOSE, index, signature))
        case Call():
            start["input"] = {}
            text = msgspec.json.encode(block.arguments).decode()
            fragments = [text[at : at + _FRAGMENT_CHARS] for at in range(0, len(text), _FRAGMENT_CHARS)]
            deltas = [
                _delta(EventKind.TOOL, index, {"type": "input_json_delta", "partial_json": fragment})
                for fragment in ["", *fragments]
            ]
    opening = _event(EventKind.OPEN, "content_block_start", {"index": index, "content_block": start})
    return [opening, *deltas, _event(EventKind.CLOSE, "content_block_stop", {"index": index})]
