"""When vendors retire their models: told from thirty days before, on the day, and ever after."""

from datetime import date, timedelta

import pytest

from accounts.facts.retirement import RETIREMENTS, due

DATES = {
    "claude-sonnet-4-5": date(2026, 11, 30),
    "claude-sonnet-4-5-20250929": date(2026, 11, 30),
    "claude-opus-4-5": date(2027, 1, 22),
    "gpt-5": date(2026, 12, 11),
    "gpt-5-mini": date(2026, 12, 11),
    "gpt-5-nano": date(2026, 12, 11),
}
"""As the vendors' pages have them."""


def test_the_dates() -> None:
    """Each with the page of the vendor that says so."""
    assert {model: RETIREMENTS[model].on for model in DATES} == DATES
    for one in RETIREMENTS.values():
        assert one.source.startswith(("https://platform.claude.com/", "https://developers.openai.com/"))


@pytest.mark.parametrize(
    ("days", "is_told"), [(-31, False), (-30, True), (-1, True), (0, True), (1, True), (400, True)]
)
def test_it_is_told_from_thirty_days_before(days: int, is_told: bool) -> None:
    """Not a day earlier, and never forgotten."""
    for model, day in DATES.items():
        told = due([model], day + timedelta(days=days))
        assert [one.model for one in told] == ([model] if is_told else [])


def test_the_first_to_go_stands_first() -> None:
    """Each once; models without a date, and names that only begin alike, are not among them."""
    models = [
        "gpt-5",
        "claude-sonnet-4-5",
        "gpt-5",
        "gpt-5.4",
        "claude-sonnet-4-5@20250929",
        "claude-opus-5-5",
    ]
    assert [one.model for one in due(models, date(2026, 12, 1))] == ["claude-sonnet-4-5", "gpt-5"]
