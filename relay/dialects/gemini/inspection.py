"""What the relay must know of a Gemini body before anything else.

PURE. Checks the types of what every later step relies on; all else is upstream's to judge. The model and
whether the answer is streamed stand in the path.
"""

from collections.abc import Iterator, Mapping

from relay.dialects.gemini.fields import field
from relay.dialects.interface import ClientRequest
from relay.dialects.request_fields import as_list, as_object, as_text, place
from relay.neutral.conversation import Json, digest
from relay.neutral.failures import BadRequest

_SESSION_HEADERS = ("x-session-id", "session_id", "x-claude-code-session-id")
_PREVIEW_CHARACTERS = 200


def inspect(body: Json, headers: Mapping[str, str]) -> ClientRequest:
    """What the relay must know of ``body``; ``headers`` have lower-case names. Raises BadRequest."""
    request = generation_request(body)
    contents = list(_objects(request, "contents"))
    if not contents:
        raise BadRequest("contents is missing or empty")
    for content, where in contents:
        _check_content(content, where)
    for name in ("systemInstruction", "generationConfig", "toolConfig"):
        value = field(request, name)
        if value is not None and not (name == "systemInstruction" and isinstance(value, str)):
            as_object(value, name)
            _check_content(value, name)
    for _ in _objects(request, "tools"):
        pass
    users = [content for content, _ in contents if content.get("role") in ("user", None)]
    try:
        seed = digest([field(request, "systemInstruction"), users[0] if users else None])
    except RecursionError as error:
        raise BadRequest("the body is nested too deeply") from error
    return ClientRequest(
        model="",
        is_stream=False,
        session_id=_session_id(request, headers),
        session_seed=seed,
        preview=_preview(users),
        answers_tools=_answers_tools([content for content, _ in contents]),
        is_begun=len(users) < len(contents),
    )


def generation_request(body: Json) -> Json:
    """The request itself: countTokens may wrap it in ``generateContentRequest``."""
    wrapped = field(body, "generateContentRequest")
    return body if wrapped is None else as_object(wrapped, "generateContentRequest")


def _check_content(content: Json, where: str) -> None:
    role = content.get("role")
    if role is not None:
        as_text(role, place(where, "role"))
    for part, here in _objects(content, "parts", where):
        for name in ("text", "thoughtSignature"):
            value = field(part, name)
            if value is not None:
                as_text(value, place(here, name))
        for name in ("functionCall", "functionResponse", "inlineData", "fileData"):
            value = field(part, name)
            if value is not None:
                as_object(value, place(here, name))


def _objects(parent: Json, name: str, where: str = "") -> Iterator[tuple[Json, str]]:
    here = place(where, name)
    value = field(parent, name)
    for index, item in enumerate(() if value is None else as_list(value, here)):
        yield as_object(item, place(here, index)), place(here, index)


def _session_id(request: Json, headers: Mapping[str, str]) -> str:
    for name in _SESSION_HEADERS:
        if headers.get(name):
            return headers[name]
    own = field(request, "sessionId")
    return own if isinstance(own, str) else ""


def _answers_tools(contents: list[Json]) -> bool:
    for content in reversed(contents):
        if content.get("role") == "model":
            return False
        if any(field(part, "functionResponse") is not None for part in content.get("parts") or []):
            return True
    return False


def _preview(users: list[Json]) -> str:
    """The beginning of what the user said last."""
    for content in reversed(users):
        texts = [part["text"] for part in content.get("parts") or [] if part.get("text")]
        if texts:
            return "\n".join(texts).strip()[:_PREVIEW_CHARACTERS]
    return ""
