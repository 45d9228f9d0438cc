"""The table of model facts."""

import tomllib
from importlib.resources import files

import pytest

from accounts.facts.model_facts import SHIPPED, ModelFacts
from accounts.kinds import KINDS

facts_for, vendor_of = SHIPPED.facts_for, SHIPPED.vendor_of
kinds_offering, names_offered_by = SHIPPED.kinds_offering, SHIPPED.names_offered_by

TABLE = tomllib.loads(files("accounts.facts").joinpath("model_facts.toml").read_text("utf-8"))
NAMES = [name for row in TABLE["model"] for name in row.get("names", ())]

EFFORTS = ["none", "minimal", "low", "medium", "high", "xhigh", "max"]
LEVELS = ["MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH"]


def test_facts(subtests: pytest.Subtests) -> None:
    """What the vendors' documents say of each model (November 2026)."""
    for model, fact, value in [
        ("claude-fable-5-2", "thinking_modes", ("adaptive",)),
        ("claude-opus-5-5", "default_effort", "medium"),
        ("claude-opus-5-5", "forced_tool_choice", "no"),
        ("claude-opus-5", "forced_tool_choice", "yes"),
        ("claude-opus-5", "thinking_off_max_effort", "high"),
        ("claude-opus-5", "preserved_thinking", False),
        ("claude-opus-5-5", "preserved_thinking", True),
        ("claude-opus-4-8", "thinks_by_default", False),
        ("claude-opus-4-8", "system_turns", True),
        ("claude-opus-4-7", "system_turns", False),
        ("claude-sonnet-5-5", "thinking_modes", ("adaptive", "between_tools")),
        ("claude-sonnet-5-5", "account_bound_thinking", True),
        ("claude-haiku-5-5", "account_bound_thinking", True),
        ("claude-opus-5-5", "account_bound_thinking", False),
        ("claude-sonnet-5", "sampling", "default_only"),
        ("claude-sonnet-5", "system_turns", False),
        ("claude-sonnet-4-6", "prefill", False),
        ("claude-sonnet-4-6", "thinking_shown_by_default", True),
        ("claude-opus-4-7", "thinking_shown_by_default", False),
        ("claude-sonnet-4-5-20250929", "prefill", True),
        ("claude-sonnet-4-5", "effort_levels", ()),
        ("claude-opus-4-5", "effort_levels", ("low", "medium", "high")),
        ("claude-haiku-4-5", "context_tokens", 200_000),
        ("claude-sonnet-4-20250514", "max_output_tokens", 64_000),
        ("claude-opus-4-1-20250805", "max_output_tokens", 32_000),
        ("claude-3-5-haiku-20241022", "thinking_modes", ()),
        ("claude-tomorrow-9", "prefill", False),
        ("gemini-2.5-pro", "family", "gemini-2.5"),
        ("gemini-2.5-flash-lite-preview", "thinks_by_default", False),
        ("gemini-2.5-flash", "needs_signature_on_calls", False),
        ("gemini-3.8-flash", "family", "gemini-3"),
        ("gemini-3.8-flash", "thinking_levels", ("LOW", "MEDIUM", "HIGH")),
        ("gemini-3.6-flash", "thinking_levels", ("MINIMAL", "LOW", "MEDIUM", "HIGH")),
        ("gemini-4-neon", "thinking_levels", ("LOW", "MEDIUM", "HIGH", "XHIGH")),
        ("gemini-4-argon", "thinking_levels", ("LOW", "MEDIUM", "HIGH")),
        ("gemini-4-carbon", "sampling", "ignored"),
        ("gemini-4-carbon", "penalties", False),
        ("gemini-4-carbon", "several_candidates", False),
        ("gemini-4-carbon", "explicit_caching", False),
        ("gemini-4-carbon", "prefill", False),
        ("gemini-4-carbon", "needs_signature_on_calls", True),
        ("gemini-5-x", "family", "gemini"),
        ("gpt-6-sol", "effort_levels", ("none", "low", "medium", "high", "xhigh", "max")),
        ("gpt-6.1-sol", "sampling", "default_only"),
        ("gpt-5.6-sol", "sampling", "without_reasoning"),
        ("gpt-5.6-sol", "tools_with_effort", False),
        ("gpt-4o", "stop_sequences", True),
        ("gpt-oss-120b", "output_limit_field", "max_tokens"),
        ("o3", "output_limit_field", "max_completion_tokens"),
        ("gpt-6-sol", "responses", True),
        ("gpt-oss-120b", "responses", False),
        ("deepseek-reasoner", "reasoning_content", True),
        ("deepseek/deepseek-chat", "reasoning_content", True),
        ("gpt-4o", "reasoning_content", False),
    ]:
        with subtests.test(f"{model, fact, value!r:.120}"):
            assert getattr(facts_for(model), fact) == value


