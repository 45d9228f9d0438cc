"""OpenAI's paths and model list, which both of its forms share. PURE. Wire formats: docs/wire.md 3."""

from collections.abc import Mapping, Sequence

from accounts.facts.model_facts import ModelFacts
from relay.dialects.client_side import ModelList, Path
from relay.neutral.conversation import Json

_MESSAGES = [{"role": "user", "content": "Hello."}]

CHAT_PATHS = (
    Path("/v1/chat/completions", example={"model": "gpt-6-sol", "messages": _MESSAGES}),
    Path("/v1/embeddings", "embedding", {"model": "text-embedding-3-small", "input": "Hello."}),
)
RESPONSES_PATHS = (
    Path("/v1/responses", example={"model": "gpt-6-sol", "input": "Hello."}, form="responses"),
)


def _is_asked_by(path: str, headers: Mapping[str, str], query: Mapping[str, str]) -> bool:
    """Everybody who is nobody else."""
    return True


def _one(name: str, facts: ModelFacts, vendor: str) -> Json:
    return {"id": name, "object": "model", "created": 0, "owned_by": vendor or "evenkeel"}


def _several(names: Sequence[str], rows: list[Json]) -> Json:
    return {"object": "list", "data": rows}


MODELS = ModelList(is_asked_by=_is_asked_by, one=_one, several=_several)
