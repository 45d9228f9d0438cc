"""Writes a reply as chat completion chunks, or as one completion."""

import time
from dataclasses import dataclass
from typing import Any

import msgspec

from relay.simulator.dialect import EventKind, Inbound, Json, SimulatedEvent, encode_json
from relay.simulator.model.asks import Ask
from relay.simulator.model.prefix import Prefix
from relay.simulator.model.reply import Call, Reply, ReplyStop, SaidText, SaidThinking
from relay.simulator.openai.rules import OpenAIRules

_FINISH_REASONS = {
    ReplyStop.END: "stop",
    ReplyStop.MAX_TOKENS: "length",
    ReplyStop.STOP_SEQUENCE: "stop",
    ReplyStop.TOOL: "tool_calls",
    ReplyStop.SAFETY: "content_filter",
    ReplyStop.BLOCKED_PROMPT: "content_filter",
}
_FRAGMENT_CHARS = 16
_PADDING = "aB3xK9mQ"


@dataclass(slots=True)
class PreparedChat:
    """A valid chat completions request. Its prompt cache is read and written when the reply is."""

    ask: Ask
    streams: bool
    inbound: Inbound
    rules: OpenAIRules
    prefix: Prefix

    def events(self, reply: Reply) -> list[SimulatedEvent]:
        """The chunks, and ``[DONE]``."""
        options = self.inbound.body.get("stream_options") or {}
        head = self._head("chat.completion.chunk")
        with_usage = bool(options.get("include_usage"))
        if with_usage:
            head["usage"] = None
        padded = options.get("include_obfuscation", True) and self.rules.reasons

        def chunk(kind: EventKind, delta: Json, finish: str | None = None) -> SimulatedEvent:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            data = head | {"choices": [choice]}
            if padded:
                data["obfuscation"] = _PADDING[: 1 + len(delta) % len(_PADDING)]
            return SimulatedEvent(kind, encode_json(data))

        events = [chunk(EventKind.OPEN, {"role": "assistant", "content": "", "refusal": None})]
        events += [chunk(kind, delta) for kind, delta in self._deltas(reply)]
        events.append(chunk(EventKind.END, {}, _FINISH_REASONS[reply.stop]))
        if with_usage:
            events.append(
                SimulatedEvent(
                    EventKind.END, encode_json(head | {"choices": [], "usage": self._usage(reply)})
                )
            )
        events.append(SimulatedEvent(EventKind.END, b"[DONE]"))
        return events

    def document(self, reply: Reply) -> Json:
        """The whole completion."""
        message: Json = {"role": "assistant", "content": reply.text() or None, "refusal": None}
        if reasoning := _reasoning(reply):
            message["reasoning_content"] = reasoning
        if annotations := _annotations(reply):
            message["annotations"] = annotations
        if calls := reply.calls():
            message["tool_calls"] = [_call(call) for call in calls]
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": _FINISH_REASONS[reply.stop],
        }
        return self._head("chat.completion") | {"choices": [choice], "usage": self._usage(reply)}

    def _head(self, kind: str) -> Json:
        return {
            "id": self.inbound.request_id.replace("req_", "chatcmpl-"),
            "object": kind,
            "created": int(time.time()),
            "model": self.inbound.model,
            "service_tier": "default",
            "system_fingerprint": None,
        }

    def _deltas(self, reply: Reply) -> list[tuple[EventKind, Json]]:
        deltas: list[tuple[EventKind, Json]] = []
        position = 0
        for block in reply.blocks:
            match block:
                case SaidThinking():
                    for segment in block.segments if block.shown else ():
                        deltas.append((EventKind.THINKING, {"reasoning_content": segment}))
                case SaidText():
                    deltas += [(EventKind.TEXT, {"content": segment}) for segment in block.segments]
                    if annotations := _annotations(reply):
                        deltas.append((EventKind.CLOSE, {"annotations": annotations}))
                case Call():
                    deltas += [(EventKind.TOOL, {"tool_calls": [one]}) for one in _fragments(block, position)]
                    position += 1
        return deltas

    def _usage(self, reply: Reply) -> Json:
        inbound, points = self.inbound, self.prefix.points
        cached = inbound.cache.read(inbound.account, inbound.base_model, points)
        inbound.cache.store(inbound.account, inbound.base_model, points)
        output = reply.output_tokens + reply.thinking_tokens
        return {
            "prompt_tokens": self.prefix.tokens,
            "completion_tokens": output,
            "total_tokens": self.prefix.tokens + output,
            "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": reply.thinking_tokens,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }


def _annotations(reply: Reply) -> list[Json]:
    return [
        {
            "type": "url_citation",
            "url_citation": {"url": one.source, "title": "Guide", "start_index": 0, "end_index": 1},
        }
        for one in reply.blocks
        if isinstance(one, SaidText) and one.source
    ]


def _reasoning(reply: Reply) -> str:
    shown = [block for block in reply.blocks if isinstance(block, SaidThinking) and block.shown]
    return "".join("".join(block.segments) for block in shown)


def _call(call: Call) -> Json:
    arguments = msgspec.json.encode(call.arguments).decode()
    return {
        "id": f"call_{call.id}",
        "type": "function",
        "function": {"name": call.name, "arguments": arguments},
    }


def _fragments(call: Call, index: int) -> list[Json]:
    """A call in pieces: id and name only in the first one."""
    whole: Any = _call(call)
    text = whole["function"]["arguments"]
    whole["function"] = {"name": call.name, "arguments": ""}
    pieces = [text[at : at + _FRAGMENT_CHARS] for at in range(0, len(text), _FRAGMENT_CHARS)]
    return [
        {"index": index} | whole,
        *({"index": index, "function": {"arguments": piece}} for piece in pieces),
    ]
