"""What the server changed is said in the reader's language; names of fields and tools stay."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from django.utils import translation

from monitor.words.change_words import CHANGES, change_sentence
from relay.dialects.errors.refused_parameters import PAIRS
from relay.dialects.translation.foreign_history import UNNAMED_NOTE
from relay.upstream.told_changes import AND_MORE

RELAY = Path(__file__).parents[3] / "relay"
ROOMS = ("dialects/**", "upstream", "short", "exchange/performing")
KEPT_IN = {"changes", "dropped", "said", "narrowed"}
"""The names, less an underscore, of the lists and tables in which notes are gathered."""
NOTING = {"_note", "drop", "_drop_all", "switch_off"}
"""What takes a note, or the reason of one, as an argument."""
NO_NOTES = (
    # names of fields and of what they hold, alone
    "", "n", "stop", "phase", "videoMetadata", "prompt_cache_breakpoint", "X.X", "reasoning.X", "text.X",
    "functionDeclarations.X", "responseMimeType X",
    # what a schema's description says to the model, from the same kind of list
    "X X", "X = X", "matches X", "in this order: X", "no duplicates", "give one of these sets: X",
    # what a test says of an account; a note with its number
    "X: X", "X (X)",
    # what a message says of an answer that was refused
    "no reason told",
)  # fmt: skip
OF_OTHERS = {"dialects/anthropic/continuing.py", "upstream/redirects.py"}
"""Why nothing can be continued, and what a redirect says: neither is a change of a request."""


def test_every_note_of_the_relay_has_its_translation(subtests: pytest.Subtests) -> None:
    """None is added there and forgotten here: notes are looked up in the code itself."""
    found = {note for path in sources() for note in notes_in(path)} - set(NO_NOTES)
    assert len(found) > 90
    for note in sorted(found):
        with subtests.test(note), translation.override("ja"):
            assert not change_sentence(note).isascii()


def test_names_stay_and_all_around_them_is_translated() -> None:
    """Also where notes are put together of several."""
    told = {
        "temperature dropped: the model takes the default only": (
            "temperature を外しました: モデルは既定値だけを受け付けます"
        ),
        "not carried: thinking blocks (told as text)": (
            "引き継げないもの: thinking ブロック (文章として伝えました)"
        ),
        "schema of get_weather: a tuple became prefixItems (2)": (
            "get_weather のスキーマ: タプルを prefixItems に変えました (2)"
        ),
        "thinking budget 100 became 1024": "thinking の予算 100 を 1024 に変えました",
        "7 thinking blocks and signatures taken out of the history": (
            "thinking ブロックと署名 7 個を履歴から外しました"
        ),
        f"{PAIRS} healed: upstream refused this history": (
            f"{PAIRS} を修復しました: アップストリームがこの履歴を拒否しました"
        ),
        "not carried: context_management": "引き継げないもの: context_management",
    }
    with translation.override("ja"):
        assert {note: change_sentence(note) for note in told} == told
        assert not change_sentence(UNNAMED_NOTE).isascii()
        assert not change_sentence(AND_MORE).isascii()
        assert change_sentence("of a later version, 100 %(what)s") == "of a later version, 100 %(what)s"
    assert change_sentence("not carried: image detail") == "not carried: image detail"


def test_each_note_is_found_as_itself() -> None:
    """Also where shorter ones would fit its parts."""
    places = dict.fromkeys(("what", "to", "why"), "X")
    with translation.override("ja"):
        for note in CHANGES:
            assert change_sentence(note % places) == translation.gettext(note) % places


def sources() -> Iterator[Path]:
    """The files in which requests are changed."""
    for room in ROOMS:
        for path in RELAY.glob(f"{room}/*.py"):
            if path.relative_to(RELAY).as_posix() not in OF_OTHERS:
                yield path


def notes_in(path: Path) -> Iterator[str]:
    """The notes that are made there; ``X`` for what is filled in."""
    for node in ast.walk(ast.parse(path.read_text())):
        match node:
            case ast.Call(func=ast.Attribute(attr="append" | "insert", value=kept)) if gathers(kept):
                yield from texts_of(node.args[-1:])
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if name in NOTING:
                yield from texts_of(node.args)
            case ast.Assign(targets=[ast.Subscript(value=kept, slice=note)]) if gathers(kept):
                yield from texts_of([note])
            case ast.AugAssign(target=ast.Subscript(value=kept, slice=note)) if gathers(kept):
                yield from texts_of([note])
            case ast.Assign(targets=[kept]) | ast.AugAssign(target=kept) if gathers(kept):
                assert node.value is not None
                yield from texts_of([node.value])


def gathers(node: ast.expr) -> bool:
    """Whether notes are gathered under this name."""
    name = node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
    return name.lstrip("_") in KEPT_IN


def texts_of(nodes: Iterable[ast.expr]) -> Iterator[str]:
    """The texts that these may become, and those in a list of them."""
    for node in nodes:
        match node:
            case ast.Constant(value=str(text)):
                yield text
            case ast.JoinedStr(values=parts):
                yield "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in parts)
            case ast.IfExp(body=one, orelse=other):
                yield from texts_of([one, other])
            case ast.List(elts=several) | ast.Tuple(elts=several):
                yield from texts_of(several)
            case ast.ListComp(elt=one):
                yield from texts_of([one])
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                ends = list(texts_of([right])) or ["X"]
                yield from (before + end for before in texts_of([left]) for end in ends)
