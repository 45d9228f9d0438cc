"""The translation tables, line by line: stop reasons, token counts, tool choice, effort, errors and parts.

Each table stands here as the vendors' documents give it, and every line goes through the dialects themselves.
"""

import base64
import json
from typing import Any

import msgspec
import pytest

from accounts.facts.model_facts import SHIPPED
from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.gemini import GEMINI
from relay.dialects.gemini.finish_reasons import FINISH_REASONS, UNSPECIFIED
from relay.dialects.interface import DecoderOptions, ErrorAnswer
from relay.dialects.openai import OPENAI_CHAT
from relay.engine.answer.peek import examine
from relay.neutral.conversation import (
    Conversation,
    Media,
    Text,
    ThinkingConfig,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from relay.neutral.events import Event, StreamState
from relay.neutral.failures import CannotCarry, Failure
from tests.relay.dialects.every_dialect import DIALECTS, KINDS, new_encoder

OPTIONS = DecoderOptions("gemini-3", "seed")


def gemini_events(*parts: dict[str, Any], usage: dict[str, int] | None = None, **ending: Any) -> list[Event]:
    """What a Gemini upstream's one chunk means."""
    body = {"candidates": [{"content": {"role": "model", "parts": list(parts)}, **ending}]}
    body |= {"usageMetadata": usage} if usage else {}
    decoder = GEMINI.decoder(OPTIONS)
    return [*decoder.feed(b"data: " + msgspec.json.encode(body) + b"\n\n").events, *decoder.finish().events]


def told(name: str, events: list[Event]) -> dict[str, Any]:
    """The collected answer that a client of ``name`` gets."""
    answer: dict[str, Any] = json.loads(DIALECTS[name].collect(new_encoder(name).encode(events)))
    return answer


def stop_told(name: str, events: list[Event]) -> Any:
    """The client's word for the end."""
    answer = told(name, events)
    match name:
        case "anthropic":
            return answer["stop_reason"]
        case "chat":
            return answer["choices"][0]["finish_reason"]
        case _:
            why = (answer["incomplete_details"] or {}).get("reason")
            return answer["status"] + (f":{why}" if why else "")


# --- stop reasons -----------------------------------------------------------------------------------------
REFUSALS = (
    "SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION", "IMAGE_SAFETY", "IMAGE_OTHER",
    "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "ESCALATION", "MODEL_ARMOR",
)  # fmt: skip
NO_ANSWERS = ("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE", "TOO_MANY_TOOL_CALLS")
STOPS: dict[str, tuple[str, str, str]] = {
    "STOP": ("end_turn", "stop", "completed"),
    "MAX_TOKENS": ("max_tokens", "length", "incomplete:max_output_tokens"),
    "CONTINUATION": ("max_tokens", "length", "incomplete:max_output_tokens"),
    **dict.fromkeys(REFUSALS, ("refusal", "content_filter", "incomplete:content_filter")),
    **dict.fromkeys(
        ("OTHER", "LANGUAGE", "NO_IMAGE", "PUP_LIMITED_DISABLED"), ("end_turn", "stop", "completed")
    ),
}


def test_geminis_reasons_to_stop(subtests: pytest.Subtests) -> None:
    """After some text: the word of each client's own API."""
    for reason in STOPS:
        with subtests.test(f"{reason!r:.120}"):
            events = gemini_events({"text": "Hello."}, finishReason=reason, finishMessage="Why.")
            assert (
                tuple(stop_told(name, events) for name in ("anthropic", "chat", "responses")) == STOPS[reason]
            )
            if reason in REFUSALS:
                details = told("anthropic", events)["stop_details"]
                assert details == {"type": "refusal", "category": None, "explanation": "Why."}


def test_the_table_is_whole() -> None:
    """All 24 reasons have their line; the enum's zero is none."""
    assert {*STOPS, *NO_ANSWERS, "MISSING_THOUGHT_SIGNATURE"} == set(FINISH_REASONS)
    assert len(FINISH_REASONS) + 1 == 24
    assert UNSPECIFIED not in FINISH_REASONS


@pytest.mark.parametrize("name", ["anthropic", "chat", "responses"])
def test_a_stop_behind_a_call_is_a_tool_use(name: str) -> None:
    """Gemini says STOP also when it calls tools."""
    events = gemini_events({"functionCall": {"name": "weather", "args": {}}}, finishReason="STOP")
    expected = {"anthropic": "tool_use", "chat": "tool_calls", "responses": "completed"}
    assert stop_told(name, events) == expected[name]


@pytest.mark.parametrize("reason", [*NO_ANSWERS, "OTHER", "LANGUAGE", "NO_IMAGE", "PUP_LIMITED_DISABLED"])
def test_no_answer_at_all_is_tried_again(reason: str) -> None:
    """With nothing said, these are no answers: the peek fails, and another attempt is made."""
    events = gemini_events(finishReason=reason)
    state = StreamState()
    state.fold(events)
    verdict = examine(events, state)
    assert isinstance(verdict, Failure)
    assert not verdict.is_signature


def test_a_missing_signature_is_healed() -> None:
    """It is a refused signature in other words: a 400, and healed."""
    events = gemini_events(finishReason="MISSING_THOUGHT_SIGNATURE")
    state = StreamState()
    state.fold(events)
    verdict = examine(events, state)
    assert isinstance(verdict, Failure)
    assert (verdict.status, verdict.is_signature) == (400, True)


@pytest.mark.parametrize(
    "reason", ["SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY", "JAILBREAK"]
)
def test_a_blocked_prompt_is_a_refusal(reason: str) -> None:
    """``promptFeedback`` without a candidate: an answer of its own."""
    decoder = GEMINI.decoder(OPTIONS)
    body = {"promptFeedback": {"blockReason": reason}, "usageMetadata": {"promptTokenCount": 3}}
    events = [*decoder.feed(b"data: " + msgspec.json.encode(body) + b"\n\n").events, *decoder.finish().events]
    words = tuple(stop_told(name, events) for name in ("anthropic", "chat", "responses"))
    assert words == STOPS["SAFETY"]


ANTHROPICS = {
    "end_turn": ("STOP", "stop", "completed"),
    "stop_sequence": ("STOP", "stop", "completed"),
    "max_tokens": ("MAX_TOKENS", "length", "incomplete:max_output_tokens"),
    "model_context_window_exceeded": ("MAX_TOKENS", "length", "incomplete:max_output_tokens"),
    "pause_turn": ("STOP", "stop", "completed"),
    "refusal": ("SAFETY", "content_filter", "incomplete:content_filter"),
}


@pytest.mark.parametrize("reason", ANTHROPICS)
def test_anthropics_reasons_to_stop(reason: str) -> None:
    """Claude's words to the others'."""
    stream = b""
    for event in (
        {"type": "message_start", "message": {"id": "m", "model": "c", "usage": {"input_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hi."}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": reason}, "usage": {"output_tokens": 2}},
        {"type": "message_stop"},
    ):
        stream += f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
    events = ANTHROPIC.decoder(OPTIONS).feed(stream).events
    gemini = told("gemini", events)["candidates"][0]["finishReason"]
    assert (gemini, stop_told("chat", events), stop_told("responses", events)) == ANTHROPICS[reason]


# --- token counts -----------------------------------------------------------------------------------------
def test_token_counts() -> None:
    """Gemini's prompt holds what was cached and leaves out tool use, its candidates leave out thoughts."""
    counts = {
        "promptTokenCount": 100, "cachedContentTokenCount": 30, "toolUsePromptTokenCount": 5,
        "candidatesTokenCount": 20, "thoughtsTokenCount": 7, "totalTokenCount": 132,
    }  # fmt: skip
    events = gemini_events({"text": "Hi."}, finishReason="STOP", usage=counts)
    claude = told("anthropic", events)["usage"]
    assert (claude["input_tokens"], claude["cache_read_input_tokens"], claude["output_tokens"]) == (
        75,
        30,
        27,
    )
    assert claude["output_tokens_details"] == {"thinking_tokens": 7}
    chat = told("chat", events)["usage"]
    assert (chat["prompt_tokens"], chat["completion_tokens"], chat["total_tokens"]) == (105, 27, 132)
    assert chat["prompt_tokens_details"]["cached_tokens"] == 30
    assert chat["completion_tokens_details"]["reasoning_tokens"] == 7
    responses = told("responses", events)["usage"]
    assert (responses["input_tokens"], responses["output_tokens"]) == (105, 27)
    assert responses["output_tokens_details"] == {"reasoning_tokens": 7}


# --- tool choice ------------------------------------------------------------------------------------------
TOOLS = tuple(Tool(name, "", {"type": "object", "properties": {}}, False) for name in "abc")
CHOICES: list[tuple[ToolChoice, Any, Any, Any, Any]] = [
    (ToolChoice(), None, None, None, None),
    (ToolChoice("none"), {"type": "none"}, {"mode": "NONE"}, "none", "none"),
    (ToolChoice("any"), {"type": "any"}, {"mode": "ANY"}, "required", "required"),
    (
        ToolChoice("any", ("a",)),
        {"type": "tool", "name": "a"},
        {"mode": "ANY", "allowedFunctionNames": ["a"]},
        {"type": "function", "function": {"name": "a"}},
        {"type": "function", "name": "a"},
    ),
]


def written(name: str, model: str, **fields: Any) -> tuple[dict[str, Any], list[str]]:
    """The body for ``model``, and what was changed."""
    turns = fields.pop("turns", (Turn("user", (Text("Hi."),)),))
    changes: list[str] = []
    conversation = Conversation(turns, **fields)
    return DIALECTS[name].write(conversation, model, SHIPPED.facts_for(model, KINDS[name]), changes), changes


@pytest.mark.parametrize(("choice", "claude", "gemini", "chat", "responses"), CHOICES)
def test_tool_choice(choice: ToolChoice, claude: Any, gemini: Any, chat: Any, responses: Any) -> None:
    """Free, off, must, and this one."""
    asked = {"tools": TOOLS, "tool_choice": choice}
    assert written("anthropic", "claude-opus-4-8", **asked)[0].get("tool_choice") == claude
    config = written("gemini", "gemini-3-flash-preview", **asked)[0].get("toolConfig")
    assert (config or {}).get("functionCallingConfig") == gemini
    assert written("chat", "gpt-4o", **asked)[0].get("tool_choice") == chat
    assert written("responses", "gpt-4o", **asked)[0].get("tool_choice") == responses


def test_a_subset_of_the_tools() -> None:
    """Gemini and OpenAI can be told; Claude is offered those alone, and the row says so."""
    asked = {"tools": TOOLS, "tool_choice": ToolChoice("any", ("a", "b"))}
    body, changes = written("anthropic", "claude-opus-4-8", **asked)
    assert [tool["name"] for tool in body["tools"]] == ["a", "b"]
    assert any("tools limited to a, b" in change for change in changes)
    gemini = written("gemini", "gemini-3-flash-preview", **asked)[0]["toolConfig"]["functionCallingConfig"]
    assert gemini == {"mode": "ANY", "allowedFunctionNames": ["a", "b"]}
    chat = written("chat", "gpt-4o", **asked)[0]["tool_choice"]
    assert (chat["type"], chat["allowed_tools"]["mode"]) == ("allowed_tools", "required")


def test_one_call_at_a_time() -> None:
    """Claude and OpenAI have a switch; Gemini has none, and the row says so."""
    asked = {"tools": TOOLS, "tool_choice": ToolChoice(parallel=False)}
    claude = written("anthropic", "claude-opus-4-8", **asked)[0]["tool_choice"]
    assert claude == {"type": "auto", "disable_parallel_tool_use": True}
    assert written("chat", "gpt-4o", **asked)[0]["parallel_tool_calls"] is False
    assert written("responses", "gpt-4o", **asked)[0]["parallel_tool_calls"] is False
    assert "one tool call at a time" in written("gemini", "gemini-3-flash-preview", **asked)[1][0]


@pytest.mark.parametrize(
    "model", ["claude-fable-5-1", "claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5"]
)
def test_a_choice_that_cannot_be_forced(model: str) -> None:
    """Models that answer 400 to a forced choice are left free, told in words, and the row says so."""
    body, changes = written("anthropic", model, tools=TOOLS, tool_choice=ToolChoice("any", ("a",)))
    assert body.get("tool_choice", {"type": "auto"})["type"] == "auto"
    assert changes
    assert "a" in json.dumps(body["messages"]) + json.dumps(body.get("system", ""))


# --- effort -----------------------------------------------------------------------------------------------
def thinking_of(name: str, model: str, config: ThinkingConfig) -> Any:
    body, _ = written(name, model, thinking=config)
    match name:
        case "anthropic":
            kind = (body.get("thinking") or {}).get("type")
            return kind, (body.get("output_config") or {}).get("effort")
        case "gemini":
            config_sent = (body.get("generationConfig") or {}).get("thinkingConfig") or {}
            return config_sent.get("thinkingBudget", config_sent.get("thinkingLevel"))
        case "chat":
            return body.get("reasoning_effort")
        case _:
            return (body.get("reasoning") or {}).get("effort")


OFF = ThinkingConfig("off")


def level(effort: Any) -> ThinkingConfig:
    return ThinkingConfig("adaptive", effort=effort)


def test_how_much_to_think(subtests: pytest.Subtests) -> None:
    """Off, the levels, the highest, and budgets: the same or the nearest that the model takes."""
    for name, model, config, expected in [
        ("anthropic", "claude-opus-4-8", OFF, ("disabled", None)),
        ("anthropic", "claude-sonnet-5-5", OFF, ("between_tools", None)),
        ("anthropic", "claude-opus-5-5", OFF, (None, "low")),
        ("gemini", "gemini-2.5-flash", OFF, 0),
        ("gemini", "gemini-3.6-flash", OFF, "MINIMAL"),
        ("gemini", "gemini-4-neon", OFF, "LOW"),
        ("chat", "gpt-6-sol", OFF, "none"),
        ("responses", "gpt-6.1-sol", OFF, "low"),
        *(
            case
            for effort in ("low", "medium", "high")
            for case in (
                ("anthropic", "claude-opus-5-5", level(effort), ("adaptive", effort)),
                ("gemini", "gemini-4-neon", level(effort), effort.upper()),
                ("chat", "gpt-6-sol", level(effort), effort),
                ("responses", "gpt-6-sol", level(effort), effort),
            )
        ),
        ("anthropic", "claude-opus-5-5", ThinkingConfig("adaptive", effort="max"), ("adaptive", "max")),
        ("gemini", "gemini-4-neon", ThinkingConfig("adaptive", effort="xhigh"), "XHIGH"),
        ("gemini", "gemini-4-hydrogen", ThinkingConfig("adaptive", effort="max"), "XHIGH"),
        ("gemini", "gemini-4-carbon", ThinkingConfig("adaptive", effort="max"), "HIGH"),
        ("responses", "gpt-6.2-astra", ThinkingConfig("adaptive", effort="max"), "xhigh"),
        ("responses", "gpt-6-sol", ThinkingConfig("adaptive", effort="max"), "max"),
        ("anthropic", "claude-sonnet-4-5", ThinkingConfig("budget", 8192), ("enabled", None)),
        ("anthropic", "claude-opus-5-5", ThinkingConfig("budget", 8192), ("adaptive", "medium")),
        ("gemini", "gemini-2.5-pro", ThinkingConfig("budget", 8192), 8192),
        ("gemini", "gemini-3.8-flash", ThinkingConfig("budget", 8192), "MEDIUM"),
        ("responses", "gpt-6-sol", ThinkingConfig("budget", 31_999), "high"),
    ]:
        with subtests.test(f"{name, model, config, expected!r:.120}"):
            assert thinking_of(name, model, config) == expected


def test_thoughts_are_shown_where_they_are_asked_for() -> None:
    """display, includeThoughts and summary say the same."""
    shown = ThinkingConfig("adaptive", effort="high", show=True)
    claude = written("anthropic", "claude-opus-5-5", thinking=shown)[0]
    assert claude["thinking"] == {"type": "adaptive", "display": "summarized"}
    gemini = written("gemini", "gemini-4-neon", thinking=shown)[0]
    assert gemini["generationConfig"]["thinkingConfig"]["includeThoughts"] is True
    responses = written("responses", "gpt-6-sol", thinking=shown)[0]
    assert responses["reasoning"] == {"effort": "high", "summary": "auto"}


# --- errors -----------------------------------------------------------------------------------------------
ERRORS: dict[int, tuple[str, str, tuple[str, str | None]]] = {
    400: ("invalid_request_error", "INVALID_ARGUMENT", ("invalid_request_error", None)),
    401: ("authentication_error", "UNAUTHENTICATED", ("invalid_request_error", "invalid_api_key")),
    402: ("billing_error", "FAILED_PRECONDITION", ("invalid_request_error", None)),
    403: ("permission_error", "PERMISSION_DENIED", ("invalid_request_error", None)),
    404: ("not_found_error", "NOT_FOUND", ("invalid_request_error", "model_not_found")),
    413: ("request_too_large", "INVALID_ARGUMENT", ("invalid_request_error", None)),
    429: ("rate_limit_error", "RESOURCE_EXHAUSTED", ("rate_limit_error", "rate_limit_exceeded")),
    500: ("api_error", "INTERNAL", ("server_error", None)),
    503: ("overloaded_error", "UNAVAILABLE", ("service_unavailable_error", "server_is_overloaded")),
    504: ("timeout_error", "DEADLINE_EXCEEDED", ("server_error", "timeout")),
    529: ("overloaded_error", "UNAVAILABLE", ("service_unavailable_error", "server_is_overloaded")),
}


@pytest.mark.parametrize("status", ERRORS)
def test_errors(status: int) -> None:
    """One status in the words of the three vendors."""
    answer = ErrorAnswer(status, "Why.", "r1", retry_after_seconds=12 if status == 429 else None)
    claude = json.loads(ANTHROPIC.error_body(answer))
    gemini = json.loads(GEMINI.error_body(answer))["error"]
    chat = json.loads(OPENAI_CHAT.error_body(answer))["error"]
    assert (claude["error"]["type"], gemini["status"], (chat["type"], chat["code"])) == ERRORS[status]
    assert (claude["type"], claude["request_id"], gemini["code"]) == ("error", "r1", status)
    delays = [item["retryDelay"] for item in gemini["details"] if "retryDelay" in item]
    assert delays == (["12s"] if status == 429 else [])


# --- parts ------------------------------------------------------------------------------------------------
def sent(name: str, model: str, part: Media) -> Any:
    """The part as ``model`` gets it; CannotCarry as such."""
    try:
        body, _ = written(name, model, turns=(Turn("user", (part,)),))
    except CannotCarry:
        return CannotCarry
    match name:
        case "anthropic" | "chat":
            content = body["messages"][0]["content"]
            return content if isinstance(content, str) else content[0]
        case "gemini":
            return body["contents"][0]["parts"][0]
        case _:
            return body["input"][0]["content"][0]


def base64_source(media_type: str) -> dict[str, str]:
    return {"type": "base64", "media_type": media_type, "data": "AAAA"}


URL = "https://x.example/a"
PLAIN = base64.b64encode(b"plain").decode()
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
PARTS: dict[str, tuple[Media, Any, Any, Any, Any]] = {
    "image bytes": (
        Media("image", "image/png", data="AAAA"),
        {"type": "image", "source": base64_source("image/png")},
        {"inlineData": {"mimeType": "image/png", "data": "AAAA"}},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        {"type": "input_image", "image_url": "data:image/png;base64,AAAA"},
    ),
    "image URL": (
        Media("image", "image/png", url=URL),
        {"type": "image", "source": {"type": "url", "url": URL}},
        {"fileData": {"mimeType": "image/png", "fileUri": URL}},
        {"type": "image_url", "image_url": {"url": URL}},
        {"type": "input_image", "image_url": URL},
    ),
    "PDF": (
        Media("document", "application/pdf", data="AAAA"),
        {"type": "document", "source": base64_source("application/pdf")},
        {"inlineData": {"mimeType": "application/pdf", "data": "AAAA"}},
        {"type": "file", "file": {
            "filename": "document.pdf", "file_data": "data:application/pdf;base64,AAAA"}},
        {"type": "input_file", "filename": "document.pdf", "file_data": "data:application/pdf;base64,AAAA"},
    ),
    "PDF URL": (
        Media("document", "application/pdf", url=URL),
        {"type": "document", "source": {"type": "url", "url": URL}},
        {"fileData": {"mimeType": "application/pdf", "fileUri": URL}},
        CannotCarry,
        {"type": "input_file", "file_url": URL},
    ),
    "plain document": (
        Media("document", "text/plain", data=PLAIN),
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "plain"}},
        {"inlineData": {"mimeType": "text/plain", "data": PLAIN}},
        "plain",
        {"type": "input_text", "text": "plain"},
    ),
    "audio": (
        Media("audio", "audio/wav", data="AAAA"),
        CannotCarry,
        {"inlineData": {"mimeType": "audio/wav", "data": "AAAA"}},
        {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
        CannotCarry,
    ),
    "video": (
        Media("video", "video/mp4", data="AAAA"),
        CannotCarry,
        {"inlineData": {"mimeType": "video/mp4", "data": "AAAA"}},
        CannotCarry,
        CannotCarry,
    ),
    "an Office file": (
        Media("document", WORD, data="AAAA", title="a.docx"),
        CannotCarry,
        {"inlineData": {"mimeType": WORD, "data": "AAAA"}},
        {"type": "file", "file": {"filename": "a.docx", "file_data": f"data:{WORD};base64,AAAA"}},
        {"type": "input_file", "filename": "a.docx", "file_data": f"data:{WORD};base64,AAAA"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", PARTS)
def test_parts(what: str) -> None:
    """What a user shows, in each upstream's own words; what has none is refused, never left out."""
    part, *expected = PARTS[what]
    models = {
        "anthropic": "claude-opus-5-5",
        "gemini": "gemini-4-neon",
        "chat": "gpt-4o",
        "responses": "gpt-4o",
    }
    assert [sent(name, model, part) for name, model in models.items()] == expected


def test_an_image_that_a_tool_returned() -> None:
    """It stays in the result where there is room; in chat completions it follows in a user message."""
    image = Media("image", "image/png", data="AAAA")
    turns = (
        Turn("user", (Text("Look."),)),
        Turn("assistant", (ToolCall("call_1", "look", {}),)),
        Turn("user", (ToolResult("call_1", "look", (Text("Seen."), image)),)),
    )
    claude = written("anthropic", "claude-opus-5-5", turns=turns)[0]["messages"][-1]["content"][0]
    assert [block["type"] for block in claude["content"]] == ["text", "image"]
    gemini = written("gemini", "gemini-4-neon", turns=turns)[0]["contents"][-1]["parts"][0][
        "functionResponse"
    ]
    assert gemini["parts"] == [{"inlineData": {"mimeType": "image/png", "data": "AAAA"}}]
    chat, changes = written("chat", "gpt-4o", turns=turns)
    assert [message["role"] for message in chat["messages"][-2:]] == ["tool", "user"]
    assert "media in a tool result moved to a user message" in changes
    output = written("responses", "gpt-4o", turns=turns)[0]["input"][-1]["output"]
    assert [part["type"] for part in output] == ["input_text", "input_image"]
