"""What the documents name in the source is there."""

import ast
import re

from tests.test_house_rules import ROOT


def _rows(document: str) -> list[list[str]]:
    lines = (ROOT / "docs" / document).read_text().splitlines()
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")] for line in lines if line.startswith("| ")
    ]


def _has_function(test: str) -> bool:
    path, _, name = test.partition("::")
    if not (ROOT / path).is_file():
        return False
    tree = ast.parse((ROOT / path).read_text())
    found = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    return name in found


def test_the_map_of_the_lesson_leads_to_rooms_and_tests_that_exist() -> None:
    """Each sentence of the lesson has a room and a test; neither has moved away."""
    rows = _rows("lesson-map.md")[1:]
    assert len(rows) >= 35
    lost = []
    for said, room, test in rows:
        if not (ROOT / room.strip("`")).is_file():
            lost.append(f"{said}: no room {room}")
        if not _has_function(test.strip("`")):
            lost.append(f"{said}: no test {test}")
    assert lost == []


def test_the_architecture_names_rooms_and_tests_that_exist() -> None:
    """Each path of the source or of a test in docs/architecture.md is there."""
    text = (ROOT / "docs" / "architecture.md").read_text()
    paths = re.findall(r"`((?:relay|accounts|monitor|proxyproject|tests)/[\w/.]+?)(?:::(\w+))?`", text)
    assert len(paths) > 60
    lost = [path for path, test in paths if not (ROOT / path).exists()]
    lost += [f"{path}::{test}" for path, test in paths if test and not _has_function(f"{path}::{test}")]
    assert lost == []


def test_citations_lead_to_sections_that_exist() -> None:
    """Whoever cites docs/behaviour.md or docs/wire.md names the file and a section that it has."""
    texts = {name: (ROOT / "docs" / f"{name}.md").read_text() for name in ("behaviour", "wire")}
    wrong = []
    for file in sorted(
        path
        for room in ("relay", "accounts", "monitor", "proxyproject")
        for path in (ROOT / room).rglob("*.py")
    ):
        text = file.read_text()
        for document, number in re.findall(r"docs/(behaviour|wire)\.md (?:sections? )?(\d+(?:\.\d+)?)", text):
            if not re.search(rf"^(#+ |\*\*){re.escape(number)}[.* ]", texts[document], re.MULTILINE):
                wrong.append(f"{file.relative_to(ROOT)}: {document} {number}")
        if re.search(r"(?<!/)\bwire\.md|(?<!/)\bbehaviour(?:\.md)? \d", text):
            wrong.append(f"{file.relative_to(ROOT)}: cites a document without its folder")
    assert wrong == []
