"""docs/agents.md: what came of each scene, by agent and kind of account; rows are renewed one by one."""

import re
from pathlib import Path
from typing import NamedTuple

from tests.agents.agents import AGENTS
from tests.agents.scenes import SCENES
from tests.running_server import ROOT
from tests.served.kinds.every_kind import TARGETS

PAGE = ROOT / "docs" / "agents.md"
NOT_PLAYED = "–"

_HEAD = """\
# Agents

Real coding agents, headless, through a running server to simulated accounts of every kind. **Every cell was
played** by `python -m tests.agents --write`, which installs the agents with npm into a cache of its own
(`--agent` and `--model` play a part); what was not played has a dash. **whole** means that the user read
the whole answer, each word once, and that the agent called it a success. Anything else is what the user read
instead.

* *A tool, and resumed …*: the agent calls a tool of its own and answers with its result. The session is
  resumed: the history goes up again, and upstream refuses a thinking signature in it, where one goes up (none
  does `on-openai-old`, `on-open`, and `on-openai` from gemini-cli and OpenCode).
* *Empty, limited, stalled*: one turn in which upstream closes an empty stream, then answers 429, then opens
  a stream and says nothing.
* *Cut …*: the connection breaks when the agent has the beginning of the answer. It is told, and asks again.
  gemini-cli then shows the beginning and, behind it, the whole second answer.

`tests/served/clients/test_real_clients.py` plays parts of this in the suite, where the agents are to be had.
"""


class Row(NamedTuple):
    """An agent with its version, the name of a model that leads to a kind of account, a cell a scene."""

    agent: str
    model: str
    cells: tuple[str, ...]


def told(page: str) -> dict[tuple[str, str], Row]:
    """The rows that stand in a page."""
    found: dict[tuple[str, str], Row] = {}
    for line in page.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 2 + len(SCENES) and cells[0] in {agent.name for agent in AGENTS}:
            name = cells[1].partition("`")[2].partition("`")[0]
            found[cells[0], name] = Row(cells[0], name, tuple(cells[2:]))
    return found


def written(path: Path, *played: Row) -> str:
    """The page at ``path`` with the rows that were ``played`` in their places, dashes for what never was."""
    rows = told(path.read_text()) if path.exists() else {}
    for row in played:
        rows[row.agent, row.model] = row._replace(cells=tuple(_cell(text) for text in row.cells))
    titles = ["agent", "account", *(scene.title for scene in SCENES)]
    lines = [_HEAD, f"| {' | '.join(titles)} |", "|---" * len(titles) + "|"]
    for agent in AGENTS:
        for name, (model, kind) in TARGETS.items():
            cells = rows.get((agent.name, name), Row(agent.name, name, (NOT_PLAYED,) * len(SCENES))).cells
            lines.append(f"| {agent.name} | {kind}, {model} (`{name}`) | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    """On one line, and no longer than a table bears."""
    return re.sub(r"\s+", " ", text).replace("|", "\\|")[:160]
