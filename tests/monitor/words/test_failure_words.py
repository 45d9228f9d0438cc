"""What failed is said in the reader's language, and upstream's own words stay."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.utils import translation

from monitor.record.failures.failure_kinds import WORDS, Kind
from monitor.words.failure_words import SENTENCES, failure_sentence, kind_label
from relay.engine.answer.peek import EMPTY
from relay.upstream.redirects import WEB_PAGE
from tests.source_trees import trees

RELAY = Path(__file__).parents[3] / "relay"
MAKERS = ("Failure", "garbage", "BrokenParts", "CannotSay")
UNTRANSLATED = {
    "%(what)s: %(what)s",  # no connection, and why: both are looked for
    "%(what)s does not fit into the %(what)s block %(what)s",  # words of the protocol
    "the account was tested",  # never shown: a test ends with it
    "This server counts nothing.",  # told to a program alone, as an answer's body
    "The client key was removed.",  # the same
}


def test_every_kind_has_its_words() -> None:
    """A word that is none of ours is shown as it is."""
    assert set(Kind) <= set(WORDS)
    with translation.override("ja"):
        assert all(kind_label(kind).isascii() is False for kind in WORDS)
        assert kind_label("of_a_later_version") == "of_a_later_version"


def test_our_sentences_are_translated_and_upstreams_are_not() -> None:
    """With what is filled in; a sentence that only begins alike is none of ours."""
    with translation.override("ja"):
        assert failure_sentence(EMPTY.message) == "上流は何も言わずにストリームを閉じました"
        assert failure_sentence("upstream answered 503") == "上流の応答: 503"
        assert failure_sentence("no answer within 1.5 s") == "1.5 秒以内に応答がありませんでした"
        assert (
            failure_sentence("upstream stopped (100 %(what)s) with nothing said").count("100 %(what)s") == 1
        )
        for said in ("Resource exhausted.", "upstream answered ", "", "no answer within 3 minutes"):
            assert failure_sentence(said) == said
    assert failure_sentence("upstream answered 503") == "upstream answered 503"


def test_a_sentence_within_a_sentence_is_translated_too() -> None:
    """As why there is no connection."""
    with translation.override("ja"):
        told = failure_sentence("no connection to upstream: the certificate is not valid: it has expired")
        assert told == "上流に接続できません: 証明書が正しくありません: 有効期限が切れています"


def test_every_sentence_of_the_relay_about_upstream_has_its_translation(subtests: pytest.Subtests) -> None:
    """None is added there and forgotten here: what stands in a failure is looked up in the code itself."""
    paths = (path for path in RELAY.rglob("*.py") if "simulator" not in path.parts)
    found = {text for _, tree in trees(paths, *MAKERS) for text in failures_in(tree)}
    assert len(found) > 30
    for text in sorted(found - UNTRANSLATED):
        with subtests.test(text), translation.override("ja"):
            assert failure_sentence(text.replace("%(what)s", "42")) != text.replace("%(what)s", "42")


def failures_in(tree: ast.Module) -> Iterator[str]:
    """The texts that failures of upstream's are made with there; ``%(what)s`` for what is filled in."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in MAKERS:
            yield from filter(None, map(text_of, node.args[:2]))


def text_of(node: ast.expr) -> str:
    """The text of a constant or an f-string; "" for anything else."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(part.value if isinstance(part, ast.Constant) else "%(what)s" for part in node.values)
    return ""


def test_each_sentence_is_found_as_itself() -> None:
    """Also where a shorter one would fit what it says: nothing is half translated."""
    with translation.override("ja"):
        for sentence in SENTENCES:
            whole = translation.gettext(sentence)
            assert whole != sentence
            assert failure_sentence(sentence % {"what": "42"}) == whole % {"what": "42"}
    assert WEB_PAGE in SENTENCES
