"""An Anthropic body as a neutral conversation."""

import base64
from typing import Any

import pytest

from relay.dialects.anthropic import ANTHROPIC
from relay.neutral.conversation import (
    Conversation,
    Media,
    Redacted,
    Sampling,
    Text,
    Thinking,
    ThinkingConfig,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Turn,
)
from relay.neutral.failures import BadRequest, CannotCarry

PNG = base64.b64encode(b"\x89PNG").decode()


def read(*content: Any, **fields: Any) -> Conversation:
    """One user turn with ``content``, and ``fields`` of the body."""
    messages = fields.pop("messages", None) or [{"role": "user", "content": list(content) or "hi"}]
    return ANTHROPIC.read({"model": "m", "max_tokens": 9, "messages": messages, **fields})


def turn(role: str, kind: str, **block: Any) -> dict[str, Any]:
    """A body's messages: one turn with one block."""
    return {"messages": [{"role": role, "content": [{"type": kind, **block}]}]}


def parts(*content: Any) -> tuple[Any, ...]:
    return read(*content).turns[0].parts


def test_a_whole_conversation() -> None:
    """System, turns, thinking with its signature, calls, results found by id, system turns, parameters."""
    conversation = ANTHROPIC.read(
        {
            "model": "claude-opus-5-5",
            "max_tokens": 64000,
            "stream": True,
            "system": [
                {"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral"}},
                {"type": "text", "text": "Be brief."},
            ],
            "metadata": {"user_id": "u-1"},
            "stop_sequences": ["###"],
            "temperature": 0.5,
            "top_p": 0.9,
            "top_k": 40,
            "thinking": {"type": "adaptive", "display": "summarized"},
            "output_config": {"effort": "xhigh"},
            "context_management": {"edits": []},
            "tools": [
                {"name": "look", "description": "Looks.", "input_schema": {"type": "object"}, "strict": True},
                {
                    "name": "bare",
                    "input_schema": {},
                    "defer_loading": True,
                    "cache_control": {"type": "ephemeral"},
                },
                {"type": "web_search_20260318", "name": "web_search", "max_uses": 2},
            ],
            "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
            "messages": [
                {"role": "user", "content": "hi"},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "", "signature": "sig"},
                        {"type": "redacted_thinking", "data": "AAAA"},
                        {"type": "text", "text": "I look.", "citations": [{"type": "char_location"}]},
                        {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": 1}},
                    ],
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "t1", "content": "seen", "is_error": True},
                        {"type": "tool_result", "tool_use_id": "other"},
                        {"type": "text", "text": "go on"},
                    ],
                },
                {"role": "system", "content": "The file changed."},
            ],
        }
    )
    assert conversation == Conversation(
        turns=(
            Turn("user", (Text("hi"),)),
            Turn(
                "assistant",
                (Thinking("", "sig"), Redacted("AAAA"), Text("I look."), ToolCall("t1", "look", {"at": 1})),
            ),
            Turn(
                "user",
                (
                    ToolResult("t1", "look", (Text("seen"),), is_error=True),
                    ToolResult("other", "", ()),
                    Text("go on"),
                ),
            ),
            Turn("system", (Text("The file changed."),)),
        ),
        system=(Text("Be kind."), Text("Be brief.")),
        tools=(Tool("look", "Looks.", {"type": "object"}, True), Tool("bare", "", {})),
        web_search=True,
        tool_choice=ToolChoice(parallel=False),
        thinking=ThinkingConfig("adaptive", effort="xhigh", show=True),
        sampling=Sampling(0.5, 0.9, 40),
        max_tokens=64000,
        stop_sequences=("###",),
        user_id="u-1",
        dropped=(
            *("context_management", "citations", "tools: cache_control", "tools: defer_loading"),
            *("web search: max_uses", "cache_control"),
        ),
    )


@pytest.mark.parametrize(
    ("choice", "neutral"),
    [
        (None, ToolChoice()),
        ({"type": "auto"}, ToolChoice()),
        ({"type": "any"}, ToolChoice("any")),
        ({"type": "none"}, ToolChoice("none")),
        ({"type": "tool", "name": "look"}, ToolChoice("any", ("look",))),
        (
            {"type": "tool", "name": "look", "disable_parallel_tool_use": True},
            ToolChoice("any", ("look",), False),
        ),
    ],
)
def test_tool_choice(choice: dict[str, Any] | None, neutral: ToolChoice) -> None:
    """Each form has its neutral one."""
    assert read(tool_choice=choice).tool_choice == neutral


@pytest.mark.parametrize(
    ("thinking", "output", "neutral"),
    [
        (None, None, ThinkingConfig()),
        (None, {"effort": "max"}, ThinkingConfig(effort="max")),
        ({"type": "disabled"}, {}, ThinkingConfig("off")),
        ({"type": "between_tools"}, {}, ThinkingConfig("between_tools")),
        ({"type": "enabled", "budget_tokens": 31999}, {}, ThinkingConfig("budget", 31999)),
        (
            {"type": "adaptive", "display": "omitted"},
            {"effort": "low"},
            ThinkingConfig("adaptive", None, "low", False),
        ),
    ],
)
def test_thinking(
    thinking: dict[str, Any] | None, output: dict[str, Any] | None, neutral: ThinkingConfig
) -> None:
    """Mode, budget, effort and display are carried."""
    assert read(thinking=thinking, output_config=output).thinking == neutral


