"""OpenAI's paths and model list, which both of its forms share, and the counter of Responses.

PURE. Wire formats: docs/wire.md 3.
"""

from collections.abc import Mapping, Sequence

from accounts.facts.model_facts import ModelFacts
from relay.dialects.client_side import Counting, ModelList, Path
from relay.neutral.conversation import Json

_MESSAGES = [{"role": "user", "content": "Hello."}]

CHAT_PATHS = (
    Path("/v1/chat/completions", example={"model": "gpt-6-sol", "messages": _MESSAGES}),
    Path("/v1/embeddings", "embedding", {"model": "text-embedding-3-small", "input": "Hello."}),
)
_QUESTION: Json = {"model": "gpt-6-sol", "input": "Hello."}
RESPONSES_PATHS = (
    Path("/v1/responses", example=_QUESTION, form="responses"),
    Path("/v1/responses/input_tokens", "counting", _QUESTION),
)
_COUNTED_FIELDS = (
    "model", "input", "instructions", "parallel_tool_calls", "reasoning", "text", "tool_choice", "tools",
    "truncation",
)  # fmt: skip
"""What OpenAI's counter takes: openai 3.52.0, ``types/responses/input_token_count_params.py``."""


def _counter_body(kind: str, model: str, body: Json) -> Json:
    return {key: body[key] for key in _COUNTED_FIELDS if key in body}


COUNTING = Counting(
    counter_body=_counter_body, count_field="input_tokens", beside={"object": "response.input_tokens"}
)


def _is_asked_by(path: str, headers: Mapping[str, str], query: Mapping[str, str]) -> bool:
    """Everybody who is nobody else."""
    return True


def _one(name: str, facts: ModelFacts, vendor: str) -> Json:
    return {"id": name, "object": "model", "created": 0, "owned_by": vendor or "evenkeel"}


def _several(names: Sequence[str], rows: list[Json]) -> Json:
    return {"object": "list", "data": rows}


MODELS = ModelList(is_asked_by=_is_asked_by, one=_one, several=_several)
