"""PURE. What is known of each model: the table shipped in model_facts.toml, and the operator's words over it.

Nothing in the program asks whether a name contains "opus": it asks a table for a fact. The one that this
process goes by is in ``known_models``.
"""

import tomllib
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal

import msgspec
from msgspec import Struct

from accounts.kinds import KINDS
from accounts.wildcards import WildcardIndex, literal_characters

Origin = Literal["override", "shipped", "default", "assumed"]
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
    thinking_budget: ThinkingBudget | None = None
    sampling: Sampling = "any"
    forced_tool_choice: Literal["yes", "no", "not_with_thinking"] = "yes"
    prefill: bool = True
    system_turns: bool = False
    preserved_thinking: bool = False
    account_bound_thinking: bool = False
    penalties: bool = True
    several_candidates: bool = True
    explicit_caching: bool = True
    cache_minimum_tokens: int = 1024
    cache_key: bool = False
    cache_lasts_seconds: int = 300
    stop_sequences: bool = True
    needs_signature_on_calls: bool = False
    tool_result_media: bool = True
    json_with_tools: bool = True
    output_limit_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    tools_with_effort: bool = True
    responses: bool = False
    reasoning_content: bool = False
    developer_role: bool = False
    stream_options: bool = True
    streams: bool = True


class Override(Struct, frozen=True, kw_only=True):
    """What the operator says of the models that ``pattern`` fits, and from where they know it.

    ``facts`` hold some fields of ModelFacts as plain data. ``vendor`` blank and ``kinds`` empty leave whose
    model it is, and which accounts offer it without listing it, to the other words on the name.
    """

    pattern: str
    facts: dict[str, Any] = {}
    vendor: str = ""
    kinds: tuple[str, ...] = ()
    note: str = ""
    checked_on: str = ""


class Belief(Struct, frozen=True):
    """One fact about a model, and where it comes from.

    ``origin``: ``override`` (``source`` is its pattern), ``shipped`` (the pattern of the table's row),
    ``default`` (the row and its vendor say nothing of it), or ``assumed``: no document says so. ``shipped``
    is what the table says, whatever the operator does.
    """

    name: str
    value: Any
    origin: Origin
    source: str
    shipped: Any


