"""A Responses body, made acceptable to a model. PURE."""

from accounts.facts.model_facts import ModelFacts
from relay.dialects.openai.reasoning import fitted_effort
from relay.dialects.openai.requests.fit_parameters import fit_limit, fit_sampling, fit_tool_choice
from relay.dialects.openai.requests.fit_schemas import fit_schemas
from relay.neutral.conversation import Json

MIN_OUTPUT_TOKENS = 16
"""A smaller limit is refused by Responses."""


def fit(body: Json, model: str, facts: ModelFacts, changes: list[str]) -> Json:
    """A client's own body for ``model``: what it or the validator refuses is mapped or dropped, and named."""
    return fit_model(fit_schemas(body, changes), model, facts, changes)


def fit_model(body: Json, model: str, facts: ModelFacts, changes: list[str]) -> Json:
    """The body for ``model``: what ``facts`` refuse is mapped or dropped, and named in ``changes``."""
    fitted = {**body, "model": model}
    effort = _fit_effort(fitted, facts, changes)
    limit = fitted.get("max_output_tokens")
    if isinstance(limit, int):
        fitted["max_output_tokens"] = fit_limit(limit, facts, changes, MIN_OUTPUT_TOKENS)
    fit_sampling(fitted, facts, effort, changes)
    fit_tool_choice(fitted, facts, effort, changes)
    return fitted


def _fit_effort(body: Json, facts: ModelFacts, changes: list[str]) -> str:
    reasoning = body.get("reasoning")
    if not isinstance(reasoning, dict):
        return ""
    told = reasoning.get("effort")
    rest = {key: value for key, value in reasoning.items() if key != "effort"}
    if not facts.effort_levels and any(value is not None for value in rest.values()):
        rest = {}
        if not isinstance(told, str) or told == "none":  # an effort is named when it is dropped
            changes.append("reasoning dropped: the model does not reason")
    effort = fitted_effort(told, facts, changes) if isinstance(told, str) else ""
    body["reasoning"] = {"effort": effort, **rest} if effort else rest
    if not body["reasoning"]:
        del body["reasoning"]
    return effort
