"""Writes a reply as events of the responses API, or as one response."""

import time
from dataclasses import dataclass, field
from typing import Any

import msgspec

from relay.simulator.dialect import EventKind, Inbound, Json, SimulatedEvent, encode_json
from relay.simulator.model.asks import Ask
from relay.simulator.model.prefix import Prefix
from relay.simulator.model.reply import Block, Call, Reply, ReplyStop, SaidText, SaidThinking
from relay.simulator.model.signatures import SignatureSeal, digest, issue
from relay.simulator.openai.responses_request import FAMILY

_INCOMPLETE = {
    ReplyStop.MAX_TOKENS: "max_output_tokens",
    ReplyStop.SAFETY: "content_filter",
    ReplyStop.BLOCKED_PROMPT: "content_filter",
}
_FRAGMENT_CHARS = 16
_MOST_QUERY_CHARS = 80
_SOURCES = "web_search_call.action.sources"


class _Search:
    """A search of the vendor's own, which runs before the text that cites what it found."""


@dataclass(slots=True)
class _Writer:
    """Numbers the events."""

    events: list[SimulatedEvent] = field(default_factory=list)

    def add(self, kind: EventKind, event: str, /, **fields: Any) -> None:
        data = {"type": event, "sequence_number": len(self.events), **fields}
        self.events.append(SimulatedEvent(kind, encode_json(data), event))


@dataclass(slots=True)
class PreparedResponse:
    """A valid responses request. Its prompt cache is read and written when the reply is."""

    ask: Ask
    streams: bool
    inbound: Inbound
    prefix: Prefix

    def events(self, reply: Reply) -> list[SimulatedEvent]:
        """``response.created`` to ``response.completed``; there is no ``[DONE]``."""
        writer = _Writer()
        items = self._items(reply)
        unfinished = self._response("in_progress", [], None, None)
        writer.add(EventKind.OPEN, "response.created", response=unfinished)
        writer.add(EventKind.OPEN, "response.in_progress", response=unfinished)
        for index, (block, item) in enumerate(items):
            _write_item(writer, index, block, item)
        response = self._finished(reply, [item for _, item in items])
        writer.add(EventKind.END, f"response.{response['status']}", response=response)
        return writer.events

    def document(self, reply: Reply) -> Json:
        """The whole response."""
        return self._finished(reply, [item for _, item in self._items(reply)])

    def _finished(self, reply: Reply, items: list[Json]) -> Json:
        reason = _INCOMPLETE.get(reply.stop)
        status = "incomplete" if reason else "completed"
        return self._response(status, items, reason, self._usage(reply))

    def _response(self, status: str, items: list[Json], reason: str | None, usage: Json | None) -> Json:
        body = self.inbound.body
        return {
            "id": self.inbound.request_id.replace("req_", "resp_"),
            "object": "response",
            "created_at": int(time.time()),
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": {"reason": reason} if reason else None,
            "instructions": body.get("instructions"),
            "max_output_tokens": body.get("max_output_tokens"),
            "model": self.inbound.model,
            "output": items,
            "parallel_tool_calls": body.get("parallel_tool_calls", True),
            "previous_response_id": None,
            "reasoning": body.get("reasoning") or {"effort": None, "summary": None},
            "service_tier": "default",
            "store": body.get("store", True),
            "temperature": body.get("temperature", 1.0),
            "text": body.get("text") or {"format": {"type": "text"}},
            "tool_choice": body.get("tool_choice", "auto"),
            "tools": body.get("tools") or [],
            "top_p": body.get("top_p", 1.0),
            "truncation": "disabled",
            "usage": usage,
            "metadata": body.get("metadata") or {},
        }

    def _items(self, reply: Reply) -> list[tuple["Block | _Search", Json]]:
        suffix = self.inbound.request_id.removeprefix("req_")
        found: list[tuple[Block | _Search, Json]] = []
        for index, block in enumerate(reply.blocks):
            match block:
                case SaidText():
                    if block.source:
                        found.append((_Search(), self._search(f"ws_{suffix}{index}", block.source)))
                    content = [_output_text("".join(block.segments), block.source)]
                    item: Json = {"id": f"msg_{suffix}{index}", "type": "message", "status": "completed"}
                    item |= {"role": "assistant", "content": content}
                case SaidThinking():
                    text = "".join(block.segments)
                    summary = [{"type": "summary_text", "text": text}] if block.shown else []
                    inbound = self.inbound
                    seal = SignatureSeal(
                        FAMILY, inbound.base_model, inbound.account, self.prefix.digest, digest(text.encode())
                    )
                    item = {"id": f"rs_{suffix}{index}", "type": "reasoning", "summary": summary}
                    item["encrypted_content"] = issue(seal)
                case Call():
                    item = {"id": f"fc_{suffix}{index}", "type": "function_call", "status": "completed"}
                    item |= {"call_id": f"call_{block.id}", "name": block.name}
                    item["arguments"] = msgspec.json.encode(block.arguments).decode()
            found.append((block, item))
        return found

    def _search(self, identity: str, page: str) -> Json:
        """The search that found ``page``; it tells so only where the request asks it to."""
        action: Json = {"type": "search", "query": self.ask.prompt()[:_MOST_QUERY_CHARS]}
        if _SOURCES in (self.inbound.body.get("include") or []):
            action["sources"] = [{"type": "url", "url": page}]
        return {"id": identity, "type": "web_search_call", "status": "completed", "action": action}

    def _usage(self, reply: Reply) -> Json:
        inbound, points = self.inbound, self.prefix.points
        cached = inbound.cache.read(inbound.account, inbound.base_model, points)
        inbound.cache.store(inbound.account, inbound.base_model, points)
        output = reply.output_tokens + reply.thinking_tokens
        return {
            "input_tokens": self.prefix.tokens,
            "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0},
            "output_tokens": output,
            "output_tokens_details": {"reasoning_tokens": reply.thinking_tokens},
            "total_tokens": self.prefix.tokens + output,
        }