def test_every_row_is_sound(subtests: pytest.Subtests) -> None:
    """A listed name finds its own row, and the row's facts fit together."""
    for name in NAMES:
        with subtests.test(f"{name!r:.120}"):
            facts = facts_for(name)
            assert facts.vendor == vendor_of(name) != ""
            assert facts.family
            assert 0 < facts.default_max_tokens <= facts.max_output_tokens <= facts.context_tokens
            assert set(facts.effort_levels) <= set(EFFORTS)
            assert set(facts.thinking_levels) <= set(LEVELS)
            assert set(facts.thinking_modes) <= {"adaptive", "enabled", "disabled", "between_tools"}
            assert (facts.default_effort in facts.effort_levels) or not facts.effort_levels
            assert ("enabled" in facts.thinking_modes) <= (facts.thinking_budget is not None)
            assert not (facts.thinking_levels and facts.thinking_budget), "Gemini refuses both in one request"
            if facts.thinking_off_max_effort:
                assert facts.thinking_off_max_effort in facts.effort_levels
            if facts.thinking_budget is not None:
                assert facts.thinking_budget.minimum < facts.thinking_budget.maximum < facts.context_tokens


def test_every_pattern_leads_to_its_own_row() -> None:
    """No pattern stands in two rows, so no row hides another."""
    patterns = [pattern for row in TABLE["model"] for pattern in row["patterns"]]
    assert len(patterns) == len(set(patterns))


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_models_are_taken_at_their_kinds_word(kind: str) -> None:
    """A name that no family claims gets what an account of that kind is likely to take, refusing nothing."""
    facts = facts_for("bench-n50-t40-d0", kind)
    assert (facts.sampling, facts.forced_tool_choice) == ("any", "yes")
    assert facts.prefill is (kind != "openai"), "a compatible server may begin a new message behind it"
    assert facts.penalties
    assert facts.stop_sequences
    assert not facts.needs_signature_on_calls
    assert facts.family == ""


def test_unknown_model_of_an_unknown_kind() -> None:
    """Without even a kind the defaults are the permissive ones."""
    assert facts_for("bench-x") == ModelFacts()


def test_a_known_model_is_known_whatever_the_kind() -> None:
    """The kind matters only where the name tells nothing."""
    assert facts_for("claude-opus-5", "openai") == facts_for("claude-opus-5")


@pytest.mark.parametrize(
    ("model", "vendor", "kinds"),
    [
        ("gemini-2.5-pro", "gemini", {"gemini", "vertex", "code_assist"}),
        ("gemma-3-27b-it", "gemini", {"gemini", "vertex", "code_assist"}),
        ("claude-opus-5", "anthropic", {"anthropic"}),
        ("gpt-6-sol", "openai", {"openai"}),
        ("o3", "openai", {"openai"}),
        ("o3dragon", "", set(KINDS)),
        ("text-embedding-3-large", "openai", {"openai"}),
        ("text-embedding-004", "gemini", {"gemini", "vertex", "code_assist"}),
        ("qwen3:32b", "", set(KINDS)),
        ("anthropic/claude-opus-5", "", set(KINDS)),
    ],
)
def test_families(model: str, vendor: str, kinds: set[str]) -> None:
    """A family belongs to its vendor's kinds; a name of no family is offered by every kind."""
    assert vendor_of(model) == vendor
    assert kinds_offering(model) == kinds


def test_names_by_kind() -> None:
    """The model list of an account without one comes from the table."""
    assert "claude-opus-5-5" in names_offered_by("anthropic")
    assert "gemini-4-neon" in names_offered_by("vertex")
    assert not any(name.startswith("claude") for name in names_offered_by("gemini"))
