"""What this process believes of each model now: the shipped table, with the operator's overrides once loaded.

``live`` tells it with every snapshot. What decides with a table of its own at hand (``mapping``, ``lineup``)
is given one instead.
"""

from accounts.facts.model_facts import SHIPPED, ModelFacts, ModelTable

_table = SHIPPED


def believe(table: ModelTable) -> None:
    """From now on ask ``table``."""
    global _table
    _table = table


def facts_for(model: str, kind: str = "") -> ModelFacts:
    """The facts about ``model``; of a model nobody knows, what an account of ``kind`` is likely to take."""
    return _table.facts_for(model, kind)


def vendor_of(model: str) -> str:
    """``anthropic``, ``gemini`` or ``openai`` by the model's name, blank when no family claims it."""
    return _table.vendor_of(model)


def kinds_offering(model: str) -> frozenset[str]:
    """The kinds whose accounts offer ``model`` unlisted: their own families, and names of none."""
    return _table.kinds_offering(model)


def names_offered_by(kind: str) -> list[str]:
    """The names of the current models that an account of ``kind`` offers, in the table's order."""
    return _table.names_offered_by(kind)