class _Vendor(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    patterns: tuple[str, ...]
    kinds: tuple[str, ...]
    facts: dict[str, Any]


class _Row(Struct, frozen=True):
    """One ``[[model]]`` of the table: its names, what it says itself, and what of all it says is assumed."""

    vendor: str
    patterns: tuple[str, ...]
    names: tuple[str, ...]
    own: dict[str, Any]
    assumed: tuple[str, ...]


_ABOUT_THE_ROW = frozenset({"patterns", "names", "vendor", "assumed"})
_SHIPPED = tomllib.loads(files("accounts.facts").joinpath("model_facts.toml").read_text("utf-8"))
_VENDORS = {row["name"]: msgspec.convert(row, _Vendor) for row in _SHIPPED["vendor"]}
_ROWS = [
    _Row(
        vendor=row["vendor"],
        patterns=tuple(row["patterns"]),
        names=tuple(row.get("names", ())),
        own={key: value for key, value in row.items() if key not in _ABOUT_THE_ROW},
        assumed=tuple(row.get("assumed", ())),
    )
    for row in _SHIPPED["model"]
]
_FACTS_OF_ROW = [msgspec.convert(_VENDORS[row.vendor].facts | row.own, ModelFacts) for row in _ROWS]
_FACTS_OF_VENDOR = {name: msgspec.convert(vendor.facts, ModelFacts) for name, vendor in _VENDORS.items()}
_VENDOR_OF: WildcardIndex[str] = WildcardIndex((p, v.name) for v in _VENDORS.values() for p in v.patterns)
_ROW_OF: WildcardIndex[tuple[int, str]] = WildcardIndex(
    # A row's own pattern comes before an equal one of its vendor, which leads to no row.
    [
        (pattern, (number, pattern))
        for number, row in reversed(list(enumerate(_ROWS)))
        for pattern in row.patterns
    ]
    + [(pattern, (-1, pattern)) for vendor in _VENDORS.values() for pattern in vendor.patterns]
)
_UNKNOWN = {kind: msgspec.convert(_SHIPPED["unknown"][kind], ModelFacts) for kind in KINDS}
ORIGIN: str = _SHIPPED["origin"]["sources"]
CHECKED_ON: str = _SHIPPED["origin"]["checked_on"]


class ModelTable:
    """What is believed of every model: the shipped table with ``overrides`` over it.

    Of several overrides that fit a name, the one whose pattern has more literal characters rules, fact by
    fact. One that this version cannot read is passed over.
    """

    def __init__(self, overrides: Iterable[Override] = ()) -> None:
        self.overrides = tuple(overrides)
        readable = [override for override in self.overrides if not problem_with(override)]
        self._layers = [  # the most general first
            (WildcardIndex([(override.pattern, True)]), override) for override in sorted(readable, key=_rank)
        ]
        self.facts_for = lru_cache(maxsize=4096)(self._facts_for)
        self.vendor_of = lru_cache(maxsize=4096)(self._vendor_of)
        self.kinds_offering = lru_cache(maxsize=4096)(self._kinds_offering)

    def overrides_of(self, model: str) -> list[Override]:
        """The overrides that fit ``model``, the ruling one last."""
        return [override for index, override in self._layers if index.find(model)]

    def _facts_for(self, model: str, kind: str = "") -> ModelFacts:
        """The facts about ``model``; of one nobody knows, what an account of ``kind`` is likely to take."""
        facts = self._base(model, kind)
        told = [override.facts for override in self.overrides_of(model)]
        return _laid_over(facts, *told) if any(told) else facts

    def _base(self, model: str, kind: str) -> ModelFacts:
        vendor = self.vendor_of(model)
        if vendor != _shipped_vendor(model):
            return _FACTS_OF_VENDOR[vendor]
        found = _ROW_OF.find(model)
        if found is None:
            return _UNKNOWN.get(kind) or ModelFacts()
        return _FACTS_OF_ROW[found[0]] if found[0] >= 0 else _FACTS_OF_VENDOR[vendor]

    def _vendor_of(self, model: str) -> str:
        """``anthropic``, ``gemini`` or ``openai`` by the model's name, blank when no family claims it."""
        told = [override.vendor for override in self.overrides_of(model) if override.vendor]
        return told[-1] if told else _shipped_vendor(model)

    def _kinds_offering(self, model: str) -> frozenset[str]:
        """The kinds whose accounts offer ``model`` unlisted: their own families, and names of none."""
        told = [override.kinds for override in self.overrides_of(model) if override.kinds]
        if told:
            return frozenset(told[-1])
        vendor = self.vendor_of(model)
        return frozenset(_VENDORS[vendor].kinds if vendor else KINDS)

    def names(self) -> list[str]:
        """The names of the current models, in the table's order; those the operator added come first."""
        added = [
            override.pattern
            for override in self.overrides
            if "*" not in override.pattern
            and (self.vendor_of(override.pattern) or self.kinds_offering(override.pattern) < set(KINDS))
        ]
        return list(dict.fromkeys([*added, *(name for row in _ROWS for name in row.names)]))

    def names_offered_by(self, kind: str) -> list[str]:
        """The names of the current models that an account of ``kind`` offers."""
        return [name for name in self.names() if kind in self.kinds_offering(name)]

    def beliefs(self, model: str, kind: str = "") -> list[Belief]:
        """Every fact about ``model``, and from where."""
        shipped, now = SHIPPED.facts_for(model, kind), self.facts_for(model, kind)
        base = self._base(model, kind)
        told = {name: override.pattern for override in self.overrides_of(model) for name in override.facts}
        number, pattern = _ROW_OF.find(model) or (-1, "")
        row = _ROWS[number] if number >= 0 and base is shipped else None
        stated = {*row.own, *_VENDORS[row.vendor].facts} if row is not None else set()
        beliefs = []
        for name in ModelFacts.__struct_fields__:
            source = pattern
            origin: Origin = "assumed"
            if name in told:
                source, origin = told[name], "override"
            elif row is not None and name not in row.assumed:
                origin = "shipped" if name in stated else "default"
            value, of_table = getattr(now, name), getattr(shipped, name)
            beliefs.append(Belief(name, value, origin, source if origin != "default" else "", of_table))
        return beliefs


def problem_with(override: Override) -> str:
    """Why this version cannot read the override; blank when it can."""
    if override.vendor and override.vendor not in _VENDORS:
        return f"unknown vendor {override.vendor}"
    if not set(override.kinds) <= set(KINDS):
        return "unknown account kind"
    if "vendor" in override.facts:
        return "the vendor is no fact among others"
    try:
        _laid_over(ModelFacts(), override.facts)
    except msgspec.ValidationError as error:
        return str(error)
    return ""


def _laid_over(facts: ModelFacts, *told: dict[str, Any]) -> ModelFacts:
    plain = msgspec.to_builtins(facts)
    for some in told:
        plain |= some
    return msgspec.convert(plain, ModelFacts)


def _shipped_vendor(model: str) -> str:
    return _VENDOR_OF.find(model) or ""


def _rank(override: Override) -> tuple[bool, int, str]:
    """The most general pattern first, an exact name last."""
    return "*" not in override.pattern, literal_characters(override.pattern), override.pattern


SHIPPED = ModelTable()
"""The table as it is shipped."""
