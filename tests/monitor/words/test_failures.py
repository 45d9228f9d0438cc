"""What failed is said in the reader's language, and upstream's own words stay."""

from django.utils import translation

from monitor.record.failure_kinds import WORDS, Kind
from monitor.words.failures import SENTENCES, failure_sentence, kind_label
from relay.engine.answer.peek import EMPTY
from relay.upstream.client import WEB_PAGE


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


def test_each_sentence_is_found_as_itself() -> None:
    """Also where a shorter one would fit what it says: nothing is half translated."""
    with translation.override("ja"):
        for sentence in SENTENCES:
            whole = translation.gettext(sentence)
            assert whole != sentence
            assert failure_sentence(sentence % {"what": "42"}) == whole % {"what": "42"}
    assert WEB_PAGE in SENTENCES