def _output_text(text: str, source: str = "") -> Json:
    at = {"url": source, "title": "Guide", "start_index": 0, "end_index": len(text)}
    annotations = [{"type": "url_citation", **at}] if source else []
    return {"type": "output_text", "text": text, "annotations": annotations, "logprobs": []}


def _write_item(writer: _Writer, index: int, block: Block | _Search, item: Json) -> None:
    """One output item: added, filled, done."""
    where = {"output_index": index, "item_id": item["id"]}
    match block:
        case SaidText():
            started = item | {"status": "in_progress", "content": []}
            writer.add(EventKind.OPEN, "response.output_item.added", output_index=index, item=started)
            at = where | {"content_index": 0}
            writer.add(EventKind.OPEN, "response.content_part.added", **at, part=_output_text(""))
            for segment in block.segments:
                writer.add(EventKind.TEXT, "response.output_text.delta", **at, delta=segment, logprobs=[])
            part = item["content"][0]
            for number, annotation in enumerate(part["annotations"]):
                told = {"annotation_index": number, "annotation": annotation}
                writer.add(EventKind.CLOSE, "response.output_text.annotation.added", **at, **told)
            writer.add(EventKind.CLOSE, "response.output_text.done", **at, text=part["text"], logprobs=[])
            writer.add(EventKind.CLOSE, "response.content_part.done", **at, part=part)
        case SaidThinking():
            started = item | {"summary": []}
            started.pop("encrypted_content")  # whole in .done only
            writer.add(EventKind.OPEN, "response.output_item.added", output_index=index, item=started)
            if item["summary"]:
                _write_summary(writer, where, block, item["summary"][0])
        case _Search():
            started = {key: item[key] for key in ("id", "type")} | {"status": "in_progress"}
            writer.add(EventKind.OPEN, "response.output_item.added", output_index=index, item=started)
            for step in ("in_progress", "searching", "completed"):
                writer.add(EventKind.OPEN, f"response.web_search_call.{step}", **where)
        case Call():
            started = item | {"status": "in_progress", "arguments": ""}
            writer.add(EventKind.OPEN, "response.output_item.added", output_index=index, item=started)
            text = item["arguments"]
            for at_char in range(0, len(text), _FRAGMENT_CHARS):
                fragment = text[at_char : at_char + _FRAGMENT_CHARS]
                writer.add(EventKind.TOOL, "response.function_call_arguments.delta", **where, delta=fragment)
            writer.add(
                EventKind.CLOSE,
                "response.function_call_arguments.done",
                **where,
                name=item["name"],
                arguments=text,
            )
    writer.add(EventKind.CLOSE, "response.output_item.done", output_index=index, item=item)


def _write_summary(writer: _Writer, where: Json, block: SaidThinking, part: Json) -> None:
    at = where | {"summary_index": 0}
    writer.add(EventKind.OPEN, "response.reasoning_summary_part.added", **at, part=part | {"text": ""})
    for segment in block.segments:
        writer.add(EventKind.THINKING, "response.reasoning_summary_text.delta", **at, delta=segment)
    writer.add(EventKind.CLOSE, "response.reasoning_summary_text.done", **at, text=part["text"])
    writer.add(EventKind.CLOSE, "response.reasoning_summary_part.done", **at, part=part)
