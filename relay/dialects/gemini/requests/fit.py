"""A Gemini client's own body, for another Gemini model than the one it was written for.

PURE. Edits what that model would refuse and shares the rest; what is not known here passes through.
"""

from typing import Any

from accounts.facts.model_facts import ModelFacts
from relay.dialects.gemini.fields import camel_keys, field, with_field, without
from relay.dialects.gemini.requests.thinking import fit_thinking
from relay.dialects.gemini.requests.write_request import fitted_limit
from relay.dialects.gemini.requests.write_turns import with_user_at_end
from relay.neutral.conversation import Json
from relay.neutral.failures import BadRequest, CannotCarry


def fit(body: Json, model: str, facts: ModelFacts, changes: list[str]) -> Json:
    """``body`` for a model with ``facts``; the very same object when it takes it as it is.

    Raises CannotCarry for content that is cached where the model cannot read it.
    """
    if field(body, "cachedContent") and not facts.explicit_caching:
        raise CannotCarry(f"cachedContent: {model} does not read cached contents")
    config = field(body, "generationConfig")
    if isinstance(config, dict):
        fitted = _config(config, facts, changes, has_tools=bool(field(body, "tools")))
        if fitted is not config:
            body = with_field(body, "generationConfig", fitted)
    contents = body.get("contents")
    if isinstance(contents, list) and contents and isinstance(contents[-1], dict):
        asked = with_user_at_end(contents, facts, changes)
        if asked is not contents:
            body = {**body, "contents": asked}
    return body


def _config(config: Json, facts: ModelFacts, changes: list[str], *, has_tools: bool) -> Json:
    limit = field(config, "maxOutputTokens")
    if _is_number(limit) and limit > facts.max_output_tokens:
        config = with_field(config, "maxOutputTokens", fitted_limit(limit, facts, changes))
    thinking = field(config, "thinkingConfig")
    if isinstance(thinking, dict):
        config = _with_thinking(config, thinking, facts, changes)
    refused = ["presencePenalty", "frequencyPenalty"] if not facts.penalties else []
    if facts.sampling in ("refused", "default_only"):
        refused += ["temperature", "topP", "topK"]
    candidates = field(config, "candidateCount")
    if _is_number(candidates) and candidates > 1 and not facts.several_candidates:
        refused.append("candidateCount")
    if has_tools and not facts.json_with_tools and field(config, "responseMimeType") == "application/json":
        refused += ["responseMimeType", "responseSchema", "responseJsonSchema"]
    given = [name for name in refused if field(config, name) is not None]
    if not given:
        return config
    changes += [f"{name} dropped: the model refuses it" for name in given]
    return without(config, *given)


def _with_thinking(config: Json, thinking: Json, facts: ModelFacts, changes: list[str]) -> Json:
    thinking = camel_keys(thinking)
    try:
        fitted = fit_thinking(thinking, facts, changes)
    except BadRequest:
        return config  # upstream says it better
    if fitted is thinking:
        return config
    return with_field(config, "thinkingConfig", fitted) if fitted else without(config, "thinkingConfig")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
