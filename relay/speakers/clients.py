"""The table of clients: where each writes its conversation, its agent, and the agent that started that. PURE.

One row a client, the more telling one first. Who sends none of it is known by the session (``speaker.py``).
"""

import msgspec

from relay.speakers.places import Place, body, header


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """One row.

    ``conversation`` says which client it is: it applies where one of these places holds an id. ``agent`` and
    ``parent`` are this agent's id and that of the one that started it; ``marks`` are the places that only a
    sub-agent fills, with its name or kind. ``user_agent``: how the User-Agent begins where others write to
    the same places. ``is_shared``: others write one id for many conversations there, so it is no session.
    """

    name: str
    source: str
    conversation: tuple[Place, ...]
    agent: tuple[Place, ...] = ()
    parent: tuple[Place, ...] = ()
    marks: tuple[Place, ...] = ()
    user_agent: str = ""
    is_shared: bool = False


_TURN = "x-codex-turn-metadata"


def _codex(*names: str) -> tuple[Place, ...]:
    """Of each name: in the turn's metadata, in the body's and the header's copy, then beside it."""
    held = (
        (body("client_metadata", _TURN, inside=name), body("client_metadata", name), header(_TURN, name))
        for name in names
    )
    return tuple(place for places in held for place in places)


_OPENCODE = (header("x-opencode-session"), header("x-session-affinity"), header("x-session-id"))

CLIENTS: tuple[Client, ...] = (
    Client(
        name="Claude Code",
        source="code.claude.com/docs/en/llm-gateway-protocol: headers; metadata.user_id as 2.x sends it",
        conversation=(
            header("x-claude-code-session-id"),
            body("metadata", "user_id", inside="session_id"),
            body("metadata", "user_id", behind="_session_"),
        ),
        agent=(header("x-claude-code-agent-id"),),
        parent=(header("x-claude-code-parent-agent-id"),),
        marks=(header("x-claude-code-agent-id"),),  # the main agent sends none
    ),
    Client(
        name="Codex",
        source="github.com/openai/codex: codex-rs/core/src/responses_metadata.rs",
        conversation=(*_codex("session_id"),),
        agent=(*_codex("thread_id"), header("thread-id"), header("thread_id")),
        parent=(*_codex("parent_thread_id", "x-codex-parent-thread-id"), header("x-codex-parent-thread-id")),
        marks=(*_codex("x-openai-subagent", "subagent_kind"), header("x-openai-subagent")),
    ),
    Client(
        name="Codex",
        source="github.com/openai/codex: codex-rs/codex-api, the headers of releases before the metadata",
        user_agent="codex",
        conversation=(header("session-id"), header("session_id"), header("conversation_id")),
        agent=(header("thread-id"), header("thread_id"), header("session-id"), header("session_id")),
        parent=(header("x-codex-parent-thread-id"),),
        marks=(header("x-openai-subagent"),),
    ),
    Client(
        name="OpenCode",
        source="github.com/anomalyco/opencode: packages/opencode/src/session/llm/request.ts",
        user_agent="opencode/",
        conversation=_OPENCODE,
        agent=_OPENCODE,  # a sub-agent has a session of its own, and names its parent's
        parent=(header("x-parent-session-id"),),
    ),
    Client(
        name="",
        source="headers in common use; sessionId: Code Assist's clients",
        conversation=(
            header("x-opencode-session"),
            header("x-session-affinity"),
            header("x-session-id"),
            header("session-id"),
            header("session_id"),
            header("conversation_id"),
            body("sessionId"),
        ),
        parent=(header("x-parent-session-id"),),
    ),
    Client(
        name="",
        source="platform.openai.com/docs/guides/prompt-caching: one for all requests with a common prefix",
        conversation=(body("prompt_cache_key"),),
        is_shared=True,
    ),
)
"""A row without a name is of clients that are known by their User-Agent alone."""

_NAMING = [place for client in CLIENTS for place in client.conversation]
NAMING_HEADERS = frozenset(place.path[0] for place in _NAMING if place.part == "header")
NAMING_FIELDS = frozenset(place.path[0] for place in _NAMING if place.part == "body")
"""Where none of these is, no row of the table applies."""
