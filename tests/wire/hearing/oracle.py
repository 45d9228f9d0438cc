"""The one oracle: what a client must hear of a shape, and in what an answer differs from it."""

import re
from typing import Any

from tests.wire.hearing.clients import ClientName
from tests.wire.hearing.heard import Heard
from tests.wire.recorded.shape import Call, Shape, Tokens, Trouble

STOPS: dict[ClientName, dict[str, str]] = {
    "anthropic": {},
    "gemini": {"context_window": "max_tokens", "stop_sequence": "end_turn", "pause_turn": "end_turn"},
    "chat": {"context_window": "max_tokens", "stop_sequence": "end_turn", "pause_turn": "end_turn"},
    "responses": {"context_window": "max_tokens", "stop_sequence": "end_turn", "pause_turn": "end_turn"},
}
"""The nearest word where a client has none of its own."""

UNSAID = ("unknown", "other")
"""Reasons that no other vendor has a word for: any word will do that is no call."""

_CONTEXT = ("maximum context length", "exceeds the context window")
LIMITS: dict[str, dict[ClientName, tuple[str, ...]]] = {
    "context": {
        "anthropic": ("prompt is too long", "exceed context limit"),
        "gemini": ("The input token count",),
        "chat": _CONTEXT,
        "responses": _CONTEXT,
    },
    "output": {
        "anthropic": ("the maximum allowed number of output tokens",),
        "gemini": ("maxOutputTokens",),
        "chat": ("max_tokens is too large",),
        "responses": ("max_tokens is too large",),
    },
}
"""What agents look for where the request is larger than the model: their own vendor's words."""

MEDIA_NOTE = re.compile(r"(?:\n\n)?\[(\w+/\S+) of [\d,]+ bytes left out: [^\]]*\](?:\n\n)?")
"""What an Anthropic client is told of a picture: that it is not there, for its API has no place for one."""

STATUSES = {529: 503}
"""Anthropic's own status, as other clients are told it."""

SERVER_TOOLS = re.compile(r".*(server_tool_use|tool_result|_call|code|redacted_thinking|fallback|compaction)")
"""What an answer may hold beside the reader's words: a server's tool at work, and what only goes back."""


def differences(shape: Shape, client: ClientName, heard: Heard) -> list[str]:
    """In what ``heard`` is not what the reader said; empty where all is well."""
    reader = shape.reader
    if heard.crash:
        return [f"the SDK fails: {heard.crash}"]
    if reader.error is not None:
        return _of_error(shape, client, reader.error, heard)
    if heard.error:
        return [f"an error: {heard.status} {heard.error!r}"]
    text, media = heard.text + heard.refusal, heard.media
    if client == "anthropic":  # its answers have no place for a picture: a note stands for it
        media = [(one.type, one.data) for one in reader.media if one.type in MEDIA_NOTE.findall(text)]
        text = MEDIA_NOTE.sub("", text)
    # Gemini has no word for half a call: its clients hear that the limit cut the answer.
    calls = [_called(c) for c in reader.calls if not (c.cut and client == "gemini")]
    expected: dict[str, tuple[Any, Any]] = {
        "text": (reader.text + reader.refusal, text),
        "thinking": (reader.thinking, heard.thinking),
        "calls": (calls, [_without_cut(c, reader.calls) for c in heard.calls]),
        "media": ([(one.type, one.data) for one in reader.media], media),
        "sources": (
            list(reader.sources),
            [url for url in dict.fromkeys(heard.sources) if url not in reader.found],
        ),
    }
    found = [
        f"{what}: {is_heard!r} instead of {said!r}"
        for what, (said, is_heard) in expected.items()
        if said != is_heard
    ]
    if not _stopped(shape, client, heard):
        found.append(f"stop: {heard.stop!r} instead of {reader.stop!r}")
    found += _usage(reader.usage, heard.usage)
    strange = [kind for kind in heard.other if not SERVER_TOOLS.fullmatch(kind)]
    if strange:
        found.append(f"something else: {strange}")
    return found


def kinds_of(differences: list[str]) -> set[str]:
    """What the differences are about, without their particulars."""
    return {one.partition(":")[0] for one in differences}


def _of_error(shape: Shape, client: ClientName, error: Trouble, heard: Heard) -> list[str]:
    if not heard.error:
        return [f"no error, but {heard}"]
    found = []
    words: tuple[str, ...] = (error.words,)
    if error.limit and shape.dialect != client:
        words = LIMITS[error.limit][client]
    if not any(one in heard.error for one in words):
        found.append(f"the error's words: {heard.error!r}")
    # 200 and 0 are what an SDK says where the error came inside the stream.
    if shape.reader.outcome == "error" and heard.status not in (0, 200, *_statuses(error.status)):
        found.append(f"the error's status: {heard.status}")
    return found


def _stopped(shape: Shape, client: ClientName, heard: Heard) -> bool:
    """Was the client told why the model stopped, in the nearest word of its own?

    In the dialect of upstream the word is upstream's own: some say ``stop`` behind a call or a refusal.
    """
    reader = shape.reader
    nearest = STOPS[client].get(reader.stop, reader.stop)
    if shape.dialect == client and (reader.calls or reader.refusal or reader.stop in UNSAID):
        return bool(heard.stop)
    if reader.refusal and heard.refusal:
        return True
    return heard.stop == nearest or (reader.stop in UNSAID and heard.stop not in ("", "tool_use"))


def _statuses(status: int) -> set[int]:
    return {status, STATUSES.get(status, status)}


def _called(call: Call) -> tuple[str, Any]:
    return call.name, (None if call.cut else call.arguments)


def _without_cut(heard: tuple[str, Any], calls: tuple[Call, ...]) -> tuple[str, Any]:
    """A call whose arguments broke off: what an SDK makes of the piece is its own affair."""
    name, arguments = heard
    return name, (None if any(call.cut and call.name == name for call in calls) else arguments)


def _usage(told: Tokens, heard: Tokens) -> list[str]:
    """Each number that upstream told; a client whose API has no place for one hears nothing, not another."""
    pairs = {
        "input": (told.input, heard.input),
        "output": (told.output, heard.output),
        "thinking": (told.thinking, heard.thinking),
        "cached": (told.cache_read, heard.cache_read),
    }
    return [
        f"{what} tokens: {is_heard} instead of {said}"
        for what, (said, is_heard) in pairs.items()
        if said is not None and (is_heard or 0) != said
    ]
