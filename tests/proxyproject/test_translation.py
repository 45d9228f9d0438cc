"""The Japanese texts: everything that the pages say has one, and none is kept that no page says any more."""

import ast
import gettext
import json
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import pytest
import unfold
from django.conf import settings
from django.utils import translation
from django.utils.translation.template import templatize
from msgspec import Struct

from accounts.kinds import NEEDS_OWN_OAUTH_CLIENT, REFUSED_TWICE
from monitor.templatetags.monitor_text import recorded
from relay.simulator.faults.faults import CATALOGUE
from tests.test_house_rules import PACKAGES, ROOT, our_files

FOLDER = Path(settings.LOCALE_PATHS[0]) / "ja" / "LC_MESSAGES"
THEME = Path(unfold.__file__).parent
SHOWN_AS_DATA = {NEEDS_OWN_OAUTH_CLIENT, REFUSED_TWICE, *(kind.description for kind in CATALOGUE.values())}
"""Texts that rooms without Django hold as data, and that a page translates when it shows them."""

_MARK = re.compile(r"^(?P<plural>n?)(?P<context>p?)gettext(?:_lazy|_noop)?$")
_LITERAL = r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*\""""
_IN_TEMPLATE = re.compile(rf"(?<!\w)(n?p?gettext|_)\(((?:u?(?:{_LITERAL})\s*,?\s*)+)")
_BLOCK = re.compile(r"{% blocktrans(?:late)?\b.*?{% endblocktrans(?:late)? %}", re.DOTALL)
_TAG = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)
_WORD = re.compile(r"[A-Za-z]{2,}\w*")
_VERBATIM = {"code", "pre", "kbd", "script", "style"}
_SPOKEN = {
    "title",
    "placeholder",
    "aria-label",
    "alt",
    "data-done",
    "data-busy",
    "data-going",
    "data-stopped",
}
_NAMES = {"Evenkeel", "sha256"}
_PLACE = re.compile(r"%\(\w+\)[sdg]|%[sd]|\{\w+\}")


class Text(Struct, frozen=True):
    """A text to translate: what it says, its context where it has one, and its plural where it counts."""

    says: str
    context: str = ""
    plural: str = ""


class Entry(Struct, frozen=True):
    """One entry of django.po."""

    text: Text
    translations: tuple[str, ...]


def in_python(source: str) -> Iterator[Text]:
    """What the calls of translation functions in a module name literally, under whatever alias.

    They may be imported from anywhere: rooms without Django have a ``gettext_noop`` of their own.
    """
    if "gettext" not in source:
        return  # it imports none of them: to parse the whole house costs seconds
    tree = ast.parse(source)
    marks = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield from _marked(marks.get(node.func.id, ""), node.args)


def _marked(function: str, arguments: list[ast.expr]) -> Iterator[Text]:
    if not (mark := _MARK.match(function)):
        return
    wanted = 1 + bool(mark["context"]) + bool(mark["plural"])
    values = [str(given.value) for given in arguments[:wanted] if isinstance(given, ast.Constant)]
    if len(values) == wanted:
        yield _text(mark, values)


def _text(mark: re.Match[str], values: list[str]) -> Text:
    """A text from the arguments of its function: the context, what it says, the plural."""
    context = values.pop(0) if mark["context"] else ""
    return Text(values[0], context, values[1] if mark["plural"] else "")


def in_template(source: str) -> Iterator[Text]:
    """What the translation tags of a template name literally."""
    for function, literals in _IN_TEMPLATE.findall(templatize(source)):
        if mark := _MARK.match(function.replace("_", "gettext")):
            yield _text(mark, ast.literal_eval(f"[{literals}]"))


def texts_of(path: Path) -> set[Text]:
    """What one file asks to be translated."""
    read = in_template if path.suffix == ".html" else in_python
    return set(read(path.read_text(encoding="utf-8")))


@cache
def ours() -> dict[Text, str]:
    """Every text of ours, with the file that says it."""
    files = [
        path
        for path in our_files()
        if path.suffix in {".html", ".py"} and path.relative_to(ROOT).parts[0] in PACKAGES
    ]
    said = {text: str(path.relative_to(ROOT)) for path in files for text in texts_of(path)}
    return said | dict.fromkeys(map(Text, SHOWN_AS_DATA), "SHOWN_AS_DATA")


@cache
def the_themes() -> set[Text]:
    """What the admin's theme asks to be translated, and brings no Japanese for."""
    files = (path for suffix in ("html", "py") for path in THEME.rglob(f"*.{suffix}"))
    return {text for path in files for text in texts_of(path)}


