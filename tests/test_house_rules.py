"""The manners of the house, as far as a machine can see them."""

import ast
import re
import subprocess
import tomllib
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.source_trees import has_docstring, silent_tests, trees

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("proxyproject", "relay", "accounts", "monitor")
LINE_LIMIT = 300
LONGER: dict[str, str] = {}
"""Files over the limit, each with the reason why it is better in one piece."""

FOLDER_LIMIT = 16
"""Modules beside each other; above it a folder wants rooms."""

SHARED_NAMES = {
    "Blocks": "each dialect's decoder has its own",
    "Command": "Django's name for a command",
    "Conversation": "the neutral request, and the table of conversations",
    "DatabaseWrapper": "Django's name in a database backend",
    "Delta": "as each vendor calls it on the wire",
    "StreamEvent": "as each vendor calls it on the wire",
}
"""Public classes that share a name, each with the reason."""

NEARLY_PURE = {"monitor.live.window": "reads the list of failures from the models"}
"""Modules that say PURE and import something that is not, with what it is."""

EMPTY_BY_CONVENTION = re.compile(r"/(migrations|management|management/commands)/__init__\.py$")
NOT_OURS = (  # one letter of each stands in brackets, so that this file does not find itself
    re.compile(r"(?<![\w.])/(?:w[o]rk|r[o]ot|h[o]me/\w+)/"),
    re.compile(r"p[y]pi\.org|p[y]thonhosted\.org|n[p]mjs\.org|proxy\.g[o]lang\.org"),
    re.compile(r"\bT[O]DO\b|\bF[I]XME\b|\bX[X]X\b"),
)


@cache
def our_files() -> tuple[Path, ...]:
    """Every file that is or will be part of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return tuple(path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file())


def our_modules(*folders: str) -> list[Path]:
    """The Python modules in ``folders``, without what Django generates."""
    return [
        path
        for path in our_files()
        if path.suffix == ".py"
        and path.relative_to(ROOT).parts[0] in folders
        and "migrations" not in path.parts
        and not EMPTY_BY_CONVENTION.search(str(path))
    ]


def named(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def test_every_module_says_what_it_is_for() -> None:
    """A module begins with a docstring whose first line is a sentence."""
    silent = [path for path in our_modules(*PACKAGES, "tests") if not has_docstring(path)]
    assert named(silent) == []


def test_every_test_says_the_rule_it_proves() -> None:
    """Each test function has a docstring."""
    silent = [
        f"{path.relative_to(ROOT)}::{name}" for path in our_modules("tests") for name in silent_tests(path)
    ]
    assert silent == []


def test_files_are_short() -> None:
    """Over 300 lines a file has more than one job; an exception states its reason in LONGER."""
    long = {
        str(path.relative_to(ROOT)): lines
        for path in our_modules(*PACKAGES)
        if (lines := len(path.read_text().splitlines())) > LINE_LIMIT
    }
    assert {name: lines for name, lines in long.items() if name not in LONGER} == {}
    assert [name for name in LONGER if name not in long] == []


def test_folders_have_rooms() -> None:
    """A folder with many modules beside each other is hard to find one's way in."""
    beside = Counter(path.parent for path in our_modules(*PACKAGES) if path.name != "__init__.py")
    assert {str(folder): count for folder, count in beside.items() if count > FOLDER_LIMIT} == {}


def test_no_class_has_the_name_of_another() -> None:
    """One name for one thing; an exception states its reason in SHARED_NAMES."""
    names = Counter(
        name
        for path in our_modules(*PACKAGES)
        for name in re.findall(r"^class +([^\W_]\w*)", path.read_text(), re.MULTILINE)
    )
    assert {name for name, count in names.items() if count > 1} == set(SHARED_NAMES)


def test_no_file_has_a_name_for_everything() -> None:
    """A room's name says its one job."""
    vague = {"utils.py", "helpers.py", "common.py", "manager.py", "base.py", "misc.py"}
    # the module that Django loads of a database backend
    prescribed = {"proxyproject/postgresql/base.py", "proxyproject/sqlite/base.py"}
    found = {path for path in named(our_modules(*PACKAGES, "tests")) if Path(path).name in vague}
    assert found == prescribed


def test_nothing_of_one_machine_is_in_the_repository() -> None:
    """No path of a machine, no package registry's address, no note to self."""
    found = []
    for path in our_files():
        try:
            text = path.read_text()
        except UnicodeDecodeError:
            continue
        for pattern in NOT_OURS:
            found += [f"{path.relative_to(ROOT)}: {match.group()}" for match in pattern.finditer(text)]
    assert found == []


def test_what_a_document_links_to_is_there() -> None:
    """A link of a document to a file of the repository leads to one."""
    lost = [
        f"{path.relative_to(ROOT)}: {target}"
        for path in our_files()
        if path.suffix == ".md"
        for target in re.findall(r"\]\((?![a-z]+:|#)([^)#\s]+)", path.read_text())
        if not (path.parent / target).exists()
    ]
    assert lost == []


def test_decisions_are_numbered_one_after_the_other() -> None:
    """No number of a decision is missing or taken twice; file, title and index say the same."""
    folder = ROOT / "docs" / "decisions"
    index = folder / "README.md"
    decisions = sorted(path for path in our_files() if path.parent == folder and path != index)
    numbers = [f"{number:04}" for number in range(1, len(decisions) + 1)]
    assert [path.name[:4] for path in decisions] == numbers
    titles = [path.read_text().partition("\n")[0] for path in decisions]
    assert [title[:7] for title in titles] == [f"# {number} " for number in numbers]
    rows = [
        f"| [{title[2:6]}]({path.name}) | {title[7:]} |"
        for title, path in zip(titles, decisions, strict=True)
    ]
    assert [line for line in index.read_text().splitlines() if line.startswith("| [")] == rows


def test_every_test_folder_is_a_package() -> None:
    """Two test files of the same name in two folders must not be taken for one."""
    folders = {path.parent for path in our_modules("tests")}
    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_what_calls_itself_pure_is_held_to_it() -> None:
    """A module that says PURE stands in the import contract that forbids I/O, clock, random and framework."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [held] = [c["source_modules"] for c in contracts if c["name"].startswith("What decides does nothing")]
    free = []
    for path, tree in trees(our_modules("relay", "accounts", "monitor"), "PURE"):
        says = ast.get_docstring(tree) or ""
        module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        covered = any(module == room or module.startswith(f"{room}.") for room in held)
        if re.search(r"\bPURE[.:]", says) and not covered and module not in NEARLY_PURE:
            free.append(module)
    assert free == [], "add them to the contract's source_modules in pyproject.toml"
