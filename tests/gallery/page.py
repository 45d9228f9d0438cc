"""docs/diagnoses.md: for every fault and every outcome what its page says, and a picture of that page."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from tests.gallery.scenes import Scene

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "diagnoses.md"
PICTURES = ROOT / "docs" / "screenshots" / "diagnoses"

_INTRODUCTION = """# What happened, in words

<!-- Written by `python -m tests.gallery`; the test suite compares every sentence with the pages. -->

The page of a request begins with what happened and what to do. Here it is for every outcome, and for every
fault that the simulator has ([simulator.md](simulator.md)), as a Claude client's streamed request meets it
where nothing else is said. *once* means that only the first attempt meets the fault, *always* that every
attempt does. What the client receives meanwhile is the contract of [faults.md](faults.md). A title that is
a link leads to a picture of the page.
"""


class Told(Struct, frozen=True):
    """A scene's diagnosis in both languages."""

    english: str
    japanese: str


def page(told: Mapping[Scene, Told]) -> str:
    """The page's text."""
    lines = [_INTRODUCTION]
    for heading in dict.fromkeys(scene.heading for scene in told):
        lines += [f"## {heading}", "", "| | what the page says | 日本語 |", "|---|---|---|"]
        for scene, said in told.items():
            if scene.heading == heading:
                title = f"`{scene.title}`"
                if scene.picture:
                    title = f"[{title}](screenshots/diagnoses/{scene.picture})"
                lines.append(f"| {title} | {said.english} | {said.japanese} |")
        lines.append("")
    return "\n".join(lines)


def without_chance(text: str) -> str:
    """``text`` without what differs from run to run: times, numbers, and which of the accounts was asked."""
    return re.sub(r"\b[abc]#?@", "@", re.sub(r"\d[\d.:]*( ?(ms|s)\b)?", "#", text))


def rows(text: str) -> Iterable[str]:
    """The rows of the page's tables, comparable."""
    return [without_chance(line) for line in text.splitlines() if line.startswith(("| [", "| `"))]
