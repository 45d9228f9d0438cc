"""The agents of a conversation as a tree. PURE.

What clients say of parents is not relied on: one that never asked, a circle, an agent that is its own parent
leave every agent in the tree once, under the main one.
"""

from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar

import msgspec


class Agent(Protocol):
    """What is asked of an agent."""

    @property
    def id(self) -> str:
        """As the rows have it."""

    @property
    def parent(self) -> str:
        """The agent that started it, "" for a main one."""

    @property
    def first_id(self) -> str:
        """Of its first turn, which sorts by time."""


A = TypeVar("A", bound=Agent)


class Branch(msgspec.Struct, Generic[A], frozen=True):
    """An agent and how deep it stands below the main one."""

    agent: A
    depth: int


def tree_of(agents: Iterable[A]) -> list[Branch[A]]:
    """The agents as a tree is drawn: each below its parent, siblings by their first turn."""
    known = {agent.id: agent for agent in sorted(agents, key=lambda agent: agent.first_id)}
    below: dict[str, list[A]] = {}
    roots: list[A] = []
    for agent in known.values():
        if agent.parent:
            below.setdefault(agent.parent, []).append(agent)
        else:
            roots.append(agent)
    drawn: dict[str, Branch[A]] = {}
    _draw([(root, 0) for root in roots], below, drawn)
    lost = [agent for agent in known.values() if agent.parent and agent.parent not in known]
    _draw([(agent, 1) for agent in lost], below, drawn)
    for agent in known.values():  # what is left goes round in a circle
        _draw([(agent, 1)], below, drawn)
    return list(drawn.values())


def _draw(begin: list[tuple[A, int]], below: dict[str, list[A]], drawn: dict[str, Branch[A]]) -> None:
    waiting = begin[::-1]
    while waiting:
        agent, depth = waiting.pop()
        if agent.id not in drawn:
            drawn[agent.id] = Branch(agent, depth)
            waiting += [(child, depth + 1) for child in reversed(below.get(agent.id, []))]