@pytest.mark.parametrize("where", ["output_config", "output_format"])
def test_a_schema_for_the_answer(where: str) -> None:
    """Structured output is asked for in either place."""
    wanted = {"type": "json_schema", "schema": {"type": "object"}}
    conversation = read(**{where: {"format": wanted} if where == "output_config" else wanted})
    assert conversation.response_schema == {"type": "object"}
    assert conversation.json_answer


def test_images_and_documents() -> None:
    """Bytes, addresses, plain text and ready-made content, each with what the client said about it."""
    assert parts(
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        {"type": "image", "source": {"type": "url", "url": "https://a.example/i.png"}},
        {
            "type": "document",
            "title": "Paper",
            "context": "Read it first.",
            "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="},
        },
        {"type": "document", "source": {"type": "url", "url": "https://a.example/p.pdf"}},
        {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "Grüße"}},
        {"type": "document", "title": "T", "source": {"type": "content", "content": "plain"}},
        {
            "type": "document",
            "source": {
                "type": "content",
                "content": [
                    {"type": "text", "text": "a"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
                ],
            },
        },
        {"type": "search_result", "title": "T", "source": "s", "content": "found"},
    ) == (
        Media("image", "image/png", data=PNG),
        Media("image", "image/*", url="https://a.example/i.png"),
        Text("Read it first."),
        Media("document", "application/pdf", data="JVBERi0=", title="Paper"),
        Media("document", "application/pdf", url="https://a.example/p.pdf"),
        Media("document", "text/plain", data=base64.b64encode("Grüße".encode()).decode()),
        Text("T"),
        Text("plain"),
        Text("a"),
        Media("image", "image/png", data=PNG),
        Text("T\ns"),
        Text("found"),
    )


def test_images_in_tool_results() -> None:
    """A result may hold texts, images and documents, and the names of tools that a search found."""
    (result,) = parts(
        {
            "type": "tool_result",
            "tool_use_id": "t",
            "content": [
                {"type": "text", "text": "seen"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
                {"type": "tool_reference", "tool_name": "look"},
            ],
        }
    )
    assert result.parts == (Text("seen"), Media("image", "image/png", data=PNG), Text("look"))


def test_the_clients_billing_line_is_left_out_and_named() -> None:
    """Claude Code's first system block changes with every request: upstream's cache would never hit."""
    line = {"type": "text", "text": "x-anthropic-billing-header: cc_version=2.1.197; cch=0aaa9;"}
    conversation = read(system=[line, {"type": "text", "text": "Be kind."}])
    assert conversation.system == (Text("Be kind."),)
    assert "system: the client's billing line" in conversation.dropped


def test_empty_texts_say_nothing() -> None:
    """They become no part."""
    assert parts({"type": "text", "text": ""}, {"type": "text", "text": "x"}) == (Text("x"),)
    assert read(messages=[{"role": "user", "content": ""}]).turns == (Turn("user", ()),)


@pytest.mark.parametrize(
    "fields",
    [
        {"container": "container_1"},
        {"mcp_servers": [{"type": "url"}]},
        {"compaction": {"type": "summarize"}},
        {"thread": {"id": "t"}},
        {"max_tokens": 0},
        {"tools": [{"type": "bash_20250124", "name": "bash"}]},
        {"tools": [{"type": "code_execution_20260521", "name": "code_execution"}]},
        turn("user", "image", source={"type": "file", "file_id": "f"}),
    ],
)
def test_what_only_anthropic_can_do_is_refused(fields: dict[str, Any]) -> None:
    """Content that another upstream has no place for is a clear refusal, never left out in silence."""
    with pytest.raises(CannotCarry, match=r"\w+ "):
        read(**fields)


def test_wrong_values_are_refused_with_their_place(subtests: pytest.Subtests) -> None:
    """The text begins with the path inside the body."""
    for fields, where in [
        (turn("user", "text"), "messages.0.content.0.text"),
        (turn("assistant", "tool_use", name="n"), "messages.0.content.0"),
        (turn("user", "tool_result"), "messages.0.content.0.tool_use_id"),
        ({"messages": [{"role": "x", "content": ""}]}, "messages.0.role"),
        (turn("user", "image", source={"type": "base64"}), "messages.0.content.0.source.media_type"),
        (turn("user", "image", source={"type": "url", "url": "x"}), "messages.0.content.0.source.url"),
        ({"tools": [{"input_schema": {}}]}, "tools.0.name"),
        ({"tool_choice": {"type": "maybe"}}, "tool_choice.type"),
        ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
        ({"thinking": {"type": "loud"}}, "thinking.type"),
        ({"output_config": {"effort": "huge"}}, "output_config.effort"),
        ({"output_config": {"format": {"type": "xml"}}}, "output_config.format.type"),
        ({"stop_sequences": [7]}, "stop_sequences"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"temperature": "hot"}, "temperature"),
    ]:
        with subtests.test(f"{fields, where!r:.120}"), pytest.raises(BadRequest, match=rf"^{where}\b"):
            read(**fields)
