"""The dialects: which there are, who speaks at a path, and in which one an account is asked.

PURE. A new dialect is a folder, and its name in ``DIALECTS``.
"""

from collections.abc import Mapping

import msgspec

from accounts.facts.model_facts import ModelFacts
from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.client_side import Path
from relay.dialects.gemini import GEMINI
from relay.dialects.gemini.errors import is_google_error
from relay.dialects.interface import Dialect
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from relay.neutral.failures import Failure, Kind, stumbled

DIALECTS: tuple[Dialect, ...] = (GEMINI, ANTHROPIC, OPENAI_RESPONSES, OPENAI_CHAT)
"""Every dialect; who is easily told comes first. The last one is spoken where none is likelier: every client
knows OpenAI's errors."""

_BY_KIND: dict[str, Dialect] = {
    "gemini": GEMINI,
    "vertex": GEMINI,
    "code_assist": GEMINI,
    "anthropic": ANTHROPIC,
    "openai": OPENAI_CHAT,
}


def upstream_dialect(kind: str) -> Dialect:
    """The dialect that accounts of ``kind`` speak for their own families."""
    return _BY_KIND[kind]


def dialect_of_path(path: str) -> Dialect:
    """Who is likely to ask at ``path``."""
    return next((dialect for dialect in DIALECTS if path.startswith(dialect.prefixes)), DIALECTS[-1])


def path_at(path: str) -> tuple[Dialect, Path] | None:
    """Whose path ``path`` (without its query) is; None where nobody POSTs there."""
    for dialect in DIALECTS:
        for known in dialect.paths:
            before, is_with_model, behind = known.path.partition("{path:model}")
            if path == known.path or (is_with_model and path.startswith(before) and path.endswith(behind)):
                return dialect, known
    return None


def dialect_of_list(path: str, headers: Mapping[str, str], query: Mapping[str, str]) -> Dialect:
    """Who asks for the model list; ``headers`` have lower-case names.

    Gemini's SDK shows its key header, Anthropic's its version; everybody else is OpenAI's.
    """
    return next((d for d in DIALECTS if d.models.is_asked_by(path, headers, query)), DIALECTS[-1])


def dialect_for(kind: str, client: Dialect, facts: ModelFacts) -> Dialect:
    """The dialect in which an account of ``kind`` is asked.

    Vertex AI serves Claude in Anthropic's own words.
    An OpenAI-compatible server is asked in chat completions, which all of them speak. OpenAI's own models
    are asked in responses where the client speaks it, and for a client of another dialect where the model
    reasons: only there is its reasoning told, and can it use tools while it reasons.
    """
    if kind == "vertex" and facts.vendor == "anthropic":
        return ANTHROPIC
    dialect = upstream_dialect(kind)
    if dialect is not OPENAI_CHAT or not facts.responses or client is OPENAI_CHAT:
        return dialect
    return OPENAI_RESPONSES if client is OPENAI_RESPONSES or facts.effort_levels else OPENAI_CHAT


def classify(dialect: Dialect, status: int, headers: Mapping[str, str], body: bytes) -> Failure:
    """An HTTP error to a request in ``dialect``; ``headers`` have lower-case names.

    Google refuses at its own door in its own words, whoever's model stands behind it: delays and reasons are
    read there, and the body is none that a client of the request's dialect could read. Of a body that makes
    the reading stumble, the status alone is told.
    """
    try:
        if dialect is not GEMINI and is_google_error(body):
            return msgspec.structs.replace(GEMINI.classify(status, headers, body), body=b"")
        return dialect.classify(status, headers, body)
    except Exception as error:
        where = stumbled("read", error).where
        return Failure(Kind.STATUS, f"upstream answered {status}", status=status, where=where)
