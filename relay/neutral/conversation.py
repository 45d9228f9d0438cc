"""The neutral conversation: what a request says, free of any dialect.

PURE. A dialect's ``requests/`` read its body into this and write its body from this. It is used
only where client and upstream speak different dialects; otherwise the body travels as it came.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import msgspec

Json = dict[str, Any]
"""A decoded JSON object."""

Effort = Literal["minimal", "low", "medium", "high", "xhigh", "max"]


class Text(msgspec.Struct, frozen=True):
    """Plain text; ``signature`` where a Gemini text part carried one."""

    text: str
    signature: str = ""


class Thinking(msgspec.Struct, frozen=True):
    """The model's thinking; the text may be empty while the signature is not."""

    text: str
    signature: str = ""


class Redacted(msgspec.Struct, frozen=True):
    """Thinking that only its maker can read."""

    data: str


MediaKind = Literal["image", "document", "audio", "video"]


def media_kind(media_type: str) -> MediaKind:
    """What a MIME type is of; whatever is neither seen nor heard is a document."""
    match media_type.partition("/")[0]:
        case "image":
            return "image"
        case "audio":
            return "audio"
        case "video":
            return "video"
        case _:
            return "document"


class Media(msgspec.Struct, frozen=True):
    """An image, document, audio or video: base64 ``data`` or a ``url``, never both."""

    kind: MediaKind
    media_type: str
    data: str = ""
    url: str = ""
    title: str = ""


class ToolCall(msgspec.Struct, frozen=True):
    """A call of one of the client's tools."""

    id: str
    name: str
    arguments: Json
    signature: str = ""


class ToolResult(msgspec.Struct, frozen=True):
    """The answer to a call. ``name`` is the called tool's, where the dialect tells or it was found by id."""

    call_id: str
    name: str
    parts: tuple["Text | Media", ...]
    is_error: bool = False


Part = Text | Thinking | Redacted | Media | ToolCall | ToolResult


class Turn(msgspec.Struct, frozen=True):
    """One turn. ``system`` turns in the middle of a conversation are turns too."""

    role: Literal["user", "assistant", "system"]
    parts: tuple[Part, ...]


class Tool(msgspec.Struct, frozen=True):
    """A function that the client offers; ``schema`` is JSON Schema as the client gave it."""

    name: str
    description: str
    schema: Json
    strict: bool | None = None


class ToolChoice(msgspec.Struct, frozen=True):
    """May, must or must not the model call a tool; ``names`` narrows ``any`` to some of them.

    ``searches``: it must use upstream's own web search, which is no function and has no name among them.
    """

    mode: Literal["auto", "any", "none"] = "auto"
    names: tuple[str, ...] = ()
    parallel: bool = True
    searches: bool = False


class ThinkingConfig(msgspec.Struct, frozen=True):
    """How much to think. ``unset`` leaves it to the model; ``show`` None likewise."""

    mode: Literal["unset", "off", "budget", "adaptive", "between_tools"] = "unset"
    budget_tokens: int | None = None
    effort: Effort | None = None
    show: bool | None = None

    @property
    def is_shown(self) -> bool:
        """Is the thinking to be told? Who asks for it, and says nothing of this, wants to see it."""
        return self.show if self.show is not None else self.mode in ("budget", "adaptive")


class Sampling(msgspec.Struct, frozen=True):
    """Sampling parameters; None = not given."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None


class Conversation(msgspec.Struct, frozen=True):
    """A whole request. ``response_schema`` is JSON Schema; ``json_answer`` alone asks for any JSON object.

    ``web_search`` asks for the upstream's own search. ``dropped`` names what the client said and the
    neutral form has no place for (each a few words, for the row's "what was changed"). ``cache_key`` brings
    the requests of one conversation to where upstream has cached its beginning.
    """

    turns: tuple[Turn, ...]
    system: tuple[Text, ...] = ()
    tools: tuple[Tool, ...] = ()
    web_search: bool = False
    tool_choice: ToolChoice = ToolChoice()
    thinking: ThinkingConfig = ThinkingConfig()
    sampling: Sampling = Sampling()
    max_tokens: int | None = None
    stop_sequences: tuple[str, ...] = ()
    json_answer: bool = False
    response_schema: Json | None = None
    user_id: str = ""
    cache_key: str = ""
    dropped: tuple[str, ...] = ()


def digest(value: object) -> str:
    """A stable hash of any JSON value: 32 hex digits of sha256 over its canonical JSON.

    ``cache_control`` is left out: clients move their cache markers from turn to turn, and a
    block is the same block without them. 1.0 counts as 1, for that is how JavaScript sends it back.
    """
    canonical = msgspec.json.encode(_canonical(value), order="sorted")
    return hashlib.sha256(canonical).hexdigest()[:32]


_LARGEST_EXACT = 2.0**53


def _canonical(value: object) -> object:
    if isinstance(value, dict):
        return {key: _canonical(item) for key, item in value.items() if key != "cache_control"}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, float) and abs(value) <= _LARGEST_EXACT and value.is_integer():
        return int(value)
    return value


def turn_key(text: str, calls: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """What an assistant turn is recognised by: its visible text and its tool calls (name, arguments).

    The same for the stream that made the turn and for the body that brings it back, in every dialect.
    """
    return digest([text.strip(), [[name, arguments] for name, arguments in calls]])
