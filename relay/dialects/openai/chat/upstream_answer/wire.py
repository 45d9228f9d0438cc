"""One chunk of a chat completions stream, typed for speed: what is not named here is not looked at. PURE.

Fields that compatible servers fill with something else than OpenAI does are typed for both. One that is typed
as ``Nothing`` has its place elsewhere: told here, it makes its chunk one that is looked at patiently.
"""

from typing import Any, Literal

from msgspec import UNSET, Raw, Struct, UnsetType
from msgspec.json import Decoder

NOTHING = Raw(b"")
Nothing = Literal[""] | None
"""Of a field that has its place elsewhere. Some servers write an empty text there, with each word."""


class Function(Struct, gc=False):
    """The called function, or a fragment of it. Some servers give the arguments as an object.

    Llama's own form has them as ``parameters``.
    """

    name: str | None = None
    arguments: str | dict[str, Any] | list[Any] | None = None
    parameters: str | dict[str, Any] | None = None


class Custom(Struct, gc=False):
    """The called custom tool, or a fragment of it: its input is text."""

    name: str | None = None
    input: str | None = None


class CallFragment(Struct, gc=False):
    """A fragment of a tool call: OpenAI gives id and name in the first one only.

    Some servers write it flat: as Responses do, or with Anthropic's ``input``.
    """

    index: int | None = None
    id: str | None = None
    function: Function | None = None
    custom: Custom | None = None
    name: str | None = None
    arguments: str | dict[str, Any] | list[Any] | None = None
    input: str | dict[str, Any] | None = None


class Delta(Struct, gc=False):
    """What a chunk adds.

    ``reasoning_content`` (DeepSeek, vLLM, SGLang, llama.cpp), ``reasoning`` (OpenRouter, Ollama, Groq, newer
    vLLM), ``reasoning_details`` (OpenRouter), ``reasoning_text`` (GitHub Copilot), ``thinking`` (Ollama's own
    API, and gateways before it) and ``thinking_blocks`` (LiteLLM) are vendors' extensions for reasoning
    text; ``content`` is an array of parts at Mistral's. ``images`` is OpenRouter's, ``audio`` OpenAI's.
    """

    content: str | list[Any] | None = None
    refusal: str | None = None
    reasoning_content: str | dict[str, Any] | list[Any] | None = None
    reasoning: str | dict[str, Any] | list[Any] | None = None
    reasoning_text: str | dict[str, Any] | list[Any] | None = None
    thinking: str | dict[str, Any] | list[Any] | None = None
    reasoning_details: list[Any] | None = None
    thinking_blocks: list[Any] | None = None
    tool_calls: list[CallFragment] | None = None
    function_call: Function | None = None
    annotations: list[Any] | None = None
    audio: dict[str, Any] | None = None
    images: list[Any] | None = None
    finish_reason: Nothing = None
    error: Nothing = None


class Choice(Struct, gc=False):
    """One of the answers; there is one unless ``n`` asked for more.

    ``stop_reason`` is vLLM's; Kimi tells the usage in the choice. ``message`` is a whole one, as MiniMax and
    servers that do not really stream have it.
    """

    delta: Delta
    index: int | None = None
    finish_reason: str | None = None
    stop_reason: str | int | None = None
    usage: Raw = NOTHING
    message: Raw = NOTHING
    finish_details: Nothing = None
    error: Nothing = None


class Piece(Struct, gc=False):
    """One chunk (by its ``object``, mostly). Perplexity tells its sources beside the choices."""

    id: str | None = None
    object: str | None = None
    model: str | None = None
    choices: list[Choice] | UnsetType = UNSET
    usage: Raw = NOTHING
    service_tier: str | None = None
    error: Raw = NOTHING
    citations: list[Any] | None = None
    search_results: list[Any] | None = None
    finish_reason: Nothing = None


PIECE = Decoder(Piece)
"""Bytes of one event -> Piece."""


def is_told(raw: Raw) -> bool:
    """Does the field stand there, and not as null?"""
    return len(raw) > 0 and bytes(raw) != b"null"
