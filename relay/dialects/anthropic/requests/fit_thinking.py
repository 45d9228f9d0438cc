"""Thinking and effort, as a Claude model takes them.

PURE. Which types and levels a model takes is data (ModelFacts); here stands only what is nearest.
"""

from accounts.facts.model_facts import ModelFacts
from relay.dialects.anthropic.requests.turn_edits import without_clear_thinking
from relay.dialects.translation.effort import budget_for, effort_for, nearest_effort, rank_of
from relay.neutral.conversation import Json

_ON = frozenset({"enabled", "adaptive"})
_SMALLEST_BUDGET = 1_024  # of the Messages API, for every model


def thinking_type(body: Json) -> str:
    """The ``thinking.type`` of a body; "" when it does not say."""
    thinking = body.get("thinking")
    kind = thinking.get("type") if isinstance(thinking, dict) else None
    return kind if isinstance(kind, str) else ""


def is_thinking(body: Json, facts: ModelFacts) -> bool:
    """Will the model think: asked to, or by its default."""
    kind = thinking_type(body)
    return kind in _ON or (not kind and facts.thinks_by_default)


def thinks_unseen(body: Json, facts: ModelFacts) -> bool:
    """May the model think for long without a byte: it thinks, and does not show it."""
    if thinking_type(body) == "between_tools":
        return True  # the type takes no display, and the models that have it show nothing by default
    if not is_thinking(body, facts):
        return False
    thinking = body.get("thinking")
    display = thinking.get("display") if isinstance(thinking, dict) else None
    return display == "omitted" or (display is None and not facts.thinking_shown_by_default)


def fit_thinking(body: Json, facts: ModelFacts, changes: list[str]) -> Json:
    """``body`` with the thinking and effort that the model takes; what changed goes into ``changes``."""
    wanted = thinking_type(body)
    match wanted:
        case "enabled":
            body = _enabled(body, facts, changes)
        case "adaptive":
            body = _adaptive(body, facts, changes)
        case "disabled" | "between_tools":
            body = _off(body, wanted, facts, changes)
        case _:
            pass
    body = _effort_taken(body, facts, changes)
    if not facts.preserved_thinking:
        body = _without_binding(body, changes)
    if wanted in _ON and thinking_type(body) not in _ON:
        body = without_clear_thinking(body)
    return body


def switch_off(body: Json, facts: ModelFacts, changes: list[str], why: str) -> Json:
    """``body`` without thinking, for ``why``; only where the model can do without."""
    changes.append(f"thinking switched off: {why}")
    if "disabled" in facts.thinking_modes:
        body = {**body, "thinking": {"type": "disabled"}}
    else:
        body = _without_thinking(body)
    return without_clear_thinking(body)


def _enabled(body: Json, facts: ModelFacts, changes: list[str]) -> Json:
    thinking = body["thinking"]
    budget = thinking.get("budget_tokens")
    budget = budget if type(budget) is int else budget_for("medium")
    if "enabled" in facts.thinking_modes:
        return _with_budget(body, budget, facts, changes)
    if "adaptive" in facts.thinking_modes:
        kept = {key: value for key, value in thinking.items() if key != "budget_tokens"}
        changes.append(f"thinking budget {budget} became adaptive")
        body = {**body, "thinking": {**kept, "type": "adaptive"}}
        return body if _effort(body) or not facts.effort_levels else _with_effort(body, effort_for(budget))
    changes.append("thinking dropped: the model has none")
    return _without_thinking(body)


def _adaptive(body: Json, facts: ModelFacts, changes: list[str]) -> Json:
    if "adaptive" in facts.thinking_modes:
        return body
    if "enabled" in facts.thinking_modes:
        effort = _effort(body) or facts.default_effort or "high"
        budget = budget_for(effort)
        changes.append(f"adaptive thinking at effort {effort} became a budget of {budget}")
        body = {**body, "thinking": {**body["thinking"], "type": "enabled"}}
        if not facts.effort_levels:
            body = _with_effort(body, "")  # the budget says it now
        return _with_budget(body, budget, facts, changes)
    changes.append("thinking dropped: the model has none")
    return _without_thinking(body)


def _off(body: Json, wanted: str, facts: ModelFacts, changes: list[str]) -> Json:
    other = "between_tools" if wanted == "disabled" else "disabled"
    for kind in (wanted, other):
        if kind in facts.thinking_modes:
            if kind != wanted:
                changes.append(f"thinking {wanted} became {kind}")
                body = {**body, "thinking": {"type": kind}}
            return _effort_up_to(body, facts.thinking_off_max_effort, kind, facts, changes)
    body = _without_thinking(body)
    if facts.thinks_by_default and facts.effort_levels:
        least = min(facts.effort_levels, key=rank_of)
        changes.append(f"thinking {wanted} became effort {least}: the model always thinks")
        return _with_effort(body, least)
    changes.append(f"thinking {wanted} left out")
    return body


def _effort_up_to(body: Json, limit: str, kind: str, facts: ModelFacts, changes: list[str]) -> Json:
    """The model does without thinking only up to an effort: ask for no more."""
    effort = _effort(body) or facts.default_effort
    if not limit or rank_of(effort) <= rank_of(limit):
        return body
    changes.append(f"effort {effort} became {limit}: more is refused with thinking {kind}")
    return _with_effort(body, limit)


def _effort_taken(body: Json, facts: ModelFacts, changes: list[str]) -> Json:
    effort = _effort(body)
    if not effort or effort in facts.effort_levels:
        return body
    nearest = nearest_effort(effort, facts.effort_levels)
    changes.append(f"effort {effort} became {nearest}" if nearest else f"effort {effort} dropped")
    return _with_effort(body, nearest)


def _with_budget(body: Json, budget: int, facts: ModelFacts, changes: list[str]) -> Json:
    """A budget within the model's range and below max_tokens, of which it leaves a quarter for the answer."""
    limit = body.get("max_tokens")
    fitted = budget
    if facts.thinking_budget is not None:
        fitted = min(max(fitted, facts.thinking_budget.minimum), facts.thinking_budget.maximum)
    if type(limit) is int and fitted >= limit:
        fitted = limit - limit // 4
        if fitted < _SMALLEST_BUDGET:
            return switch_off(body, facts, changes, f"max_tokens {limit} leaves no room for it")
    if fitted != budget:
        changes.append(f"thinking budget {budget} became {fitted}")
    return {**body, "thinking": {**body["thinking"], "budget_tokens": fitted}}


def _without_binding(body: Json, changes: list[str]) -> Json:
    thinking = body.get("thinking")
    if not isinstance(thinking, dict) or "block_binding" not in thinking:
        return body
    changes.append("thinking.block_binding dropped: the model binds nothing")
    return {**body, "thinking": {key: value for key, value in thinking.items() if key != "block_binding"}}


def _without_thinking(body: Json) -> Json:
    return {key: value for key, value in body.items() if key != "thinking"}


def _effort(body: Json) -> str:
    output = body.get("output_config")
    effort = output.get("effort") if isinstance(output, dict) else None
    return effort if isinstance(effort, str) else ""


def _with_effort(body: Json, effort: str) -> Json:
    """``body`` with that effort; "" takes it out."""
    told = body.get("output_config")
    output = {
        key: value for key, value in (told if isinstance(told, dict) else {}).items() if key != "effort"
    }
    if effort:
        output["effort"] = effort
    if output:
        return {**body, "output_config": output}
    return {key: value for key, value in body.items() if key != "output_config"}
