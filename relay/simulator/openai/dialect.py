"""OpenAI's two APIs: what they share, and what chat completions and responses do apart."""

import base64
from array import array
from typing import Any

from relay.simulator.dialect import EventKind, Inbound, Json, Prepared, SimulatedEvent, encode_json
from relay.simulator.faults.refused import OrderedRefusal
from relay.simulator.model.embedding import vector_of
from relay.simulator.model.prose import token_count
from relay.simulator.openai.chat_answer import PreparedChat
from relay.simulator.openai.chat_request import read_chat
from relay.simulator.openai.errors import error_body
from relay.simulator.openai.responses_answer import PreparedResponse
from relay.simulator.openai.responses_request import read_responses
from relay.simulator.openai.rules import OpenAIRules, model_names, rules_for

_CREATED = 1_793_000_000
_COUNTED = frozenset(
    {
        "conversation", "input", "instructions", "model", "parallel_tool_calls", "personality",
        "previous_response_id", "reasoning", "text", "tool_choice", "tools", "truncation",
    }
)  # fmt: skip


class Chat:
    """The dialect of ``/v1/chat/completions``, with what both APIs share."""

    name = "openai"
    door = "openai"
    line_end = b"\n"

    def user_texts(self, body: Json) -> list[str]:
        """The user texts of a request, oldest first."""
        items = body.get("messages", body.get("input"))
        if isinstance(items, str):
            return [items]
        texts: list[str] = []
        for item in items if isinstance(items, list) else []:
            if not isinstance(item, dict) or item.get("role") != "user":
                continue
            content = item.get("content")
            parts: Any = [{"text": content}] if isinstance(content, str) else content
            texts += [
                part["text"]
                for part in (parts if isinstance(parts, list) else [])
                if isinstance(part, dict) and isinstance(part.get("text"), str)
            ]
        return texts

    def prepare(self, inbound: Inbound) -> Prepared:
        """Check a chat completions request as the API does. Raises Refused."""
        rules = _rules(inbound)
        ask, prefix = read_chat(inbound, rules)
        return PreparedChat(ask, bool(inbound.body.get("stream")), inbound, rules, prefix)

    def count(self, inbound: Inbound) -> Json:
        """There is none. Raises Refused."""
        raise OrderedRefusal(404, "Not found")

    def embed(self, inbound: Inbound) -> Json:
        """``/v1/embeddings``. Raises Refused."""
        given = inbound.body.get("input")
        texts = [given] if isinstance(given, str) else given
        if not texts or not isinstance(texts, list):
            raise OrderedRefusal(400, "Missing required parameter: 'input'.", param="input")
        if len(texts) > 2048 and not isinstance(texts[0], int):
            raise OrderedRefusal(
                400, "Invalid 'input': array too long. Expected at most 2048 entries.", param="input"
            )
        dimensions = inbound.body.get("dimensions") or 1536
        vectors: list[Any] = [vector_of(str(text), dimensions) for text in texts]
        if inbound.body.get("encoding_format") == "base64":  # what the SDK asks for
            vectors = [base64.b64encode(array("f", vector).tobytes()).decode() for vector in vectors]
        data = [{"object": "embedding", "index": i, "embedding": v} for i, v in enumerate(vectors)]
        tokens = sum(token_count(str(text)) for text in texts)
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return {"object": "list", "data": data, "model": inbound.model, "usage": usage}

    def list_models(self) -> Json:
        """The models."""
        return {"object": "list", "data": [_model(name) for name in model_names()]}

    def get_model(self, model: str) -> Json:
        """One model. Raises Refused."""
        if rules_for(model) is None:
            raise _no_model(model)
        return _model(model)

    def headers(self, request_id: str) -> dict[str, str]:
        """The request's id and the rate limits."""
        return {
            "x-request-id": request_id,
            "openai-processing-ms": "12",
            "x-ratelimit-limit-requests": "10000",
            "x-ratelimit-remaining-requests": "9999",
            "x-ratelimit-reset-requests": "6ms",
            "x-ratelimit-limit-tokens": "2000000",
            "x-ratelimit-remaining-tokens": "1999000",
            "x-ratelimit-reset-tokens": "30ms",
        }

    def error_body(self, refused: OrderedRefusal, request_id: str) -> Json:
        """``{"error": {message, type, param, code}}``."""
        return error_body(refused)

    def error_event(self, refused: OrderedRefusal, request_id: str) -> SimulatedEvent:
        """The same object as an event."""
        return SimulatedEvent(EventKind.END, encode_json(error_body(refused)))

    def heartbeat(self) -> bytes:
        """A comment line."""
        return b": keep-alive\n\n"

    def empty_thought(self) -> None:
        """The first chunk, or the item's start, opens it."""


class Responses(Chat):
    """The dialect of ``/v1/responses``."""

    def prepare(self, inbound: Inbound) -> Prepared:
        """Check a responses request as the API does. Raises Refused."""
        rules = _rules(inbound)
        ask, prefix = read_responses(inbound, rules)
        return PreparedResponse(ask, bool(inbound.body.get("stream")), inbound, prefix)

    def count(self, inbound: Inbound) -> Json:
        """``/v1/responses/input_tokens``. Raises Refused."""
        unknown = sorted(set(inbound.body) - _COUNTED)
        if unknown:
            raise OrderedRefusal(400, f"Unknown parameter: '{unknown[0]}'.", param=unknown[0])
        _, prefix = read_responses(inbound, _rules(inbound))
        return {"object": "response.input_tokens", "input_tokens": prefix.tokens}

    def error_event(self, refused: OrderedRefusal, request_id: str) -> SimulatedEvent:
        """``event: error``, whose fields stand bare beside the type."""
        error = error_body(refused)["error"]
        fields = {name: error[name] for name in ("code", "message", "param")}
        return SimulatedEvent(
            EventKind.END, encode_json({"type": "error", "sequence_number": 0, **fields}), "error"
        )


def _rules(inbound: Inbound) -> OpenAIRules:
    if not isinstance(inbound.body.get("model"), str):
        raise OrderedRefusal(400, "you must provide a model parameter")
    rules = rules_for(inbound.base_model)
    if rules is None:
        raise _no_model(inbound.model)
    return rules


def _no_model(model: str) -> OrderedRefusal:
    return OrderedRefusal(404, f"The model `{model}` does not exist or you do not have access to it.")


def _model(name: str) -> Json:
    return {"id": name, "object": "model", "created": _CREATED, "owned_by": "simulator"}
