"""How much to think: Gemini's budgets and levels, the neutral configuration, and what a model takes.

PURE. Gemini 2.5 takes ``thinkingBudget``, later models ``thinkingLevel``; both at once are a 400.
"""

from accounts.facts.model_facts import ModelFacts
from relay.dialects.gemini.fields import camel_keys, field
from relay.dialects.request_fields import flag_in, integer_in, text_in
from relay.dialects.translation.effort import EFFORTS, budget_for, effort_for, nearest_effort
from relay.neutral.conversation import Effort, Json, ThinkingConfig


def read_thinking(config: Json, where: str) -> ThinkingConfig:
    """The neutral form of a ``thinkingConfig``. Raises BadRequest."""
    show = bool(flag_in(config, "includeThoughts", where))
    budget = integer_in(config, "thinkingBudget", where)
    effort = text_in(config, "thinkingLevel", where).lower()
    if budget == 0:
        return ThinkingConfig("off", show=show)
    if budget is not None and budget > 0:
        return ThinkingConfig("budget", budget_tokens=budget, show=show)
    for known in EFFORTS:
        if effort == known:
            return ThinkingConfig("adaptive", effort=known, show=show)
    return ThinkingConfig("unset" if budget is None else "adaptive", show=show)


def asked_thinking(body: Json) -> ThinkingConfig:
    """How much thinking a client's body asks for; raises BadRequest."""
    config = field(body, "generationConfig")
    thinking = field(config, "thinkingConfig") if isinstance(config, dict) else None
    if not isinstance(thinking, dict):
        return ThinkingConfig()
    return read_thinking(camel_keys(thinking), "generationConfig.thinkingConfig")


def write_thinking(thinking: ThinkingConfig, facts: ModelFacts, changes: list[str]) -> Json:
    """The ``thinkingConfig`` nearest to ``thinking`` that the model takes; {} to leave it to the model."""
    if not facts.thinking_levels and facts.thinking_budget is None:
        if thinking.mode not in ("unset", "off"):
            changes.append("thinking dropped: the model has none")
        return {}
    match thinking.mode:
        case "unset":
            config: Json = {}
        case "off" | "between_tools":
            config = _least(facts, changes)
        case "budget":
            config = _budget(thinking.budget_tokens or 0, facts, changes)
        case "adaptive":
            config = _effort(thinking.effort, facts, changes)
    # Whoever asks for thinking is shown it unless they refuse: it is the sign of life of a long answer.
    if thinking.is_shown:
        config["includeThoughts"] = True
    return config


def fit_thinking(config: Json, facts: ModelFacts, changes: list[str]) -> Json:
    """A client's own ``thinkingConfig`` (camelCase), for another model; untouched where that one takes it."""
    level, budget = config.get("thinkingLevel"), config.get("thinkingBudget")
    takes_level = level is None or str(level).upper() in facts.thinking_levels
    takes_budget = budget is None or (isinstance(budget, int) and _in_range(budget, facts) == budget)
    if takes_level and takes_budget and (level is None or budget is None) and _has_thinking(facts):
        return config
    if not _has_thinking(facts) and level is None and not budget:
        return {}
    if level is not None and takes_level and budget is not None:
        changes.append("thinkingBudget dropped: the model takes thinkingLevel")
        return {key: value for key, value in config.items() if key != "thinkingBudget"}
    return write_thinking(read_thinking(config, "generationConfig.thinkingConfig"), facts, changes)


def _has_thinking(facts: ModelFacts) -> bool:
    return bool(facts.thinking_levels) or facts.thinking_budget is not None


def _least(facts: ModelFacts, changes: list[str]) -> Json:
    budget = facts.thinking_budget
    if budget is not None and budget.can_disable:
        return {"thinkingBudget": 0}
    if facts.thinking_levels:
        level = _level("minimal", facts)
        changes.append(f"thinking cannot be switched off: level {level}")
        return {"thinkingLevel": level}
    least = budget.minimum if budget is not None else 0
    changes.append(f"thinking cannot be switched off: budget {least}")
    return {"thinkingBudget": least}


def _budget(tokens: int, facts: ModelFacts, changes: list[str]) -> Json:
    if facts.thinking_budget is not None:
        fitted = _in_range(tokens, facts)
        if fitted != tokens:
            changes.append(f"thinking budget {tokens} became {fitted}")
        return {"thinkingBudget": fitted}
    level = _level(effort_for(tokens), facts)
    changes.append(f"thinking budget {tokens} became level {level}")
    return {"thinkingLevel": level}


def _effort(effort: Effort | None, facts: ModelFacts, changes: list[str]) -> Json:
    if facts.thinking_levels:
        if effort is None:
            return {}
        level = _level(effort, facts)
        if level.lower() != effort:
            changes.append(f"thinking effort {effort} became level {level}")
        return {"thinkingLevel": level}
    budget = facts.thinking_budget
    if budget is None or (effort is None and not budget.dynamic):
        return {}
    if effort is None:
        return {"thinkingBudget": -1}
    fitted = _in_range(budget_for(effort), facts)
    changes.append(f"thinking effort {effort} became budget {fitted}")
    return {"thinkingBudget": fitted}


def _level(effort: Effort, facts: ModelFacts) -> str:
    """The level nearest to ``effort`` that the model takes."""
    return nearest_effort(effort, [level.lower() for level in facts.thinking_levels]).upper()


def _in_range(tokens: int, facts: ModelFacts) -> int | None:
    """The nearest budget that the model takes; None when it takes none."""
    budget = facts.thinking_budget
    if budget is None:
        return None
    if (tokens == 0 and budget.can_disable) or (tokens == -1 and budget.dynamic):
        return tokens
    return min(max(tokens, budget.minimum), budget.maximum)


def is_unseen(body: Json, facts: ModelFacts) -> bool:
    """May the model think for long without a byte: it thinks, and the request does not ask to see it."""
    if not _has_thinking(facts):
        return False
    generation = field(body, "generationConfig")
    config = field(generation, "thinkingConfig") if isinstance(generation, dict) else None
    config = config if isinstance(config, dict) else {}
    if field(config, "includeThoughts") is True:
        return False
    budget = field(config, "thinkingBudget")
    if budget is not None:
        return bool(budget != 0)
    return facts.thinks_by_default or field(config, "thinkingLevel") is not None
