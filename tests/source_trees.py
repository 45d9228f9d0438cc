"""The syntax trees of the house's own files, for the rules that look at them.

To parse the whole house costs seconds, and each rule looks for little. Where the word for it does not stand,
nothing is parsed.
"""

import ast
import re
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path

_TEST = re.compile(r"^[ \t]*(?:async +)?def +test_", re.MULTILINE)
_IMPORT = re.compile(r"^[ \t]*(?:from +[\w.]+ +import +(?:\([^)]*\)|[^(\n]*$)|import +[^\n]*$)", re.MULTILINE)
_QUOTES = '"""'


def trees(paths: Iterable[Path], *words: str) -> Iterator[tuple[Path, ast.Module]]:
    """Each file in which one of ``words`` stands, with its tree."""
    for path in paths:
        text = path.read_text()
        if any(word in text for word in words):
            yield path, ast.parse(text)


def imports(path: Path) -> list[ast.Import | ast.ImportFrom]:
    """The import statements of a file, wherever they stand in it."""
    text = path.read_text()
    try:
        found: list[ast.AST] = [
            node for told in _IMPORT.findall(text) for node in ast.parse(told.strip()).body
        ]
    except SyntaxError:  # a line of a text, or a bracket in a comment
        found = list(ast.walk(ast.parse(text)))
    return [node for node in found if isinstance(node, ast.Import | ast.ImportFrom)]


def has_docstring(path: Path) -> bool:
    """Whether the module begins with a docstring that says something."""
    text = path.read_text()
    return bool(_first_docstring(text, 0) or ast.get_docstring(ast.parse(text)))


def silent_tests(path: Path) -> list[str]:
    """The names of its test functions that have no docstring."""
    text = path.read_text()
    if all(_first_docstring(text, found.start()) for found in _TEST.finditer(text)):
        return []
    return [
        node.name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]


def _first_docstring(text: str, begin: int) -> str:
    """The docstring of the module or function that begins there; "" where that is not seen at once."""
    opened = text.find(_QUOTES, begin)
    closed = text.find(_QUOTES, opened + len(_QUOTES))
    end = text.find("\n", closed)
    try:
        tree = ast.parse(textwrap.dedent(text[begin : end if end > 0 else len(text)]))
    except SyntaxError:
        return ""
    one = tree.body[0] if begin and tree.body else tree
    if not isinstance(one, ast.Module | ast.FunctionDef | ast.AsyncFunctionDef):
        return ""
    return ast.get_docstring(one) or ""
