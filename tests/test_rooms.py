"""The picture of the rooms in docs/architecture.md is drawn from the imports.

``python -m tests.test_rooms`` writes it anew.
"""

import ast
import re
from collections import defaultdict
from functools import cache

from tests.source_trees import imports
from tests.test_house_rules import ROOT

ARCHITECTURE = ROOT / "docs" / "architecture.md"
HOUSES = ("proxyproject", "relay", "monitor", "accounts")
BEGIN, END = "<!-- the rooms: begin -->\n", "<!-- the rooms: end -->\n"

Edges = dict[str, set[str]]


def _room(module: str) -> str:
    """``relay.engine.facts`` is in the room ``relay.engine``; a file beside the rooms is in its house."""
    parts = module.split(".")
    is_room = len(parts) > 1 and (ROOT / parts[0] / parts[1] / "__init__.py").is_file()
    return ".".join(parts[: 2 if is_room else 1])


@cache
def _edges() -> Edges:
    edges: Edges = defaultdict(set)
    for file in (path for house in HOUSES for path in (ROOT / house).rglob("*.py")):
        if {"migrations", "management"} & set(file.parts):
            continue
        here = _room(".".join(file.relative_to(ROOT).with_suffix("").parts))
        for node in imports(file):
            if isinstance(node, ast.Import):
                names = [name.name for name in node.names]
            else:
                names = [f"{node.module}.{name.name}" for name in node.names]
            edges[here] |= {_room(name) for name in names if name.partition(".")[0] in HOUSES}
    return edges


def _within(house: str) -> Edges:
    """The rooms of one house, and which of them imports which."""
    return {
        here: {there for there in there_all if there.startswith(f"{house}.") and there != here}
        for here, there_all in _edges().items()
        if here.startswith(f"{house}.")
    }


def _reached(edges: Edges, start: str) -> set[str]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        for there in edges.get(todo.pop(), ()):
            if there not in seen:
                seen.add(there)
                todo.append(there)
    return seen


def _shortest(edges: Edges) -> Edges:
    """Without the arrows that others imply."""
    return {
        here: {
            there
            for there in there_all
            if not any(there in _reached(edges, other) for other in there_all - {there})
        }
        for here, there_all in edges.items()
    }


def picture() -> str:
    """The four houses in Mermaid: an arrow is an import; what follows from other arrows is left out."""
    lines = ["flowchart TD"]
    for house in HOUSES:
        edges = _within(house)
        lines.append(f"  subgraph {house}")
        lines += [f"    {room}[{room.partition('.')[2]}]" for room in sorted(edges)]
        for here, there_all in sorted(_shortest(edges).items()):
            lines += [f"    {here} --> {there}" for there in sorted(there_all)]
        lines.append("  end")
    houses = {
        house: {
            there.partition(".")[0]
            for here, there_all in _edges().items()
            if here.partition(".")[0] == house
            for there in there_all
        }
        - {house}
        for house in HOUSES
    }
    for here, there_all in sorted(_shortest(houses).items()):
        lines += [f"  {here} --> {there}" for there in sorted(there_all)]
    return "```mermaid\n" + "\n".join(lines) + "\n```\n"


def test_the_picture_of_the_rooms_is_what_the_imports_say() -> None:
    """Where it is not: python -m tests.test_rooms."""
    assert f"{BEGIN}{picture()}{END}" in ARCHITECTURE.read_text()


def test_no_two_rooms_import_each_other() -> None:
    """In each house the arrows point one way."""
    circles = [room for house in HOUSES for room in _within(house) if room in _reached(_within(house), room)]
    assert circles == []


if __name__ == "__main__":
    text = ARCHITECTURE.read_text()
    ARCHITECTURE.write_text(
        re.sub(f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: BEGIN + picture() + END, text, flags=re.S)
    )
