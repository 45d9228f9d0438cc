"""PURE. What is known of each model: one table, kept as data in model_facts.toml with its origin.

Nothing in the program asks whether a name contains "opus": it asks this table for a fact.
"""

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import msgspec
from msgspec import Struct

from accounts.kinds import KINDS
from wildcards import WildcardIndex

Sampling = Literal["any", "default_only", "refused", "ignored", "without_reasoning"]


class ThinkingBudget(Struct, frozen=True, forbid_unknown_fields=True):
    """The range of a token budget for thinking.

    Below ``minimum`` only 0 is accepted, where thinking can be switched off; -1 where it is ``dynamic``.
    """

    minimum: int
    maximum: int
    can_disable: bool
    dynamic: bool


class ModelFacts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The facts about one model. Every field's meaning and origin stands in model_facts.toml."""

    vendor: Literal["anthropic", "gemini", "openai", ""] = ""
    family: str = ""
    context_tokens: int = 1_000_000
    max_output_tokens: int = 65_536
    default_max_tokens: int = 16_384
    thinking_modes: tuple[str, ...] = ()
    thinking_off_max_effort: str = ""
    thinks_by_default: bool = False
    thinking_shown_by_default: bool = False
    effort_levels: tuple[str, ...] = ()
    default_effort: str = ""
    thinking_levels: tuple[str, ...] = ()
    default_thinking_level: str = ""
    thinking_budget: ThinkingBudget | None = None
    sampling: Sampling = "any"
    sampling_refused_from_version: str = ""
    forced_tool_choice: Literal["yes", "no", "not_with_thinking"] = "yes"
    prefill: bool = True
    system_turns: bool = False
    preserved_thinking: bool = False
    account_bound_thinking: bool = False
    penalties: bool = True
    several_candidates: bool = True
    explicit_caching: bool = True
    stop_sequences: bool = True
    needs_signature_on_calls: bool = False
    tool_result_media: bool = True
    json_with_tools: bool = True
    output_limit_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    tools_with_effort: bool = True
    responses: bool = False
    reasoning_content: bool = False

    def sampling_under(self, anthropic_version: str) -> Sampling:
        """What becomes of temperature and its kin when asked with this ``anthropic-version`` (a date)."""
        since = self.sampling_refused_from_version
        return "refused" if since and anthropic_version >= since else self.sampling


class _Vendor(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    patterns: tuple[str, ...]
    kinds: tuple[str, ...]
    facts: dict[str, Any]


def _read() -> dict[str, Any]:
    return tomllib.loads(files("accounts").joinpath("model_facts.toml").read_text("utf-8"))


def _facts(rows: list[dict[str, Any]], vendors: dict[str, _Vendor]) -> WildcardIndex[ModelFacts]:
    entries = [(p, msgspec.convert(v.facts, ModelFacts)) for v in vendors.values() for p in v.patterns]
    for row in rows:
        own = {key: value for key, value in row.items() if key not in {"patterns", "names", "vendor"}}
        facts = msgspec.convert(vendors[row["vendor"]].facts | own, ModelFacts)
        entries += [(pattern, facts) for pattern in row["patterns"]]
    return WildcardIndex(reversed(entries))  # a row's own pattern before an equal one of its vendor


_TABLE = _read()
_VENDORS = {row["name"]: msgspec.convert(row, _Vendor) for row in _TABLE["vendor"]}
_VENDOR_OF: WildcardIndex[_Vendor] = WildcardIndex((p, v) for v in _VENDORS.values() for p in v.patterns)
_FACTS = _facts(_TABLE["model"], _VENDORS)
_UNKNOWN = {kind: msgspec.convert(_TABLE["unknown"][kind], ModelFacts) for kind in KINDS}


@lru_cache(maxsize=4096)
def facts_for(model: str, kind: str = "") -> ModelFacts:
    """The facts about ``model``; of a model nobody knows, what an account of ``kind`` is likely to take."""
    return _FACTS.find(model) or _UNKNOWN.get(kind) or ModelFacts()


@lru_cache(maxsize=4096)
def vendor_of(model: str) -> str:
    """``anthropic``, ``gemini`` or ``openai`` by the model's name, blank when no family claims it."""
    vendor = _VENDOR_OF.find(model)
    return vendor.name if vendor else ""


@lru_cache(maxsize=4096)
def kinds_offering(model: str) -> frozenset[str]:
    """The kinds whose accounts offer ``model`` without listing it: their own families, and unknown names."""
    vendor = _VENDOR_OF.find(model)
    return frozenset(vendor.kinds if vendor else KINDS)


def names_offered_by(kind: str) -> list[str]:
    """The names of the current models that an account of ``kind`` offers, in the table's order."""
    return [
        name
        for row in _TABLE["model"]
        if kind in _VENDORS[row["vendor"]].kinds
        for name in row.get("names", ())
    ]
