"""Whether the facts about a model fit together; what does not is said in words, with the fact it is about."""

from collections.abc import Iterator
from itertools import pairwise

from django.utils.translation import gettext as _

from accounts.facts.labels import name_of
from accounts.facts.model_facts import ModelFacts

EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
LEVELS = ("MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH")
MODES = ("adaptive", "enabled", "disabled", "between_tools")
WORDS = {"effort_levels": EFFORTS, "thinking_levels": LEVELS, "thinking_modes": MODES}
"""The words that the lists may hold."""


def contradictions(facts: ModelFacts) -> Iterator[tuple[str, str]]:
    """(fact, why not) for whatever contradicts another fact, or is no word that any vendor knows."""
    for fact, known in WORDS.items():
        unknown = [word for word in getattr(facts, fact) if word not in known]
        if unknown:
            words = {"words": ", ".join(unknown), "known": ", ".join(known)}
            yield fact, _("Nobody knows %(words)s; choose from %(known)s.") % words
    yield from _limits(facts)
    for fact, levels in (
        ("default_effort", "effort_levels"),
        ("thinking_off_max_effort", "effort_levels"),
    ):
        value, among = getattr(facts, fact), getattr(facts, levels)
        if value and value not in among:
            said = {"value": value, "levels": name_of(levels), "among": ", ".join(among) or "-"}
            yield fact, _("%(value)s is none of its %(levels)s (%(among)s).") % said
    budget = facts.thinking_budget
    if "enabled" in facts.thinking_modes and budget is None:
        yield "thinking_budget", _("The thinking type “enabled” needs a range of tokens.")
    if budget is not None and not 0 <= budget.minimum < budget.maximum < facts.context_tokens:
        yield "thinking_budget", _("The least must be below the most, and that below the context.")


def _limits(facts: ModelFacts) -> Iterator[tuple[str, str]]:
    limits = ("default_max_tokens", "max_output_tokens", "context_tokens")
    if getattr(facts, limits[0]) < 1:
        yield limits[0], _("At least 1 token.")
    for smaller, larger in pairwise(limits):
        if getattr(facts, smaller) > getattr(facts, larger):
            said = {
                "smaller": f"{getattr(facts, smaller):,}",
                "name": name_of(larger),
                "larger": f"{getattr(facts, larger):,}",
            }
            yield smaller, _("%(smaller)s is more than “%(name)s” allows: %(larger)s.") % said