@cache
def entries() -> tuple[Entry, ...]:
    """The entries of django.po, where each text stands on one line."""
    found = []
    for block in (FOLDER / "django.po").read_text(encoding="utf-8").split("\n\n")[1:]:
        said = {
            line.split(" ", 1)[0]: json.loads(line.split(" ", 1)[1])
            for line in block.strip().splitlines()
            if not line.startswith("#")
        }
        text = Text(said.pop("msgid"), said.pop("msgctxt", ""), said.pop("msgid_plural", ""))
        found.append(Entry(text, tuple(said.values())))
    return tuple(found)


def test_every_text_of_ours_is_said_in_japanese() -> None:
    """What a page, a form or a message says, it says in Japanese too."""
    translated = {entry.text for entry in entries() if all(entry.translations)}
    missing = [f"{where}: {text.says}" for text, where in ours().items() if text not in translated]
    assert not missing, "\n".join(missing)


def test_no_text_is_kept_that_nobody_says() -> None:
    """A text that was reworded or dropped takes its translation with it; each is there once."""
    texts = [entry.text for entry in entries()]
    stale = [text.says for text in texts if text not in ours() and text not in the_themes()]
    assert not stale, "\n".join(stale)
    assert len(set(texts)) == len(texts)


def test_a_translation_fills_in_the_same_values(subtests: pytest.Subtests) -> None:
    """Nothing that is filled in is lost, and nothing is asked for that is not there."""
    for entry in entries():
        with subtests.test(f"{entry!r:.120}"):
            wanted = set(_PLACE.findall(entry.text.plural or entry.text.says))
            for said in entry.translations:
                assert set(_PLACE.findall(said)) == wanted


def test_the_compiled_texts_are_those_of_the_source() -> None:
    """django.mo, which is shipped so that nobody needs gettext, has the texts of django.po and no others."""
    with (FOLDER / "django.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
        catalog = dict(compiled._catalog)  # type: ignore[attr-defined]  # no public way to list it
    del catalog[""]
    expected: dict[str | tuple[str, int], str] = {}
    for entry in entries():
        key = f"{entry.text.context}\x04{entry.text.says}" if entry.text.context else entry.text.says
        if entry.text.plural:
            expected |= {(key, number): said for number, said in enumerate(entry.translations)}
        else:
            expected[key] = entry.translations[0]
    assert catalog == expected


def test_the_marks_are_found() -> None:
    """The tests above see aliases, contexts, plurals, joined literals and every tag; not what is computed."""
    module = (
        "from django.utils.translation import gettext as _, ngettext, pgettext_lazy as p, gettext_noop\n"
        "_('a' 'b'); ngettext('one', 'more', 2); p('where', 'c'); gettext_noop('d'); _(name); other('e')\n"
    )
    assert set(in_python(module)) == {Text("ab"), Text("one", plural="more"), Text("c", "where"), Text("d")}
    template = (
        '{% load i18n %}{% translate "a" %}{% translate \'b\' as x %}{% translate "c" context "where" %}'
        "{% blocktranslate with n=m %}d {{ n }}{% endblocktranslate %}{% translate variable %}"
        "{% blocktranslate count n=m %}it's one{% plural %}{{ n }}{% endblocktranslate %}{{ x|f:_('e') }}"
    )
    counted = Text("it's one", plural="%(n)s")
    says = {Text("a"), Text("b"), Text("c", "where"), Text("d %(n)s"), counted, Text("e")}
    assert set(in_template(template)) == says


def test_what_is_recorded_is_said_in_the_readers_language() -> None:
    """A role, a title and a strategy are words; a tool's own name and what is unknown stay as they are."""
    with translation.override("ja"):
        assert recorded("tool call get_weather") == "ツール呼び出し get_weather"
        assert recorded("redacted thinking") == "伏せられた思考"
        assert recorded("toolbox") == "toolbox"
    assert recorded("fixed delay") == "fixed delay"


def test_no_template_says_anything_unmarked(subtests: pytest.Subtests) -> None:
    """Text between tags, and what is spoken or shown of attributes, goes through the translation."""
    for path in [path for path in our_files() if path.suffix == ".html"]:
        with subtests.test(f"{path!r:.120}"):
            source = _BLOCK.sub("", path.read_text(encoding="utf-8"))
            finder = _Unmarked()
            finder.feed(_TAG.sub("", source))
            assert finder.found == []


class _Unmarked(HTMLParser):
    """Gathers the words of a template that no tag of Django's has made."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._verbatim = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._verbatim += tag in _VERBATIM
        self.found += [value for name, value in attrs if name in _SPOKEN and value and _WORD.search(value)]

    def handle_endtag(self, tag: str) -> None:
        self._verbatim -= tag in _VERBATIM

    def handle_data(self, data: str) -> None:
        words = [word for word in _WORD.findall(data) if word not in _NAMES]
        self.found += [] if self._verbatim else words
