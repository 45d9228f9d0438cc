"""The four clients: how each asks for a shape, as its own API wants it asked."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from tests.wire.recorded.shape import Shape

ClientName = Literal["anthropic", "gemini", "chat", "responses"]
ANY_OBJECT: dict[str, Any] = {"type": "object", "properties": {}}
RESULT = "sent"


@dataclass(frozen=True)
class Client:
    """One client: its name for people, its path, and the body that asks for what a shape answers."""

    title: str
    path: Callable[[str, bool], str]
    body: Callable[[str, Shape, str, bool], dict[str, Any]]
    """(model, shape, prompt, is_stream)"""


def _anthropic(model: str, shape: Shape, prompt: str, is_stream: bool) -> dict[str, Any]:
    sent = shape.sent
    messages: list[Any] = [{"role": "user", "content": prompt}]
    if sent.results:
        call = {"type": "tool_use", "id": "toolu_1", "name": sent.tools[0], "input": {}}
        told = {"type": "tool_result", "tool_use_id": "toolu_1", "content": RESULT}
        messages += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [told]}]
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": 4096,
        "stream": is_stream,
        "thinking": {"type": "enabled", "budget_tokens": 2048},
        "messages": messages,
    }
    tools: list[Any] = [{"name": n, "description": n, "input_schema": ANY_OBJECT} for n in sent.tools]
    if sent.search:
        tools.append({"type": "web_search_20250305", "name": "web_search"})
    return body | ({"tools": tools} if tools else {})


def _gemini(model: str, shape: Shape, prompt: str, is_stream: bool) -> dict[str, Any]:
    sent = shape.sent
    contents: list[Any] = [{"role": "user", "parts": [{"text": prompt}]}]
    if sent.results:
        called = {"functionCall": {"name": sent.tools[0], "args": {}}, "thoughtSignature": "c2lnbmVk"}
        told = {"functionResponse": {"name": sent.tools[0], "response": {"output": RESULT}}}
        contents += [{"role": "model", "parts": [called]}, {"role": "user", "parts": [told]}]
    tools: list[Any] = []
    if sent.tools:
        declared = [{"name": n, "description": n, "parametersJsonSchema": ANY_OBJECT} for n in sent.tools]
        tools.append({"functionDeclarations": declared})
    if sent.search:
        tools.append({"googleSearch": {}})
    config = {"maxOutputTokens": 4096, "thinkingConfig": {"includeThoughts": True}}
    return {"contents": contents, "generationConfig": config} | ({"tools": tools} if tools else {})


def _chat(model: str, shape: Shape, prompt: str, is_stream: bool) -> dict[str, Any]:
    sent = shape.sent
    messages: list[Any] = [{"role": "user", "content": prompt}]
    if sent.results:
        function = {"name": sent.tools[0], "arguments": "{}"}
        call = {"id": "call_1", "type": "function", "function": function}
        messages += [
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": RESULT},
        ]
    body: dict[str, Any] = {"model": model, "messages": messages, "stream": is_stream}
    if is_stream:
        body["stream_options"] = {"include_usage": True}
    if sent.tools:
        body["tools"] = [{"type": "function", "function": _function(name)} for name in sent.tools]
    if sent.search:
        body["web_search_options"] = {}
    return body


def _responses(model: str, shape: Shape, prompt: str, is_stream: bool) -> dict[str, Any]:
    sent = shape.sent
    asked: list[Any] = [{"role": "user", "content": prompt}]
    if sent.results:
        asked += [
            {"type": "function_call", "call_id": "call_1", "name": sent.tools[0], "arguments": "{}"},
            {"type": "function_call_output", "call_id": "call_1", "output": RESULT},
        ]
    tools: list[Any] = [{"type": "function", **_function(name)} for name in sent.tools]
    if sent.search:
        tools.append({"type": "web_search"})
    body: dict[str, Any] = {"model": model, "input": asked, "stream": is_stream, "store": False}
    body["reasoning"] = {"summary": "auto"}
    return body | ({"tools": tools} if tools else {})


def _function(name: str) -> dict[str, Any]:
    return {"name": name, "description": name, "parameters": ANY_OBJECT, "strict": False}


def _gemini_path(model: str, is_stream: bool) -> str:
    method = "streamGenerateContent?alt=sse" if is_stream else "generateContent"
    return f"/v1beta/models/{model}:{method}"


CLIENTS: dict[ClientName, Client] = {
    "anthropic": Client("Anthropic Messages", lambda model, is_stream: "/v1/messages", _anthropic),
    "gemini": Client("Gemini", _gemini_path, _gemini),
    "chat": Client("OpenAI chat", lambda model, is_stream: "/v1/chat/completions", _chat),
    "responses": Client("OpenAI responses", lambda model, is_stream: "/v1/responses", _responses),
}
