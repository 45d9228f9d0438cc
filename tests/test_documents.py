"""What the documents name in the source is there."""

import ast
import importlib
import re
from collections import Counter

from proxyproject.environment import Environment
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


def test_each_rule_has_a_number_of_its_own() -> None:
    """Who cites a rule of docs/behaviour.md means one."""
    text = (ROOT / "docs" / "behaviour.md").read_text()
    numbers = re.findall(r"^\*\*(\d+\.\d+[a-z]*)\*\*", text, re.MULTILINE)
    assert len(numbers) > 60
    assert [number for number, times in Counter(numbers).items() if times > 1] == []


def test_the_service_managers_wait_for_the_end() -> None:
    """systemd's example and compose give longer than lame duck, drain and what comes behind them take."""
    page, compose = (ROOT / "docs" / "deployment.md").read_text(), (ROOT / "compose.yaml").read_text()
    lame_duck = re.findall(r"RELAY_LAME_DUCK_SECONDS=(\d+)", page)
    keepalive = re.findall(r"keepalive(?:_timeout)? (\d+)s", page)
    needed = int(lame_duck[0]) + Environment.model_fields["relay_drain_seconds"].default + 12
    for found in (
        re.findall(r"TimeoutStopSec=(\d+)", page),
        re.findall(r"stop_grace_period: (\d+)s", compose),
    ):
        assert len(found) == 1
        assert int(found[0]) > needed
    assert len(keepalive) == 2
    assert all(int(seconds) < int(lame_duck[0]) for seconds in keepalive)


_UNITS = {"KiB": 2**10, "MiB": 2**20, "MB": 10**6, "GB": 10**9, "s": 1}
_LIMIT = re.compile(r"_(BYTES|BYTES_PER_SECOND|PER_ADDRESS|QUEUE|LIMIT|TIMEOUT_SECONDS|DEADLINE_SECONDS)$")
"""How the names of settings end that bound what others can make the server do."""


def _number(told: str) -> float:
    value, _, unit = told.replace(",", "").partition(" ")
    return float(value) * _UNITS.get(unit, 1)


def test_the_table_of_limits_is_true() -> None:
    """docs/security.md has each setting that is a limit, with its default, and each bound of the source."""
    settings, constants = {}, {}
    for row in _rows("security.md"):
        if re.fullmatch(r"`[A-Z_]+`", row[1]):
            settings[row[1].strip("`")] = _number(row[2])
        elif found := re.fullmatch(r"`([a-z/_]+\.py)` `([A-Z_]+)`", row[1]):
            constants[found.groups()] = _number(row[2])
    fields = {name.upper(): field.default for name, field in Environment.model_fields.items()}
    wrong = {name: told for name, told in settings.items() if fields[name] != told}
    assert wrong == {}
    # It has no default of its own:
    others = {"RELAY_PEEK_TIMEOUT_SECONDS"}
    assert {name for name in fields if _LIMIT.search(name)} - set(settings) == others
    assert len(constants) > 10
    for (path, name), told in constants.items():
        module = importlib.import_module(path.removesuffix(".py").replace("/", "."))
        assert getattr(module, name) == told, (path, name)


def test_the_threat_model_names_tests_that_exist() -> None:
    """Each defence of docs/security.md has a test, and it is there."""
    text = (ROOT / "docs" / "security.md").read_text()
    defences = text.partition("## Defences")[2].partition("\n## ")[0]
    rows = [line for line in defences.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 25
    lost = []
    for row in rows:
        named = re.findall(r"`(tests/[\w/.]+)`", row.rsplit(" | ", 1)[1])
        lost += [row] if not named else [path for path in named if not (ROOT / path).exists()]
    assert lost == []
