"""Levels of thinking and token budgets, one for the other."""

import pytest

from relay.dialects.translation.effort import EFFORTS, budget_for, effort_for, nearest_effort, rank_of


@pytest.mark.parametrize(
    ("budget", "effort"),
    [
        (0, "low"),
        (1024, "low"),
        (4096, "low"),
        (4097, "medium"),
        (16_384, "medium"),
        (16_385, "high"),
        (31_999, "high"),
    ],
)
def test_a_budget_as_a_level(budget: int, effort: str) -> None:
    """The nearest of the published budgets; a client's largest usual one is high."""
    assert effort_for(budget) == effort


def test_budgets_rise_with_the_levels() -> None:
    """More effort never means fewer tokens; a word that is no level gets the middle."""
    budgets = [budget_for(effort) for effort in EFFORTS]
    assert budgets == sorted(budgets)
    assert budget_for("") == budget_for("medium")


@pytest.mark.parametrize(
    ("effort", "levels", "nearest"),
    [
        ("high", ("low", "high"), "high"),
        ("max", ("low", "medium", "high"), "high"),
        ("xhigh", ("low", "medium", "high", "max"), "high"),
        ("minimal", ("low", "medium"), "low"),
        ("medium", ("high", "low"), "low"),
        ("minimal", ("none", "low"), "low"),
        ("high", (), ""),
        ("high", ("none",), ""),
    ],
)
def test_the_nearest_level(effort: str, levels: tuple[str, ...], nearest: str) -> None:
    """The next lower one that the model has, else its lowest."""
    assert nearest_effort(effort, levels) == nearest


def test_ranks() -> None:
    """Levels rise from 0; other words have none."""
    assert [rank_of(effort) for effort in EFFORTS] == list(range(len(EFFORTS)))
    assert rank_of("none") == -1
