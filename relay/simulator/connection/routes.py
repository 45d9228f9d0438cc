"""From method and path to what is asked; whatever stands before the known paths is tolerated."""

import re
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import parse_qs


class Action(StrEnum):
    """What a path asks for."""

    GENERATE = "generate"
    COUNT = "count"
    EMBED = "embed"
    LIST_MODELS = "list_models"
    GET_MODEL = "get_model"
    TOKEN = "token"  # noqa: S105  a path, no password
    CODE_ASSIST_SETUP = "code_assist_setup"
    PROBE = "probe"


@dataclass(frozen=True, slots=True)
class Route:
    """Where a request goes: dialect (``gemini``, ``vertex``, ``code_assist``, ``anthropic``,
    ``vertex_claude``, ``chat``, ``responses``), action, and what the path itself says about the answer.

    ``as_array`` is Gemini's stream without ``alt=sse``; ``method`` Google's name after the colon, ``version``
    the path's.
    """

    dialect: str
    action: Action
    model: str = ""
    method: str = ""
    streams: bool = False
    as_array: bool = False
    version: str = ""


_GOOGLE_ACTIONS = {
    "generateContent": Action.GENERATE,
    "streamGenerateContent": Action.GENERATE,
    "rawPredict": Action.GENERATE,
    "streamRawPredict": Action.GENERATE,
    "countTokens": Action.COUNT,
    "embedContent": Action.EMBED,
    "batchEmbedContents": Action.EMBED,
    "loadCodeAssist": Action.CODE_ASSIST_SETUP,
    "onboardUser": Action.CODE_ASSIST_SETUP,
    "retrieveUserQuota": Action.CODE_ASSIST_SETUP,
}
_GOOGLE = (
    (
        "vertex",
        re.compile(r"/v1(?:beta1)?/projects/[^/]+/locations/[^/]+/publishers/google/models/([^/:]+):(\w+)$"),
    ),
    (
        "vertex_claude",
        re.compile(
            r"/v1(?:beta1)?/projects/[^/]+/locations/[^/]+/publishers/anthropic/models/([^/:]+)"
            r":(rawPredict|streamRawPredict)$"
        ),
    ),
    ("gemini", re.compile(r"/v1(?:beta)?/models/([^/:]+):(\w+)$")),
    ("code_assist", re.compile(r"/v1internal()(?::(\w+))$")),
)
_POSTS = (
    (re.compile(r"/v1/messages/count_tokens$"), Route("anthropic", Action.COUNT)),
    (re.compile(r"/v1/messages$"), Route("anthropic", Action.GENERATE)),
    (re.compile(r"/chat/completions$"), Route("chat", Action.GENERATE)),
    (re.compile(r"/responses$"), Route("responses", Action.GENERATE)),
    (re.compile(r"/responses/input_tokens$"), Route("responses", Action.COUNT)),
    (re.compile(r"/embeddings$"), Route("chat", Action.EMBED)),
    (re.compile(r"/token$"), Route("oauth", Action.TOKEN)),
)
_MODELS = re.compile(r"/models(?:/([^/]+))?$")


def find_route(method: str, path: str, query: str, headers: dict[str, str]) -> Route | None:
    """The route of a request, None when there is nothing at this path."""
    if method == "POST":
        return _google_route(path, query) or next((r for pattern, r in _POSTS if pattern.search(path)), None)
    if method in {"GET", "HEAD"} and path == "/":
        return Route("chat", Action.PROBE)
    if method == "GET" and (found := _MODELS.search(path)):
        action = Action.GET_MODEL if found[1] else Action.LIST_MODELS
        return Route(_caller(path, query, headers), action, found[1] or "")
    return None


def dialect_of_path(path: str, headers: dict[str, str]) -> str:
    """The dialect in which an error on an unknown path is told."""
    return _caller(path, "", headers)


def _google_route(path: str, query: str) -> Route | None:
    for dialect, pattern in _GOOGLE:
        found = pattern.search(path)
        if found and dialect == "vertex_claude" and found[1] == "count-tokens":
            return Route(dialect, Action.COUNT, method=found[2])
        if found and (action := _GOOGLE_ACTIONS.get(found[2])):
            streams = found[2] == "streamGenerateContent"
            as_array = streams and parse_qs(query).get("alt") != ["sse"]
            return Route(dialect, action, found[1], found[2], streams, as_array, found[0].split("/")[1])
    return None


def _caller(path: str, query: str, headers: dict[str, str]) -> str:
    """Whose client this is, on a path that the three share."""
    if "/v1beta" in path or "x-goog-api-key" in headers or "key" in parse_qs(query):
        return "gemini"
    if "anthropic-version" in headers:
        return "anthropic"
    return "chat"
