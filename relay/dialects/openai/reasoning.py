"""How much to think: OpenAI's effort levels and the neutral configuration. PURE."""

from accounts.facts.model_facts import ModelFacts
from relay.dialects.translation.effort import EFFORTS, effort_for, nearest_effort
from relay.neutral.conversation import ThinkingConfig
from relay.neutral.failures import BadRequest


def thinking_of(effort: str, show: bool | None, where: str) -> ThinkingConfig:
    """The neutral configuration of an effort ("" = none was given)."""
    if not effort:
        return ThinkingConfig(show=show)
    if effort == "none":
        return ThinkingConfig("off", show=show)
    for known in EFFORTS:
        if effort == known:
            return ThinkingConfig("adaptive", effort=known, show=show)
    raise BadRequest(f"{where} must be one of none, {', '.join(EFFORTS)}")


def effort_of(config: ThinkingConfig) -> str:
    """The effort that says the same as ``config``; "" where the model is to decide."""
    match config.mode:
        case "off":
            return "none"
        case "budget":
            return config.effort or effort_for(config.budget_tokens or 0)
        case _:
            return config.effort or ""


def fitted_effort(effort: str, facts: ModelFacts, changes: list[str]) -> str:
    """The level nearest to ``effort`` that the model takes; "" where it takes none, or none was asked for.

    Whoever asks for no thinking of a model that always thinks gets the least; nobody who asks for some
    gets none.
    """
    levels = facts.effort_levels
    if not effort or effort in levels:
        return effort
    nearest = nearest_effort(effort, [level for level in levels if level != "none"])
    if nearest:
        changes.append(f"reasoning effort {effort} became {nearest}")
    elif effort != "none":
        changes.append(f"reasoning effort {effort} dropped: the model takes none")
    return nearest


def thinks_unseen(effort: object, facts: ModelFacts) -> bool:
    """May a model that is asked for ``effort`` (None = its default) think for long without a byte?"""
    if facts.thinking_shown_by_default or effort == "none":
        return False
    return facts.thinks_by_default if effort is None else bool(facts.effort_levels)
