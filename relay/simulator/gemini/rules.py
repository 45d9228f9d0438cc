"""What each Gemini model accepts: the simulator's own table, from the vendor's pages of November 2026."""

from dataclasses import dataclass

_USUAL = ("LOW", "MEDIUM", "HIGH")


@dataclass(frozen=True, slots=True)
class GeminiRules:
    """One model's rules.

    ``levels``: the thinkingLevel values it takes, none where it has budgets; ``budget``: smallest and
    largest thinkingBudget, None where a budget is refused; ``can_stop_thinking``: budget 0 is taken.
    ``needs_signatures``: a function call of the current turn without one is a 400.
    ``strict``: Gemini 4's refusals (penalties, several candidates, cachedContent, prefill).
    """

    name: str
    family: str
    levels: tuple[str, ...] = ()
    budget: tuple[int, int] | None = None
    can_stop_thinking: bool = False
    needs_signatures: bool = True
    strict: bool = False
    max_output_tokens: int = 65_536


def _four(name: str, levels: tuple[str, ...]) -> GeminiRules:
    return GeminiRules(name, "gemini-4", levels, strict=True)


_BUDGET_3 = (0, 32_768)
_TABLE = (
    _four("gemini-4-neon", (*_USUAL, "XHIGH")),
    _four("gemini-4-hydrogen", (*_USUAL, "XHIGH")),
    _four("gemini-4-carbon", _USUAL),
    _four("gemini-4-argon", _USUAL),
    _four("gemini-4", _USUAL),
    GeminiRules("gemini-3.8-flash", "gemini-3", _USUAL, _BUDGET_3),
    GeminiRules("gemini-3.7-flash", "gemini-3", _USUAL, _BUDGET_3),
    GeminiRules("gemini-3.6-flash", "gemini-3", ("MINIMAL", *_USUAL), _BUDGET_3),
    GeminiRules("gemini-3.5-flash-lite", "gemini-3", ("MINIMAL", *_USUAL), _BUDGET_3),
    GeminiRules("gemini-3.5-flash", "gemini-3", ("MINIMAL", *_USUAL), _BUDGET_3),
    GeminiRules("gemini-3.1-flash-lite", "gemini-3", ("MINIMAL", *_USUAL), _BUDGET_3),
    GeminiRules("gemini-3.1-pro-preview", "gemini-3", _USUAL, _BUDGET_3),
    GeminiRules("gemini-3-flash-preview", "gemini-3", ("MINIMAL", *_USUAL), _BUDGET_3),
    GeminiRules("gemini-3", "gemini-3", ("MINIMAL", *_USUAL), _BUDGET_3),
    GeminiRules("gemini-2.5-pro", "gemini-2.5", (), (128, 32_768), needs_signatures=False),
    GeminiRules("gemini-2.5-flash-lite", "gemini-2.5", (), (512, 24_576), True, False),
    GeminiRules("gemini-2.5-flash", "gemini-2.5", (), (1, 24_576), True, False),
)
_ANY = GeminiRules(
    "",
    "gemini-2.5",
    ("MINIMAL", *_USUAL, "XHIGH"),
    (1, 65_536),
    can_stop_thinking=True,
    needs_signatures=False,
)


def rules_for(model: str) -> GeminiRules | None:
    """The rules of ``model`` (longest matching prefix); None when it is another vendor's model."""
    if model.startswith(("claude-", "gpt-")) or "no-such" in model:
        return None
    return next((rules for rules in _TABLE if model.startswith(rules.name)), _ANY)


def model_names() -> list[str]:
    """The models that a list tells, newest first."""
    return [rules.name for rules in _TABLE if rules.name not in {"gemini-4", "gemini-3"}]
