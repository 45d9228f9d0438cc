"""What an agent lives through: each scene asks it something and judges what its user reads.

A fault strikes in the turn whose prompt scripts it (docs/simulator.md): once, and what is asked again is
answered.
"""

import itertools
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from relay.simulator.model.prose import read_counters
from tests.agents.agents import Agent, Said
from tests.served.world import World

SEGMENTS = 12
"""So many the simulator's plain answer has."""

UNSIGNED = ("on-openai-old", "on-open")
"""Models that sign nothing which upstream could refuse."""
GIVE_NO_THOUGHTS_BACK = ("gemini-cli", "OpenCode")
"""Agents from which nothing goes up that an OpenAI model signed."""

_numbers = itertools.count(1)


class NotWhole(Exception):
    """The user reads less than an answer, or more; the text says what."""


@dataclass(frozen=True, slots=True)
class Run:
    """One agent with its home, before a server, with a model name that leads to a kind of account."""

    world: World
    agent: Agent
    model: str
    home: Path

    def ask(self, prompt: str, session: str = "") -> Said:
        """What it says; NotWhole where it says that it failed, or does not end."""
        try:
            said = self.agent.ask(self.home, self.world.server.base_url, prompt, self.model, session)
        except subprocess.TimeoutExpired as late:
            raise NotWhole(f"no end within {late.timeout} s") from None
        if said.error:
            raise NotWhole(said.error)
        return said


@dataclass(frozen=True, slots=True)
class Scene:
    """``play(run)`` raises NotWhole where the user does not get what was asked for."""

    title: str
    play: Callable[[Run], None]


def whole(text: str) -> None:
    """Raises NotWhole unless each segment of one answer is in ``text`` once, in order."""
    counters = read_counters(text)
    if [number for number, _ in counters] != list(range(SEGMENTS)) or len({tag for _, tag in counters}) != 1:
        raise NotWhole(f"segments {[number for number, _ in counters]} of {text[:60]!r}")


def _tool_and_resume(run: Run) -> None:
    """A tool is called, and its result quoted; the resumed session sends all of it, and upstream refuses the
    signatures in it once.
    """
    begun = run.ask(f"Please call {run.agent.tool} once.")
    if not begun.text.startswith("The tool said: "):
        raise NotWhole(f"no tool's result: {begun.text[:80]!r}")
    whole(begun.text)
    asked = "Tell me about rivers." if _is_unsigned(run) else _struck_by("refused_signature")
    whole(run.ask(asked, begun.session).text)
    if not any(b"Please call" in (body or b"") for body in _last_bodies(run.world)):
        raise NotWhole("the history did not reach upstream")


def _is_unsigned(run: Run) -> bool:
    has_dropped = run.model == "on-openai" and run.agent.title in GIVE_NO_THOUGHTS_BACK
    return run.model in UNSIGNED or has_dropped


def _before_the_answer(run: Run) -> None:
    whole(run.ask(_struck_by("empty, retry_after=1, stall")).text)


def _in_the_answer(run: Run) -> None:
    """The answer breaks off when the client has some of it: the agent is told, and asks again by itself."""
    whole(run.ask(_struck_by("cut@3")).text)


def _struck_by(faults: str) -> str:
    return f"[fault#agents-{next(_numbers)}: {faults}, ok] Tell me about rivers."


def _last_bodies(world: World) -> list[bytes | None]:
    return [request.body for request in world.simulator.requests][-3:]


SCENES = (
    Scene("a tool, and resumed with a refused signature", _tool_and_resume),
    Scene("empty, limited, stalled", _before_the_answer),
    Scene("cut behind the beginning", _in_the_answer),
)


def play(scene: Scene, run: Run) -> str:
    """The cell's text: ``whole``, or what the user read instead."""
    try:
        scene.play(run)
    except NotWhole as missing:
        return str(missing)
    return "whole"
