"""Anthropic's paths, token counter and model list.

PURE. Wire formats: docs/wire.md 1 and 2.5. The counter takes a Messages body without its answer's settings.
"""

from collections.abc import Mapping, Sequence

from accounts.facts.model_facts import ModelFacts
from relay.dialects.client_side import Counting, ModelList, Path
from relay.neutral.conversation import Json

_EXAMPLE: Json = {
    "model": "claude-sonnet-4-6",
    "messages": [{"role": "user", "content": "Hello."}],
}
_COUNTED_FIELDS = (
    "model", "messages", "system", "tools", "tool_choice", "thinking", "output_config", "cache_control",
)  # fmt: skip

PATHS = (
    Path("/v1/messages", example={**_EXAMPLE, "max_tokens": 1024}),
    Path("/v1/messages/count_tokens", "counting", _EXAMPLE),
)


def _counter_body(kind: str, model: str, body: Json) -> Json:
    return {key: body[key] for key in _COUNTED_FIELDS if key in body}


COUNTING = Counting(counter_body=_counter_body, count_field="input_tokens")


def _is_asked_by(path: str, headers: Mapping[str, str], query: Mapping[str, str]) -> bool:
    return "anthropic-version" in headers


def _one(name: str, facts: ModelFacts, vendor: str) -> Json:
    return {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": "1970-01-01T00:00:00Z",  # the API's own value for "not known"
        "lifecycle": "active",
        "max_input_tokens": facts.context_tokens,
        "max_tokens": facts.max_output_tokens,
    }


def _several(names: Sequence[str], rows: list[Json]) -> Json:
    return {
        "data": rows,
        "has_more": False,
        "first_id": names[0] if names else None,
        "last_id": names[-1] if names else None,
    }


MODELS = ModelList(is_asked_by=_is_asked_by, one=_one, several=_several)
