"""The four ways to ask: the same wish in each client's own words, and what each reads in the answer."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx

PNG = (
    "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHx"
    "gljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg=="
)
PDF = "JVBERi0xLjQKMSAwIG9iago8PD4+CmVuZG9iagp0cmFpbGVyCjw8Pj4KJSVFT0YK"
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "warm": {"type": "boolean"}},
    "required": ["city", "warm"],
    "additionalProperties": False,
}
PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
TOOLS = ("weather", "clock")
RESULT = "21 degrees"
WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA="
IMAGE_URL, PDF_URL = "https://files.example/a.png", "https://files.example/a.pdf"


@dataclass
class Wish:
    """What is asked, in no dialect's words. ``history`` are a client's own turns, to be sent back.

    ``media`` is image, pdf, audio, image_url or pdf_url.
    """

    prompt: str
    is_stream: bool = False
    tools: bool = False
    thinking: bool = False
    media: str = ""
    schema: bool = False
    stop: str = ""
    search: bool = False
    history: list[Any] = field(default_factory=list)


@dataclass
class Heard:
    """What a client finds in an answer."""

    text: str = ""
    thinking: str = ""
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_thinking: int = 0
    sources: list[str] = field(default_factory=list)
    is_complete: bool = False
    turn: Any = None


@dataclass(frozen=True)
class Speaker:
    """One client: how it asks, hears a whole answer and a stream, answers calls, and reads an error.

    ``results`` takes what was heard and how each call ended: ``text``, ``image`` or ``error``. ``lacks``
    are the features that the client's own API has no words for.
    """

    name: str
    path: Callable[[str, Wish], str]
    body: Callable[[str, Wish], dict[str, Any]]
    hear: Callable[[Any], Heard]
    hear_stream: Callable[[list[dict[str, Any]]], Heard]
    results: Callable[[Heard, str], list[Any]]
    error: Callable[[Any], str]
    lacks: frozenset[str] = frozenset()

    def ask(self, client: httpx.Client, model: str, wish: Wish) -> httpx.Response:
        """Send it."""
        return client.post(self.path(model, wish), json=self.body(model, wish))

    def heard(self, response: httpx.Response, wish: Wish) -> Heard:
        """What it says."""
        return self.hear_stream(data_of(response)) if wish.is_stream else self.hear(response.json())


def data_of(response: httpx.Response) -> list[dict[str, Any]]:
    """The JSON objects of a stream."""
    lines = (line.removeprefix("data: ") for line in response.text.splitlines() if line.startswith("data: "))
    return [json.loads(line) for line in lines if line != "[DONE]"]


# --- Anthropic ------------------------------------------------------------------------------------
def _anthropic_body(model: str, wish: Wish) -> dict[str, Any]:
    content: list[Any] = [{"type": "text", "text": wish.prompt}]
    if wish.media:
        content.insert(0, _ANTHROPIC_MEDIA[wish.media])
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": 4096,
        "stream": wish.is_stream,
        "messages": [{"role": "user", "content": content}, *wish.history],
    }
    if wish.tools:
        body["tools"] = [{"name": n, "description": f"The {n}.", "input_schema": PARAMETERS} for n in TOOLS]
    if wish.thinking:
        body["thinking"] = {"type": "enabled", "budget_tokens": 2048}
    if wish.schema:
        body["output_config"] = {"format": {"type": "json_schema", "schema": SCHEMA}}
    if wish.stop:
        body["stop_sequences"] = [wish.stop]
    if wish.search:
        body["tools"] = [{"type": "web_search_20250305", "name": "web_search"}]
    return body


def _base64(media_type: str, data: str) -> dict[str, str]:
    return {"type": "base64", "media_type": media_type, "data": data}


_ANTHROPIC_MEDIA: dict[str, dict[str, Any]] = {
    "image": {"type": "image", "source": _base64("image/png", PNG)},
    "image_url": {"type": "image", "source": {"type": "url", "url": IMAGE_URL}},
    "pdf": {"type": "document", "source": _base64("application/pdf", PDF)},
    "pdf_url": {"type": "document", "source": {"type": "url", "url": PDF_URL}},
}


def _anthropic_hear(answer: Any) -> Heard:
    heard = Heard(turn={"role": "assistant", "content": answer["content"]})
    for block in answer["content"]:
        match block["type"]:
            case "text":
                heard.text += block["text"]
                heard.sources += [cited["url"] for cited in block.get("citations") or []]
            case "thinking":
                heard.thinking += block["thinking"]
            case "tool_use":
                heard.calls.append((block["id"], block["name"], block["input"]))
    usage = answer["usage"]
    heard.tokens_in = usage["input_tokens"] + (usage.get("cache_read_input_tokens") or 0)
    heard.tokens_in += usage.get("cache_creation_input_tokens") or 0
    heard.tokens_out = usage["output_tokens"]
    heard.tokens_thinking = (usage.get("output_tokens_details") or {}).get("thinking_tokens") or 0
    heard.is_complete = answer["stop_reason"] is not None
    return heard


def _anthropic_stream(events: list[dict[str, Any]]) -> Heard:
    deltas = [event["delta"] for event in events if event["type"] == "content_block_delta"]
    text = "".join(delta["text"] for delta in deltas if delta["type"] == "text_delta")
    return Heard(text, is_complete=events[-1]["type"] == "message_stop")


def _anthropic_results(heard: Heard, how: str) -> list[Any]:
    text = {"type": "text", "text": RESULT}
    more = {
        "text": {"content": RESULT},
        "image": {"content": [text, _ANTHROPIC_MEDIA["image"]]},
        "error": {"content": RESULT, "is_error": True},
    }[how]
    results = [{"type": "tool_result", "tool_use_id": i, **more} for i, _, _ in heard.calls]
    return [heard.turn, {"role": "user", "content": results}]


# --- Gemini ---------------------------------------------------------------------------------------
def _gemini_body(model: str, wish: Wish) -> dict[str, Any]:
    parts: list[Any] = [{"text": wish.prompt}]
    if wish.media:
        parts.insert(0, _GEMINI_MEDIA[wish.media])
    config: dict[str, Any] = {"maxOutputTokens": 4096}
    body: dict[str, Any] = {"contents": [{"role": "user", "parts": parts}, *wish.history]}
    if wish.tools:
        declared = [
            {"name": n, "description": f"The {n}.", "parametersJsonSchema": PARAMETERS} for n in TOOLS
        ]
        body["tools"] = [{"functionDeclarations": declared}]
    if wish.thinking:
        config["thinkingConfig"] = {"includeThoughts": True, "thinkingLevel": "HIGH"}
    if wish.schema:
        config |= {"responseMimeType": "application/json", "responseJsonSchema": SCHEMA}
    if wish.stop:
        config["stopSequences"] = [wish.stop]
    if wish.search:
        body["tools"] = [{"googleSearch": {}}]
    return {**body, "generationConfig": config}


def _inline(mime: str, data: str) -> dict[str, Any]:
    return {"inlineData": {"mimeType": mime, "data": data}}


_GEMINI_MEDIA: dict[str, dict[str, Any]] = {
    "image": _inline("image/png", PNG),
    "pdf": _inline("application/pdf", PDF),
    "audio": _inline("audio/wav", WAV),
    "image_url": {"fileData": {"mimeType": "image/png", "fileUri": IMAGE_URL}},
    "pdf_url": {"fileData": {"mimeType": "application/pdf", "fileUri": PDF_URL}},
}


def _gemini_hear(answer: Any) -> Heard:
    content = answer["candidates"][0].get("content") or {}
    heard = Heard(turn=content, is_complete="finishReason" in answer["candidates"][0])
    for part in content.get("parts") or []:
        if "functionCall" in part:
            call = part["functionCall"]
            heard.calls.append((call.get("id", ""), call["name"], call.get("args") or {}))
        elif part.get("thought"):
            heard.thinking += part.get("text", "")
        else:
            heard.text += part.get("text", "")
    grounding = answer["candidates"][0].get("groundingMetadata") or {}
    heard.sources = [chunk["web"]["uri"] for chunk in grounding.get("groundingChunks") or []]
    usage = answer["usageMetadata"]
    heard.tokens_thinking = usage.get("thoughtsTokenCount") or 0
    heard.tokens_in = usage["promptTokenCount"]
    heard.tokens_out = usage.get("candidatesTokenCount", 0) + heard.tokens_thinking
    return heard


def _gemini_stream(events: list[dict[str, Any]]) -> Heard:
    candidates = [candidate for event in events for candidate in event.get("candidates", [])]
    parts = [part for c in candidates for part in (c.get("content") or {}).get("parts") or []]
    text = "".join(part.get("text", "") for part in parts if not part.get("thought"))
    return Heard(text, is_complete=any("finishReason" in candidate for candidate in candidates))


def _gemini_results(heard: Heard, how: str) -> list[Any]:
    parts = []
    told: dict[str, Any] = {"response": {"error" if how == "error" else "output": RESULT}}
    if how == "image":
        told["parts"] = [_GEMINI_MEDIA["image"]]
    for identity, name, _ in heard.calls:
        named = {"id": identity} if identity else {}
        parts.append({"functionResponse": {**named, "name": name, **told}})
    return [heard.turn, {"role": "user", "parts": parts}]


# --- OpenAI chat completions ----------------------------------------------------------------------
def _chat_body(model: str, wish: Wish) -> dict[str, Any]:
    content: list[Any] = [{"type": "text", "text": wish.prompt}]
    if wish.media:
        content.insert(0, _CHAT_MEDIA[wish.media])
    body: dict[str, Any] = {
        "model": model,
        "stream": wish.is_stream,
        "messages": [{"role": "user", "content": content}, *wish.history],
    }
    if wish.tools:
        body["tools"] = [{"type": "function", "function": _function(name)} for name in TOOLS]
    if wish.thinking:
        body["reasoning_effort"] = "high"
    if wish.schema:
        body["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "city", "schema": SCHEMA, "strict": True},
        }
    if wish.stop:
        body["stop"] = [wish.stop]
    if wish.search:
        body["web_search_options"] = {}
    return body


_CHAT_MEDIA: dict[str, dict[str, Any]] = {
    "image": {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}},
    "image_url": {"type": "image_url", "image_url": {"url": IMAGE_URL}},
    "pdf": {"type": "file", "file": {"filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"}},
    "audio": {"type": "input_audio", "input_audio": {"data": WAV, "format": "wav"}},
}


def _function(name: str) -> dict[str, Any]:
    return {"name": name, "description": f"The {name}.", "parameters": PARAMETERS, "strict": True}


def _chat_hear(answer: Any) -> Heard:
    message = answer["choices"][0]["message"]
    heard = Heard(message.get("content") or "", turn=message)
    heard.thinking = message.get("reasoning_content") or message.get("reasoning") or ""
    for call in message.get("tool_calls") or []:
        function = call["function"]
        heard.calls.append((call["id"], function["name"], json.loads(function["arguments"])))
    heard.sources = [cited["url_citation"]["url"] for cited in message.get("annotations") or []]
    heard.tokens_in, heard.tokens_out = answer["usage"]["prompt_tokens"], answer["usage"]["completion_tokens"]
    details = answer["usage"].get("completion_tokens_details") or {}
    heard.tokens_thinking = details.get("reasoning_tokens") or 0
    heard.is_complete = answer["choices"][0]["finish_reason"] is not None
    return heard


def _chat_stream(events: list[dict[str, Any]]) -> Heard:
    choices = [choice for event in events for choice in event["choices"]]
    text = "".join(choice["delta"].get("content") or "" for choice in choices)
    return Heard(text, is_complete=choices[-1]["finish_reason"] is not None)


def _chat_results(heard: Heard, how: str) -> list[Any]:
    return [
        heard.turn,
        *({"role": "tool", "tool_call_id": identity, "content": RESULT} for identity, _, _ in heard.calls),
    ]


# --- OpenAI responses -----------------------------------------------------------------------------
def _responses_body(model: str, wish: Wish) -> dict[str, Any]:
    content: list[Any] = [{"type": "input_text", "text": wish.prompt}]
    if wish.media:
        content.insert(0, _RESPONSES_MEDIA[wish.media])
    body: dict[str, Any] = {
        "model": model,
        "stream": wish.is_stream,
        "store": False,
        "input": [{"role": "user", "content": content}, *wish.history],
    }
    if wish.tools:
        body["tools"] = [{"type": "function", **_function(name)} for name in TOOLS]
    if wish.thinking:
        body["reasoning"] = {"effort": "high", "summary": "auto"}
    if wish.schema:
        body["text"] = {"format": {"type": "json_schema", "name": "city", "schema": SCHEMA, "strict": True}}
    if wish.stop:
        body["stop"] = [wish.stop]  # not in this API: what becomes of it must be told all the same
    if wish.search:
        body["tools"] = [{"type": "web_search"}]
    return body


_RESPONSES_MEDIA: dict[str, dict[str, Any]] = {
    "image": {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"},
    "image_url": {"type": "input_image", "image_url": IMAGE_URL},
    "pdf": {"type": "input_file", "filename": "a.pdf", "file_data": f"data:application/pdf;base64,{PDF}"},
    "pdf_url": {"type": "input_file", "file_url": PDF_URL},
}


def _responses_hear(answer: Any) -> Heard:
    heard = Heard(turn=answer["output"], is_complete=answer["status"] == "completed")
    for item in answer["output"]:
        match item["type"]:
            case "message":
                heard.text += "".join(part.get("text", "") for part in item["content"])
                cited = [one for part in item["content"] for one in part.get("annotations") or []]
                heard.sources += [one["url"] for one in cited]
            case "reasoning":
                told = [*item.get("summary", ()), *(item.get("content") or ())]
                heard.thinking += "".join(part["text"] for part in told)
            case "function_call":
                heard.calls.append((item["call_id"], item["name"], json.loads(item["arguments"])))
    heard.tokens_in, heard.tokens_out = answer["usage"]["input_tokens"], answer["usage"]["output_tokens"]
    heard.tokens_thinking = answer["usage"]["output_tokens_details"]["reasoning_tokens"]
    return heard


def _responses_stream(events: list[dict[str, Any]]) -> Heard:
    text = "".join(event["delta"] for event in events if event["type"] == "response.output_text.delta")
    return Heard(text, is_complete=events[-1]["type"] == "response.completed")


def _responses_results(heard: Heard, how: str) -> list[Any]:
    told = [{"type": "input_text", "text": RESULT}, _RESPONSES_MEDIA["image"]] if how == "image" else RESULT
    outputs = [
        {"type": "function_call_output", "call_id": identity, "output": told}
        for identity, _, _ in heard.calls
    ]
    return [*heard.turn, *outputs]


def _openai_error(body: Any) -> str:
    assert {"message", "type", "param", "code"} <= set(body["error"])
    return str(body["error"]["message"])


def _anthropic_error(body: Any) -> str:
    assert body["type"] == "error"
    assert body["error"]["type"].endswith("_error")
    return str(body["error"]["message"])


def _gemini_error(body: Any) -> str:
    assert {"code", "message", "status"} <= set(body["error"])
    return str(body["error"]["message"])


def _gemini_path(model: str, wish: Wish) -> str:
    method = "streamGenerateContent?alt=sse" if wish.is_stream else "generateContent"
    return f"/v1beta/models/{model}:{method}"


SPEAKERS = (
    Speaker(
        "Anthropic Messages",
        lambda model, wish: "/v1/messages",
        _anthropic_body,
        _anthropic_hear,
        _anthropic_stream,
        _anthropic_results,
        _anthropic_error,
        frozenset({"audio"}),
    ),
    Speaker(
        "Gemini generateContent",
        _gemini_path,
        _gemini_body,
        _gemini_hear,
        _gemini_stream,
        _gemini_results,
        _gemini_error,
    ),
    Speaker(
        "OpenAI chat completions",
        lambda model, wish: "/v1/chat/completions",
        _chat_body,
        _chat_hear,
        _chat_stream,
        _chat_results,
        _openai_error,
        frozenset({"PDF by address", "tool results with images", "tool errors"}),
    ),
    Speaker(
        "OpenAI responses",
        lambda model, wish: "/v1/responses",
        _responses_body,
        _responses_hear,
        _responses_stream,
        _responses_results,
        _openai_error,
        frozenset({"audio", "tool errors"}),
    ),
)
