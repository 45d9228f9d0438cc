"""``python -m tests.agents``: play the scenes with every agent on every kind of account (CONTRIBUTING.md)."""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("PROXY_DATA_DIR", tempfile.mkdtemp(prefix="evenkeel-agents-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proxyproject.settings")

from tests.agents.agents import AGENTS, Agent
from tests.agents.page import PAGE, Row, written
from tests.agents.scenes import SCENES, Run, play
from tests.running_server import ServerWorld
from tests.served.clients.npm_clients import NotInstalled
from tests.served.kinds.every_kind import TARGETS, add_every_kind
from tests.served.world import World, lasting_world

SHORT = {f"RELAY_{name}_TIMEOUT_SECONDS": "3" for name in ("PEEK", "IDLE", "THINKING")}
"""An agent's user waits for a stalled stream no longer than the scene needs."""


def main() -> int:
    """Plays what was chosen, and prints each row; the exit code is 1 where an answer is not whole."""
    parser = argparse.ArgumentParser(prog="python -m tests.agents", description=__doc__)
    parser.add_argument("--write", nargs="?", const=PAGE, type=Path, help="put the rows into docs/agents.md")
    parser.add_argument("--agent", default="", help="only the agents whose title and version begin so")
    parser.add_argument("--model", default="", help="only that name of tests/served/kinds/every_kind.py")
    chosen = parser.parse_args()
    agents = [agent for agent in AGENTS if agent.name.startswith(chosen.agent)]
    models = [name for name in TARGETS if chosen.model in ("", name)]
    if chosen.write:
        chosen.write.write_text(written(chosen.write))
    for agent in agents:
        try:
            agent.installed()
        except NotInstalled as reason:
            print(f"{agent.name} cannot be tried: {reason}")
            return 1
    servers = ServerWorld()
    is_whole = True
    try:
        with lasting_world(servers, **SHORT) as world:
            add_every_kind(world)
            for row in rows(world, agents, models):
                is_whole = is_whole and set(row.cells) == {"whole"}
                if chosen.write:
                    chosen.write.write_text(written(chosen.write, row))
    finally:
        servers.clean()
    return 0 if is_whole else 1


def rows(world: World, agents: list[Agent], models: list[str]) -> Iterator[Row]:
    """Each as soon as it was played. An agent keeps one home: some take long to set it up."""
    for agent in agents:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
            for model in models:
                began = time.monotonic()
                world.simulator.reset()
                run = Run(world, agent, model, Path(home))
                row = Row(agent.name, model, tuple(play(scene, run) for scene in SCENES))
                world.clear_marks()
                print(f"{time.monotonic() - began:4.0f} s {' | '.join((*row[:2], *row.cells))}", flush=True)
                yield row


if __name__ == "__main__":
    sys.exit(main())
