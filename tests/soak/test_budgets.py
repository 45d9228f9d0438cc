"""The judge of a campaign with budgets finds what it is there for."""

import pytest

from tests.soak.budgets import SETTLED_SECONDS, Answered, Budget, Served, budgets, judged

LATER = 2 * SETTLED_SECONDS
BUDGET = Budget("tokens", "--tokens-in-total", 100)


def test_budgets_come_out_of_the_seed() -> None:
    """The same in every run; both measures, all periods, some without end, each as its option says it."""
    drawn = budgets(1, 20, 5000)
    assert drawn == budgets(1, 20, 5000)
    assert {budget.measure for budget in drawn.values()} == {"usd", "tokens"}
    assert len({budget.option for budget in drawn.values()}) == 4
    assert [bool(budget.arguments) for budget in drawn.values()].count(False) == 2
    assert Budget("usd", "--usd-per-day", 5 * 10**9).arguments == ("--usd-per-day", "0.5000")


@pytest.mark.parametrize(
    ("served", "refused", "is_fine"),
    [
        pytest.param([(0, 1, 60), (0, 1, 60)], [LATER], True, id="what was in flight is let end"),
        pytest.param([(0, 1, 120), (1.5, 2, 60)], [LATER], True, id="not every process knows at once"),
        pytest.param([(0, 1, 120), (1 + LATER, 9, 60)], [], False, id="let in when it was spent"),
        pytest.param([(0, 1, 60)], [LATER], False, id="refused below the budget"),
        pytest.param([(0, 1, 60), (0, 9, 60)], [LATER], False, id="refused for what ended only later"),
        pytest.param([(0, 1, 60)], [], True, id="never reached"),
    ],
)
def test_the_judge(served: list[tuple[float, float, int]], refused: list[float], is_fine: bool) -> None:
    """Let in as long as anything is left of what had ended, and refused from then on."""
    asked = [Answered("k", at - 0.1, at, 429) for at in refused]
    came = judged(BUDGET, [Served(*one) for one in served], asked)
    assert (not came.problems) == is_fine
    assert came.passed_by == max(came.used - 100, 0)


def test_a_key_without_a_budget_is_never_refused() -> None:
    """Whatever it used."""
    none = Budget("tokens", "", 0)
    assert not judged(none, [Served(0, 1, 10**9)], []).problems
    assert judged(none, [], [Answered("k", 0, 1, 429)]).problems
