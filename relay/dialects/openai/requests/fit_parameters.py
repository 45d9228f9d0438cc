"""What a model refuses, taken out of a body or mapped to the nearest that it takes. PURE.

The same rules for both wire forms, and for a body that a client wrote as for one that was translated.
``changes`` gets a few words for each thing that was changed.
"""

from collections.abc import Iterable

from accounts.facts.model_facts import ModelFacts
from relay.dialects.request_fields import as_list, as_text
from relay.neutral.conversation import Json

_SAMPLING = ("temperature", "top_p", "top_k")
# Reasoning models refuse these besides, unless their effort is none (docs/wire.md section 3.3).
_PENALTIES = ("presence_penalty", "frequency_penalty")
_PROBABILITIES = ("logprobs", "top_logprobs", "logit_bias")
_NEUTRAL: dict[str, object] = {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0}
MAX_STOP_SEQUENCES = 4
"""More are refused by OpenAI."""


def stop_sequences_in(body: Json) -> tuple[str, ...]:
    """What a client's ``stop`` says, one text or several. Raises BadRequest."""
    stop = body.get("stop")
    if stop is None:
        return ()
    if isinstance(stop, str):
        return (stop,)
    return tuple(as_text(one, "stop") for one in as_list(stop, "stop"))


def drop(body: Json, key: str, why: str, changes: list[str]) -> None:
    """Take ``key`` out of ``body``; a value that says nothing goes without a word."""
    if key not in body:
        return
    value = body.pop(key)
    if value is not None and value is not False and value != _NEUTRAL.get(key):
        changes.append(f"{key} dropped: {why}")


def fit_sampling(body: Json, facts: ModelFacts, effort: str, changes: list[str]) -> None:
    """Take out what the model refuses while its effort is ``effort`` ("" = its default)."""
    is_reasoning = bool(facts.effort_levels) and (effort or facts.default_effort) != "none"
    match facts.sampling:
        case "any":
            pass
        case "refused" | "ignored":
            _drop_all(body, _SAMPLING, f"the model has it {facts.sampling}", changes)
        case "default_only":
            _drop_all(body, _SAMPLING, "the model takes the default only", changes)
        case "without_reasoning":
            if is_reasoning:
                _drop_all(body, _SAMPLING, "the model takes none while it reasons", changes)
    if not facts.penalties and (is_reasoning or facts.sampling != "without_reasoning"):
        _drop_all(body, (*_PENALTIES, *_PROBABILITIES), "the model takes none", changes)


def fit_limit(limit: int, facts: ModelFacts, changes: list[str], minimum: int = 1) -> int:
    """The output limit within what the model can give."""
    fitted = max(min(limit, facts.max_output_tokens), minimum)
    if fitted != limit:
        changes.append(f"output limit {limit} became {fitted}")
    return fitted


def fit_stop(body: Json, facts: ModelFacts, changes: list[str]) -> None:
    """Take out stop sequences where the model refuses them, or those beyond the fourth."""
    stop = body.get("stop")
    if not facts.stop_sequences:
        drop(body, "stop", "the model takes none", changes)
    elif isinstance(stop, list) and len(stop) > MAX_STOP_SEQUENCES:
        body["stop"] = stop[:MAX_STOP_SEQUENCES]
        changes.append(f"stop: only the first {MAX_STOP_SEQUENCES} of {len(stop)} are sent")


def fit_tool_choice(body: Json, facts: ModelFacts, effort: str, changes: list[str]) -> None:
    """Leave the choice to a model that cannot be forced to call a tool."""
    if body.get("tool_choice") in (None, "auto", "none"):
        return
    is_thinking = facts.thinks_by_default if not effort else effort != "none"
    if facts.forced_tool_choice == "no" or (facts.forced_tool_choice == "not_with_thinking" and is_thinking):
        body["tool_choice"] = "auto"
        changes.append("forced tool choice became auto")


def _drop_all(body: Json, keys: Iterable[str], why: str, changes: list[str]) -> None:
    for key in keys:
        drop(body, key, why, changes)
