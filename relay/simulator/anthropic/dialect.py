"""Anthropic's Messages API: reads what is asked, tells models, counts and errors."""

import dataclasses
import hashlib
from typing import Any

from relay.simulator.anthropic.answer import PreparedMessage
from relay.simulator.anthropic.errors import error_body
from relay.simulator.anthropic.fields import betas, check_fields, thinking_type
from relay.simulator.anthropic.history import blocks_of, check_messages, merged_turns
from relay.simulator.anthropic.prompt_cache import Comparisons
from relay.simulator.anthropic.rules import ClaudeRules, model_names, rules_for
from relay.simulator.anthropic.thinking import ReadHistory, read_conversation
from relay.simulator.anthropic.threads import Threads
from relay.simulator.dialect import EventKind, Inbound, Json, SimulatedEvent, encode_json
from relay.simulator.faults.refused import OrderedRefusal
from relay.simulator.model.asks import ANY_TOOL, Ask, AskedMedia, AskedTurn
from relay.simulator.model.signatures import decode

_CREATED_AT = "2026-11-01T00:00:00Z"
_RESET_AT = "2026-11-21T12:00:00Z"


class Anthropic:
    """The dialect of ``/v1/messages``."""

    name = "anthropic"
    door = "anthropic"
    line_end = b"\n"

    def __init__(self) -> None:
        self._threads = Threads()
        self._comparisons = Comparisons()

    def user_texts(self, body: Json) -> list[str]:
        """The user texts of a request, oldest first."""
        texts: list[str] = []
        for message in _listed(body.get("messages")):
            if isinstance(message, dict) and message.get("role") == "user":
                content = message.get("content")
                blocks = [{"type": "text", "text": content}] if isinstance(content, str) else _listed(content)
                texts += [
                    block["text"]
                    for block in blocks
                    if isinstance(block, dict) and isinstance(block.get("text"), str)
                ]
        return texts

    def prepare(self, inbound: Inbound) -> PreparedMessage:
        """Check a Messages request as the API does. Raises Refused."""
        whole = self._threads.whole(inbound.body, inbound.account)
        inbound = dataclasses.replace(inbound, body=whole)
        rules, conversation = self._read(inbound, counting=False)
        return PreparedMessage(
            ask=_ask(inbound.body, rules),
            streams=bool(inbound.body.get("stream")),
            inbound=inbound,
            conversation=conversation,
            threads=self._threads,
            comparisons=self._comparisons,
            tells_transformations="thinking-binding-controls-2026-08-01" in betas(inbound.headers),
        )

    def count(self, inbound: Inbound) -> Json:
        """``count_tokens``. Raises Refused."""
        _, conversation = self._read(inbound, counting=True)
        return {"input_tokens": conversation.prefix.tokens}

    def embed(self, inbound: Inbound) -> Json:
        """There is none. Raises Refused."""
        raise OrderedRefusal(404, "Not found")

    def list_models(self) -> Json:
        """The models, in one page."""
        models = [self._model(name) for name in model_names()]
        return {"data": models, "has_more": False, "first_id": models[0]["id"], "last_id": models[-1]["id"]}

    def get_model(self, model: str) -> Json:
        """One model. Raises Refused."""
        if not model.startswith("claude-") or rules_for(model) is None:
            raise OrderedRefusal(404, f"model: {model}")
        return self._model(model)

    def headers(self, request_id: str) -> dict[str, str]:
        """The request's id and the rate limits."""
        limits = {"requests": 4000, "input-tokens": 2_000_000, "output-tokens": 400_000}
        told = {"request-id": request_id, "anthropic-organization-id": "00000000-0000-4000-8000-000000000001"}
        for name, limit in limits.items():
            told[f"anthropic-ratelimit-{name}-limit"] = str(limit)
            told[f"anthropic-ratelimit-{name}-remaining"] = str(limit - 1)
            told[f"anthropic-ratelimit-{name}-reset"] = _RESET_AT
        return told

    def error_body(self, refused: OrderedRefusal, request_id: str) -> Json:
        """``{"type": "error", …}``."""
        return error_body(refused, request_id)

    def error_event(self, refused: OrderedRefusal, request_id: str) -> SimulatedEvent:
        """``event: error``."""
        return SimulatedEvent(EventKind.END, encode_json(error_body(refused, request_id)), "error")

    def heartbeat(self) -> bytes:
        """``event: ping``."""
        return b'event: ping\ndata: {"type": "ping"}\n\n'

    def empty_thought(self) -> None:
        """A block's start opens it."""

    def _read(self, inbound: Inbound, *, counting: bool) -> tuple[ClaudeRules, ReadHistory]:
        if not isinstance(inbound.body.get("model"), str):
            raise OrderedRefusal(400, "model: Field required")
        rules = rules_for(inbound.base_model)
        if rules is None:
            raise OrderedRefusal(404, f"model: {inbound.model}")
        check_fields(inbound.body, inbound.headers, rules, counting=counting)
        check_messages(inbound.body, inbound.headers["anthropic-version"], rules)
        return rules, read_conversation(inbound, rules)

    def _model(self, name: str) -> Json:
        rules = rules_for(name)
        assert rules is not None
        kinds = ("adaptive", "between_tools", "disabled", "enabled")
        return {
            "id": name,
            "type": "model",
            "display_name": name.replace("-", " ").title(),
            "created_at": _CREATED_AT,
            "lifecycle": "active",
            "max_input_tokens": 1_000_000,
            "max_tokens": rules.max_tokens,
            "capabilities": {
                "image_input": {"supported": True},
                "pdf_input": {"supported": True},
                "thinking": {
                    "supported": True,
                    "types": {kind: {"supported": kind in rules.thinking} for kind in kinds},
                },
            },
        }


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _ask(body: Json, rules: ClaudeRules) -> Ask:
    kind = thinking_type(body, rules)
    thinking = body.get("thinking") or {}
    display = thinking.get("display")
    choice = body.get("tool_choice") or {}
    output_format = (body.get("output_config") or {}).get("format") or {}
    forced = {"any": ANY_TOOL, "tool": choice.get("name", "")}.get(choice.get("type", ""), "")
    usable = choice.get("type") != "none"
    return Ask(
        turns=[_turn(role, blocks) for role, blocks in merged_turns(body["messages"])],
        tools={
            tool["name"]: tool["input_schema"]
            for tool in body.get("tools") or []
            if usable and isinstance(tool.get("input_schema"), dict)
        },
        forced=forced,
        parallel=not choice.get("disable_parallel_tool_use"),
        json_schema=output_format.get("schema"),
        stop_sequences=tuple(body.get("stop_sequences") or ()),
        max_tokens=body["max_tokens"],
        thinks=kind != "disabled",
        searches=any(str(tool.get("type")).startswith("web_search_") for tool in body.get("tools") or []),
        shows_thinking=display == "summarized" or (display is None and rules.shows_by_default),
    )


def _turn(role: str, blocks: list[tuple[int, int, Json]]) -> AskedTurn:
    texts, results, media = list[str](), list[str](), list[AskedMedia]()
    for _, _, block in blocks:
        match block["type"]:
            case "text":
                texts.append(block["text"])
            case "image" | "document":
                media.append(_media(block))
            case "tool_result":
                inner = blocks_of(block.get("content") or [])
                said = " ".join(one["text"] for one in inner if one["type"] == "text")
                results.append(f"ERROR {said}" if block.get("is_error") else said)
                media += [_media(one) for one in inner if one["type"] in ("image", "document")]
    return AskedTurn("user" if role == "user" else "model", tuple(texts), tuple(results), tuple(media))


def _media(block: Json) -> AskedMedia:
    source = block["source"]
    match source["type"]:
        case "base64":
            data = decode(source["data"])
            return AskedMedia(source["media_type"], len(data), hashlib.sha256(data).hexdigest())
        case "text":
            data = str(source.get("data", "")).encode()
            return AskedMedia("text/plain", len(data), hashlib.sha256(data).hexdigest())
        case _:
            return AskedMedia(
                block["type"], url=str(source.get("url") or source.get("file_id") or "inline content")
            )
