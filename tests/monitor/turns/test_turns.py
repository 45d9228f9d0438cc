"""A body of any dialect as turns that a person can read."""

# ruff: noqa: E501  an event or a body stays on one line

import pytest

from monitor.turns import request_turns, response_turns
from monitor.turns.parts import image, image_at
from tests.monitor.shelf import texts_of

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
REQUESTS = {
    "anthropic": {
        "system": "be brief",
        "messages": [
            {"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}]},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "hm"}, {"type": "tool_use", "name": "weather", "input": {"city": "Paris"}}]},
            {"role": "user", "content": [{"type": "tool_result", "content": "sunny"}]},
        ],
    },
    "gemini": {
        "systemInstruction": {"parts": [{"text": "be brief"}]},
        "contents": [
            {"role": "user", "parts": [{"text": "look"}, {"inlineData": {"mimeType": "image/png", "data": PIXEL}}]},
            {"role": "model", "parts": [{"text": "hm", "thought": True}, {"functionCall": {"name": "weather", "args": {"city": "Paris"}}}]},
            {"role": "user", "parts": [{"functionResponse": {"name": "weather", "response": {"said": "sunny"}}}]},
        ],
    },
    "openai": {
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}]},
            {"role": "assistant", "reasoning_content": "hm", "tool_calls": [{"function": {"name": "weather", "arguments": '{"city": "Paris"}'}}]},
            {"role": "tool", "content": "sunny"},
        ],
    },
}  # fmt: skip


@pytest.mark.parametrize("dialect", REQUESTS)
def test_a_request_reads_the_same_in_each_dialect(dialect: str) -> None:
    """System, turns, thinking, tool calls with arguments, results and images."""
    turns = request_turns(dialect, texts_of(REQUESTS[dialect]))
    assert turns is not None
    assert [turn.role for turn in turns][:3] == ["system", "user", "assistant"]
    kinds = [[part.kind for part in turn.parts] for turn in turns]
    assert kinds == [["text"], ["text", "image"], ["thinking", "tool"], ["result"]]
    assert turns[1].parts[1].image == f"data:image/png;base64,{PIXEL}"
    assert turns[2].parts[1].title == "tool call weather"
    assert '"city": "Paris"' in turns[2].parts[1].text
    assert "sunny" in turns[3].parts[0].text


STREAMS = {
    "anthropic": (
        [
            {"type": "message_start", "message": {"content": []}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
            {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "4"}},
            {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "2"}},
            {"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "name": "f", "input": {}}},
            {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '{"a":'}},
            {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": "1}"}},
        ],
        [("thinking", "hm"), ("text", "42"), ("tool", '{\n  "a": 1\n}')],
    ),
    "gemini": (
        [
            {"candidates": [{"content": {"parts": [{"text": "hm", "thought": True}]}}]},
            {"candidates": [{"content": {"parts": [{"text": "4"}]}}]},
            {"candidates": [{"content": {"parts": [{"text": "2"}]}}]},
            {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f", "args": {"a": 1}}}]}}]},
        ],
        [("thinking", "hm"), ("text", "42"), ("tool", '{\n  "a": 1\n}')],
    ),
    "openai": (
        [
            {"choices": [{"delta": {"role": "assistant", "reasoning_content": "hm"}}]},
            {"choices": [{"delta": {"content": "4"}}]},
            {"choices": [{"delta": {"content": "2"}}]},
            {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": '{"a"'}}]}}]},
            {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": ": 1}"}}]}}]},
        ],
        [("thinking", "hm"), ("text", "42"), ("tool", '{\n  "a": 1\n}')],
    ),
}  # fmt: skip


@pytest.mark.parametrize("dialect", STREAMS)
def test_a_stream_is_put_together(dialect: str) -> None:
    """The answer reads as if it had come in one piece, whatever a line ends in, also when it was cut."""
    events, parts = STREAMS[dialect]
    for line_end in (b"\n", b"\r\n"):
        stream = b"".join(b"data: " + texts_of(event) + line_end * 2 for event in events)
        for data in (stream, stream + b'data: {"cut'):
            turns = response_turns(dialect, data)
            assert turns is not None
            assert [(part.kind, part.text) for turn in turns for part in turn.parts] == parts


def test_openai_responses_are_put_together() -> None:
    """The other form: items replace their deltas, and a stream that broke shows what had come."""
    begun = [
        {"type": "response.output_text.delta", "output_index": 0, "delta": "4"},
        {"type": "response.output_text.delta", "output_index": 0, "delta": "2"},
    ]
    done = {
        "type": "response.output_item.done",
        "output_index": 0,
        "item": {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "42."}]},
    }
    for events, text in ((begun, "42"), ([*begun, done], "42.")):
        stream = b"".join(b"data: " + texts_of(event) + b"\n\n" for event in events)
        turns = response_turns("openai", stream)
        assert turns is not None
        assert [part.text for turn in turns for part in turn.parts] == [text]


