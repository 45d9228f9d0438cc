"""Which dialect an account kind speaks, and which path belongs to which dialect.

PURE.
"""

from accounts.model_facts import ModelFacts
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


def dialect_for(kind: str, client: Dialect, facts: ModelFacts) -> Dialect:
    """The dialect in which an account of ``kind`` is asked.

    An OpenAI-compatible server is asked in chat completions, which all of them speak. OpenAI's own models
    are asked in responses where the client speaks it, and for a client of another dialect where the model
    reasons: only there is its reasoning told, and can it use tools while it reasons.
    """
    dialect = upstream_dialect(kind)
    if dialect is not OPENAI_CHAT or not facts.responses or client is OPENAI_CHAT:
        return dialect
    return OPENAI_RESPONSES if client is OPENAI_RESPONSES or facts.effort_levels else OPENAI_CHAT
