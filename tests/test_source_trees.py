"""What the rules of the house look at is what stands in the files."""

from pathlib import Path

from tests.source_trees import has_docstring, imports, silent_tests, trees


def test_only_a_file_with_the_word_is_parsed(tmp_path: Path) -> None:
    """One without it may be no Python at all; any one of the words is enough."""
    (with_word := tmp_path / "with.py").write_text("import wanted\n")
    (without := tmp_path / "without.py").write_text("no Python\n")
    assert [path for path, _ in trees((with_word, without), "wanted", "other")] == [with_word]


def test_every_import_is_seen(tmp_path: Path) -> None:
    """At the top, in a function, over several lines; what a sentence says of imports is none."""
    (path := tmp_path / "module.py").write_text(
        '"""We\nimport, and take\nfrom there."""\n\nimport one, two\n'
        "from three import (\n    four,  # here\n    five,\n)\n"
        "\n\ndef f():\n    from six import seven as eight  # late\n    import nine.ten\n"
    )
    told = [(getattr(node, "module", ""), [name.name for name in node.names]) for node in imports(path)]
    assert told == [
        ("", ["one", "two"]),
        ("three", ["four", "five"]),
        ("six", ["seven"]),
        ("", ["nine.ten"]),
    ]


def test_a_bracket_in_a_comment_hides_no_import(tmp_path: Path) -> None:
    """What is not seen at once is looked for in the whole file."""
    path = tmp_path / "module.py"
    path.write_text("from a import (b,  # why (odd)\n    c)\n")
    assert [[name.name for name in node.names] for node in imports(path)] == [["b", "c"]]


def test_a_module_without_docstring_is_seen(tmp_path: Path) -> None:
    """A comment before it is allowed; an empty one, or that of a function, says nothing of the module."""
    path = tmp_path / "module.py"
    for source, says in {
        '"""What it is for."""\n': True,
        '# A comment.\n\n"""What it is for,\n\nat length."""\n\nimport re\n': True,
        "'What it is for.'\n": True,
        '""""""\n': False,
        "": False,
        'import re\n\n"""Too late."""\n': False,
        'def f():\n    """What f is for."""\n': False,
        'NAME = """no docstring"""\n': False,
    }.items():
        path.write_text(source)
        assert (source, has_docstring(path)) == (source, says)


def test_a_test_without_docstring_is_seen(tmp_path: Path) -> None:
    """Also where the next one has a docstring, within a class, and with arguments over several lines."""
    (path := tmp_path / "test_module.py").write_text(
        '"""Tests."""\n\n\n'
        "def test_silent():\n    assert True\n\n\n"
        'def test_says():\n    """A rule."""\n\n\n'
        'class TestAll:\n    async def test_within(\n        self, *, wide: str = ")",\n    ) -> None:\n'
        '        """A rule: (one)."""\n\n'
        '    def test_silent_within(self) -> None:\n        """"""\n\n'
        '    def test_text_only(self) -> None:\n        told = """text"""\n'
    )
    assert silent_tests(path) == ["test_silent", "test_silent_within", "test_text_only"]