def test_openai_responses_that_broke_show_thinking_and_arguments_too() -> None:
    """What had come of a thought and of a call, though neither was finished."""
    events = [
        {
            "type": "response.output_item.added",
            "output_index": 0,
            "item": {"type": "reasoning", "summary": []},
        },
        {"type": "response.reasoning_summary_text.delta", "output_index": 0, "delta": "hm"},
        {
            "type": "response.output_item.added",
            "output_index": 1,
            "item": {"type": "function_call", "name": "f", "arguments": ""},
        },
        {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": '{"a"'},
    ]
    turns = response_turns("openai", b"".join(b"data: " + texts_of(event) + b"\n\n" for event in events))
    assert turns is not None
    assert [(part.kind, part.text) for turn in turns for part in turn.parts] == [
        ("thinking", "hm"),
        ("tool", '{"a"'),
    ]


@pytest.mark.parametrize(
    ("dialect", "request_body", "response_body", "asked", "answered"),
    [
        (
            "openai",
            {"input": ["a cat", [1, 2]]},
            {"data": [{"embedding": [0.1, 0.2]}, {"embedding": [0.3, 0.4]}]},
            ["a cat", "[\n  1,\n  2\n]"],
            "2 × 2",
        ),
        ("openai", {"input": "a cat"}, {"data": [{"embedding": "base64=="}]}, ["a cat"], "1"),
        (
            "gemini",
            {"content": {"parts": [{"text": "a cat"}]}},
            {"embedding": {"values": [1] * 1536}},
            ["a cat"],
            "1 × 1,536",
        ),
        (
            "gemini",
            {"requests": [{"content": {"parts": [{"text": text}]}} for text in "ab"]},
            {"embeddings": [{"values": [1]}, {"values": [2]}]},
            ["a", "b"],
            "2 × 1",
        ),
    ],
)
def test_what_was_embedded_is_read_and_its_vectors_are_counted(
    dialect: str, request_body: object, response_body: object, asked: list[str], answered: str
) -> None:
    """No person reads the numbers: how many vectors, of how many numbers."""
    turns = request_turns(dialect, texts_of(request_body))
    assert turns is not None
    assert [(turn.role, part.text) for turn in turns for part in turn.parts] == [
        ("user", text) for text in asked
    ]
    [turn] = response_turns(dialect, texts_of(response_body)) or []
    assert [(part.kind, part.text) for part in turn.parts] == [("result", answered)]


def test_what_gemini_counts_is_read() -> None:
    """countTokens may wrap the whole request."""
    body = {"generateContentRequest": {"contents": [{"parts": [{"text": "count me"}]}]}}
    [turn] = request_turns("gemini", texts_of(body)) or []
    assert turn.parts[0].text == "count me"


def test_no_body_is_too_broken_to_look_at(subtests: pytest.Subtests) -> None:
    """A body that is no conversation is no error."""
    for dialect in REQUESTS:
        for data in [
            b"",
            b"{",
            b"[]",
            b"null",
            b'{"messages": 1, "contents": "x", "input": {}}',
            b"\xff",
            b"[" * 9999,
        ]:
            with subtests.test(f"{dialect, data!r:.120}"):
                request_turns(dialect, data)
                response_turns(dialect, data)


def test_images_are_never_fetched_and_never_scripts() -> None:
    """Only the four plain kinds of image with real base64 become an image; an address stays text."""
    assert image("image/png", PIXEL).image
    for kind, data in (("image/svg+xml", PIXEL), ("image/png", '"><script>'), ("text/html", PIXEL), (1, 2)):
        assert image(kind, data).image == ""
    assert image_at("https://example.com/x.png").text == "https://example.com/x.png"
    assert image_at("https://example.com/x.png").image == ""
