"""docs/agents.md is renewed row by row, and stands for the agents as they are."""

from pathlib import Path

from tests.agents.agents import AGENTS
from tests.agents.page import PAGE, Row, told, written
from tests.agents.scenes import SCENES, UNSIGNED
from tests.served.kinds.every_kind import TARGETS

PLAYED = tuple(f"cell {number}" for number in range(len(SCENES)))


def test_a_row_is_renewed_and_the_others_stay(tmp_path: Path) -> None:
    """Agents are played one by one: what was found before is not lost, whatever it holds."""
    path = tmp_path / "agents.md"
    first = Row(AGENTS[0].name, "on-gemini", PLAYED)
    path.write_text(written(path, first))
    second = Row(AGENTS[-1].name, "on-open", ("a | b\nc", *PLAYED[1:]))
    path.write_text(written(path, second))
    rows = told(path.read_text())
    assert rows[first.agent, first.model] == first
    assert rows[second.agent, second.model].cells == ("a \\| b c", *PLAYED[1:])
    path.write_text(written(path, first._replace(cells=("whole",) * len(SCENES))))
    assert told(path.read_text())[second.agent, second.model] == rows[second.agent, second.model]
    assert set(told(path.read_text())[first.agent, first.model].cells) == {"whole"}


def test_the_page_has_a_row_for_each() -> None:
    """Every agent in its tested version, on every kind of account."""
    assert set(told(PAGE.read_text())) == {(agent.name, name) for agent in AGENTS for name in TARGETS}
    assert set(UNSIGNED) <= set(TARGETS)
