"""Which dialect an account kind speaks, and which path belongs to which dialect.

PURE.
"""

from accounts.model_facts import ModelFacts
from relay.conversation import Json
from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.gemini import GEMINI
from relay.dialects.interface import Dialect
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES

_BY_KIND: dict[str, Dialect] = {
    "gemini": GEMINI,
    "vertex": GEMINI,
    "code_assist": GEMINI,
    "anthropic": ANTHROPIC,
    "openai": OPENAI_CHAT,
}


def upstream_dialect(kind: str) -> Dialect:
    """The dialect that every account of ``kind`` speaks."""
    return _BY_KIND[kind]


def dialect_for(kind: str, client: Dialect, facts: ModelFacts, body: Json) -> Dialect:
    """The dialect in which an account of ``kind`` is asked.

    An OpenAI-compatible server is asked in chat completions, which all of them speak; OpenAI's own models
    in responses, where the client speaks it or where tools and reasoning effort go together nowhere else.
    """
    dialect = upstream_dialect(kind)
    if dialect is OPENAI_CHAT and facts.responses:
        needs_responses = (
            client is not OPENAI_CHAT and not facts.tools_with_effort and bool(body.get("tools"))
        )
        if client is OPENAI_RESPONSES or needs_responses:
            return OPENAI_RESPONSES
    return dialect
