"""What the relay must know of an OpenAI request before it serves it. PURE.

Only what is read here is checked: what the server does not know passes through to an upstream of the
same form.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from relay.dialects.interface import ClientRequest
from relay.dialects.openai.chat.requests.client_shapes import is_responses
from relay.dialects.request_fields import flag_in, object_in, objects_in, text_in
from relay.neutral.conversation import Json, digest
from relay.neutral.failures import BadRequest

PREVIEW_LENGTH = 200
"""Characters of the last user turn that a row shows."""

_SESSION_HEADERS = ("session_id", "session-id", "x-session-id", "conversation_id")
_NOT_STORED = "responses are not stored here; send the whole input"


def inspect_chat(body: Json, headers: Mapping[str, str]) -> ClientRequest:
    """A chat completions request, or a Responses request to be answered as one."""
    wants_usage = flag_in(object_in(body, "stream_options"), "include_usage", "stream_options") is True
    if is_responses(body):
        return msgspec.structs.replace(inspect_responses(body, headers), wants_usage=wants_usage)
    messages = [message for message, _ in objects_in(body, "messages")]
    if not messages:
        raise BadRequest("messages is missing or empty")
    return _client_request(body, headers, messages, wants_usage=wants_usage)


def inspect_responses(body: Json, headers: Mapping[str, str]) -> ClientRequest:
    """A Responses request; what would need storage or a later call is refused."""
    if body.get("previous_response_id") is not None:
        raise BadRequest(f"previous_response_id is not supported: {_NOT_STORED}")
    if body.get("conversation") is not None:
        raise BadRequest(f"conversation is not supported: {_NOT_STORED}")
    if flag_in(body, "background"):
        raise BadRequest("background is not supported: a response is served while it is asked for")
    given = body.get("input")
    if given is None and body.get("prompt") is None:
        raise BadRequest("input is missing")
    items = [{"role": "user", "content": given}]
    if not isinstance(given, str):
        items = [item for item, _ in objects_in(body, "input")]
    instructions = {"role": "system", "content": text_in(body, "instructions")}
    return _client_request(
        body,
        headers,
        [instructions, *items],
        wants_usage=True,
    )


def text_of_content(content: object) -> str:
    """The text of a message's content: a string, or the text parts of an array."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [part.get("text") for part in content if isinstance(part, dict)]
    return "\n".join(text for text in texts if isinstance(text, str))


def _client_request(
    body: Json, headers: Mapping[str, str], messages: list[Json], *, wants_usage: bool
) -> ClientRequest:
    model = text_in(body, "model")
    if not model:
        raise BadRequest("model is missing")
    last_user = text_of_content(_first_user(reversed(messages)))
    return ClientRequest(
        model=model,
        is_stream=flag_in(body, "stream") is True,
        session_id=text_in(body, "prompt_cache_key") or _session_header(headers),
        session_seed=digest([_system(messages), _first_user(messages)]),
        preview=" ".join(last_user[: PREVIEW_LENGTH * 4].split())[:PREVIEW_LENGTH],
        wants_usage=wants_usage,
        answers_tools=_answers_tools(messages),
        is_begun=any(message.get("role") not in ("user", "system", "developer") for message in messages),
    )


def _answers_tools(messages: list[Json]) -> bool:
    """Messages of chat, whose results have a role, or items of Responses, whose results have a type."""
    for message in reversed(messages):
        if message.get("role") in ("tool", "function") or str(message.get("type", "")).endswith("_output"):
            return True
        if message.get("role") not in ("user", "system", "developer"):
            return False
    return False


def _first_user(messages: Iterable[Json]) -> Any:
    return next((message.get("content") for message in messages if message.get("role") == "user"), "")


def _system(messages: list[Json]) -> list[Any]:
    found = []
    for message in messages:
        if message.get("role") not in ("system", "developer"):
            break
        found.append(message.get("content"))
    return found


def _session_header(headers: Mapping[str, str]) -> str:
    return next((headers[name] for name in _SESSION_HEADERS if headers.get(name)), "")
