"""How a client of each dialect asks, plainly, with a tool, or with thinking in its history."""

from typing import Any, Literal

from msgspec import Struct

from relay.simulator.anthropic.thinking import FAMILY
from relay.simulator.model.signatures import SignatureSeal, digest, issue

Form = Literal["anthropic", "gemini", "openai", "responses"]
Asked = Literal["plain", "tool", "history", "adaptive history"]

MODELS = {"anthropic": "claude-sonnet-4-6", "gemini": "gemini-3-flash-preview", "openai": "gpt-4.1"}
"""The model that is asked for at an upstream of each dialect; any suffix leaves it in its family."""

_SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
_TOOL = {"name": "weather", "description": "The weather in a city."}
_SIGNATURE = "c2ltdWxhdGVkIHNpZ25hdHVyZSBvZiBhbm90aGVyIHNlcnZlciwgbG9uZyBlbm91Z2ggdG8gYmUgb25l"
_THOUGHT, _ANSWER = "Six sevens are forty-two.", "42."


class Request(Struct, frozen=True):
    """What is sent: POST ``path`` with ``body``."""

    path: str
    body: dict[str, Any]


def request(form: Form, model: str, prompt: str, *, is_stream: bool, asked: Asked = "plain") -> Request:
    """The request of a client that speaks ``form`` for ``model``; ``prompt`` is its last user turn."""
    match form:
        case "anthropic":
            return Request("/v1/messages", _anthropic(model, prompt, is_stream, asked))
        case "gemini":
            method = "streamGenerateContent?alt=sse" if is_stream else "generateContent"
            return Request(f"/v1beta/models/{model}:{method}", _gemini(model, prompt, asked))
        case "openai":
            return Request("/v1/chat/completions", _openai(model, prompt, is_stream, asked))
        case "responses":
            body = {"model": model, "stream": is_stream, "input": prompt}
            if asked == "tool":
                body["tools"] = [{"type": "function", **_TOOL, "parameters": _SCHEMA}]
            return Request("/v1/responses", body)


def _question(model: str) -> str:
    """What a conversation begins with: its own for each model, for what begins alike is one session."""
    return f"What is 6 times 7, {model}?"


def _genuine(model: str) -> str:
    """What the simulator would have given for the thought, in another conversation."""
    return issue(SignatureSeal(FAMILY, model, "", b"", digest(_THOUGHT.encode())))


def _anthropic(model: str, prompt: str, is_stream: bool, asked: Asked) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
    body: dict[str, Any] = {"model": model, "max_tokens": 4096, "stream": is_stream}
    if asked == "tool":
        body["tools"] = [{**_TOOL, "input_schema": _SCHEMA}]
    if asked in ("history", "adaptive history"):
        signature = _SIGNATURE if asked == "history" else _genuine(model)
        thought = {"type": "thinking", "thinking": _THOUGHT, "signature": signature}
        before = [thought, {"type": "text", "text": _ANSWER}]
        messages[:0] = [
            {"role": "user", "content": _question(model)},
            {"role": "assistant", "content": before},
        ]
        body["thinking"] = {"type": "adaptive"}
        if asked == "history":
            body["thinking"] = {"type": "enabled", "budget_tokens": 1024}
    return body | {"messages": messages}


def _gemini(model: str, prompt: str, asked: Asked) -> dict[str, Any]:
    contents: list[dict[str, Any]] = [{"role": "user", "parts": [{"text": prompt}]}]
    body: dict[str, Any] = {}
    if asked == "tool":
        body["tools"] = [{"functionDeclarations": [{**_TOOL, "parametersJsonSchema": _SCHEMA}]}]
    if asked == "history":
        before = [{"text": _THOUGHT, "thought": True}, {"text": _ANSWER, "thoughtSignature": _SIGNATURE}]
        question = {"role": "user", "parts": [{"text": _question(model)}]}
        contents[:0] = [question, {"role": "model", "parts": before}]
    return body | {"contents": contents}


def _openai(model: str, prompt: str, is_stream: bool, asked: Asked) -> dict[str, Any]:
    messages: list[dict[str, Any]] = [{"role": "user", "content": prompt}]
    body: dict[str, Any] = {"model": model, "stream": is_stream}
    if asked == "tool":
        body["tools"] = [{"type": "function", "function": {**_TOOL, "parameters": _SCHEMA}}]
    if asked == "history":
        before = {"role": "assistant", "content": _ANSWER}
        messages[:0] = [{"role": "user", "content": _question(model)}, before]
    return body | {"messages": messages}
