"""A chat completions body, made acceptable to a model. PURE."""

from accounts.facts.model_facts import ModelFacts
from relay.dialects.openai.reasoning import fitted_effort
from relay.dialects.openai.requests.fit_parameters import (
    drop,
    fit_limit,
    fit_sampling,
    fit_stop,
    fit_tool_choice,
)
from relay.dialects.openai.requests.fit_schemas import fit_schemas
from relay.neutral.conversation import Json

LIMITS = ("max_completion_tokens", "max_tokens")
"""The names under which a body tells its output limit."""


def fit(body: Json, model: str, facts: ModelFacts, changes: list[str]) -> Json:
    """A client's own body for ``model``: what it or the validator refuses is mapped or dropped, and named."""
    return fit_model(fit_schemas(body, changes), model, facts, changes)


def fit_model(body: Json, model: str, facts: ModelFacts, changes: list[str]) -> Json:
    """The body for ``model``: what ``facts`` refuse is mapped or dropped, and named in ``changes``."""
    fitted = {**body, "model": model}
    effort = _fit_effort(fitted, facts, changes)
    _fit_limit(fitted, facts, changes)
    fit_sampling(fitted, facts, effort, changes)
    fit_stop(fitted, facts, changes)
    fit_tool_choice(fitted, facts, effort, changes)
    if not facts.several_candidates and fitted.get("n") not in (None, 1):
        drop(fitted, "n", "the model gives one answer", changes)
    return fitted


def _fit_effort(body: Json, facts: ModelFacts, changes: list[str]) -> str:
    told = body.pop("reasoning_effort", None)
    if told is None:
        return ""
    effort = fitted_effort(told, facts, changes) if isinstance(told, str) else ""
    if body.get("tools") and effort not in ("", "none") and not facts.tools_with_effort:
        # docs/wire.md section 3.3: "use /v1/responses or set reasoning_effort to 'none'"
        changes.append("reasoning effort dropped: the model takes none beside tools in chat completions")
        effort = "none" if "none" in facts.effort_levels else ""
    if effort:
        body["reasoning_effort"] = effort
    return effort


def _fit_limit(body: Json, facts: ModelFacts, changes: list[str]) -> None:
    """One limit, under the name that the model knows."""
    told = [limit for key in LIMITS if isinstance(limit := body.pop(key, None), int)]
    if told:
        body[facts.output_limit_field] = fit_limit(told[0], facts, changes)
