"""What the relay must know of an Anthropic body before anything else.

PURE. Checks the types of what every later step relies on; all else is upstream's to judge.
"""

from collections.abc import Mapping

from relay.dialects.anthropic.wire_messages import blocks_of, is_client_note, type_of
from relay.dialects.interface import ClientRequest
from relay.dialects.json_object import json_object
from relay.dialects.request_fields import (
    as_object,
    flag_in,
    integer_in,
    list_in,
    object_in,
    objects_in,
    place,
    text_in,
)
from relay.neutral.conversation import Json, digest
from relay.neutral.events import HiddenThinking
from relay.neutral.failures import BadRequest

_SESSION_HEADERS = ("x-claude-code-session-id", "session_id", "x-session-id")
_SESSION_MARK = "_session_"
_REMINDER = "<system-reminder>"
_PREVIEW_CHARACTERS = 200


def inspect(body: Json, headers: Mapping[str, str]) -> ClientRequest:
    """What the relay must know of ``body``; ``headers`` have lower-case names. Raises BadRequest."""
    model = text_in(body, "model")
    if not model:
        raise BadRequest("model is missing")
    messages = _checked_messages(body)
    _check_parameters(body)
    thread = object_in(body, "thread")
    return ClientRequest(
        model=model,
        is_stream=bool(flag_in(body, "stream")),
        session_id=_session_id(body, headers),
        session_seed=_session_seed(body, messages),
        preview=_preview(messages),
        is_threaded=bool(thread),
        previous_message=text_in(thread, "previous_message_id", "thread"),
        answers_tools=_answers_tools(messages),
        is_begun=any(message["role"] == "assistant" for message in messages) or bool(thread),
    )


def hides_thinking(body: Json) -> HiddenThinking:
    """All of it from who asked for none: programs take ``content[0]`` for the text."""
    thinking, output = body.get("thinking"), body.get("output_config")
    if isinstance(thinking, dict):
        return "all" if thinking.get("type") == "disabled" else ""
    return "" if isinstance(output, dict) and output.get("effort") is not None else "all"


def _checked_messages(body: Json) -> list[Json]:
    messages = []
    for message, where in objects_in(body, "messages"):
        if not isinstance(message.get("role"), str):  # a new role is upstream's to know
            raise BadRequest(f"{where}.role must be a string")
        _check_content(message.get("content"), place(where, "content"))
        messages.append(message)
    if not messages and not object_in(body, "thread").get("previous_message_id"):
        raise BadRequest("messages is missing or empty")
    return messages


def _check_parameters(body: Json) -> None:
    integer_in(body, "max_tokens")
    list_in(body, "tools")
    object_in(body, "thinking")
    object_in(body, "metadata")
    if body.get("system") is not None:
        _check_content(body["system"], "system")


def _check_content(content: object, where: str) -> None:
    if isinstance(content, str):
        return
    if not isinstance(content, list):
        raise BadRequest(f"{where} must be a string or an array of blocks")
    for index, block in enumerate(content):
        as_object(block, place(where, index))


def _session_id(body: Json, headers: Mapping[str, str]) -> str:
    """The client's own name for its session: a header, or what ``metadata.user_id`` says.

    Claude Code writes a JSON object into it, older ones ``user_…_account_…_session_ID``; others a plain id.
    """
    for name in _SESSION_HEADERS:
        if headers.get(name):
            return headers[name]
    user_id = text_in(object_in(body, "metadata"), "user_id", "metadata")
    told = (json_object(user_id) or {}).get("session_id")
    if isinstance(told, str):
        return told
    return user_id.partition(_SESSION_MARK)[2] or user_id


def _session_seed(body: Json, messages: list[Json]) -> str:
    system = [block for block in blocks_of(body.get("system")) if not is_client_note(block)]
    first = next((blocks_of(one.get("content")) for one in messages if one["role"] == "user"), [])
    return digest([system, first])


def _answers_tools(messages: list[Json]) -> bool:
    for message in reversed(messages):
        if message["role"] == "assistant":
            return False
        if any(type_of(block) == "tool_result" for block in blocks_of(message.get("content"))):
            return True
    return False


def _preview(messages: list[Json]) -> str:
    """The beginning of what the user said last, without the reminders that a client adds by itself."""
    for message in reversed(messages):
        if message["role"] != "user":
            continue
        told = (block.get("text") for block in blocks_of(message["content"]) if type_of(block) == "text")
        texts = [text for text in told if isinstance(text, str) and text.strip()]
        own = [text for text in texts if not text.startswith(_REMINDER)] or texts
        if own:
            return "\n".join(own).strip()[:_PREVIEW_CHARACTERS]
    return ""
