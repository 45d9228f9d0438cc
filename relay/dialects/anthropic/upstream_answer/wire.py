"""The shape of a stream's events, typed for speed and for what bent fields should have been.

PURE. Unknown fields are passed over here; what is told rarely is read once more, with all that it says.
"""

from typing import Any, Literal

import msgspec

from relay.dialects.reading.token_counts import TokenCount
from relay.neutral.conversation import Json

WHERE = "anthropic"
"""The ``where`` of this dialect's ``Extra``: ``name`` is the SSE event's, ``raw`` its data; of an unknown
delta, the delta object alone."""

NEEDS_A_MESSAGE = frozenset(
    {"content_block_start", "content_block_delta", "content_block_stop", "message_delta", "message_stop"}
)
"""The events that nothing is without a message_start before them."""
ENDS = frozenset({"content_block_stop", "message_stop"})
"""The events of these whose names say all that they do."""

TOLD_IN = {
    "text_delta": "text",
    "thinking_delta": "thinking",
    "input_json_delta": "partial_json",
    "signature_delta": "signature",
    "citations_delta": "citation",
}
"""The field of each kind of delta in which it says what it says."""
BESIDE = ("text", "thinking", "partial_json")
"""Those that gateways write beside the delta. Typed as nothing there, one makes its event a bent one."""
BEGINS: dict[str, Json] = {
    "text_delta": {"type": "text", "text": ""},
    "thinking_delta": {"type": "thinking", "thinking": "", "signature": ""},
}
"""The block that a delta belongs into, where upstream opened none for it."""


class Delta(msgspec.Struct, gc=False):
    """More of a block: of text, thinking, or a tool call's arguments."""

    type: str = ""
    text: str | None = None
    thinking: str | None = None
    partial_json: str | None = None
    signature: str | None = None
    citation: dict[str, Any] | None = None


class _OutputDetails(msgspec.Struct, gc=False):
    thinking_tokens: TokenCount | None = None


class _Usage(msgspec.Struct, gc=False):
    input_tokens: TokenCount | None = None
    cache_read_input_tokens: TokenCount | None = None
    cache_creation_input_tokens: TokenCount | None = None
    output_tokens: TokenCount | None = None
    output_tokens_details: _OutputDetails | None = None
    cache_creation: dict[str, TokenCount | None] | None = None
    server_tool_use: dict[str, TokenCount | None] | None = None


class _Message(msgspec.Struct, gc=False):
    id: str | None = None
    model: str | None = None
    usage: _Usage | None = None


class _ContentBlock(msgspec.Struct, gc=False):
    type: str = ""
    id: str | None = None
    name: str | None = None
    text: str | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    tool_use_id: str | None = None
    citations: list[Any] | None = None


class StreamEvent(msgspec.Struct, gc=False):
    """Any event; ``error`` is there where something went wrong."""

    type: str = ""
    index: int | None = None
    delta: Delta | None = None
    content_block: _ContentBlock | None = None
    message: _Message | str | None = None  # a text in some servers' errors
    usage: _Usage | None = None
    error: Any = None
    text: Literal[""] | None = None
    thinking: Literal[""] | None = None
    partial_json: Literal[""] | None = None


STREAM_EVENT = msgspec.json.Decoder(StreamEvent)
