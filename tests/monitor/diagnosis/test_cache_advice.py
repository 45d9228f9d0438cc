"""What a request's page says of a prompt cache that was not read."""

from decimal import Decimal

from django.utils import translation

from monitor.diagnosis.cache_advice import WORDS, about_the_cache
from monitor.words.wording import as_text
from tests.monitor.diagnosis.test_diagnosis import row


def test_the_loss_the_cause_and_what_to_do() -> None:
    """In three sentences, with the money where it is known; nothing where nothing was missed."""
    assert about_the_cache(row()) == ()
    missed = row(
        cache_miss="tools",
        cache_miss_tokens=12_000,
        cache_miss_cost=Decimal("0.06"),
        diagnostics={"cache_miss": "reordered"},
    )
    loss, cause, step = map(as_text, about_the_cache(missed))
    assert "12000 tokens (US$ 0.0600)" in loss.replace(",", "")
    assert "(reordered)" in cause
    assert "same order" in step
    assert "US$" not in as_text(about_the_cache(row(cache_miss="upstream", cache_miss_tokens=9))[0])


def test_upstreams_own_word_is_named() -> None:
    """It tells no number of a turn: the sentence does without."""
    for cause, words in (("turn", "An earlier turn changed, and"), ("tools", "The tools changed")):
        missed = row(cache_miss=cause, cache_miss_tokens=9, diagnostics={"cache_miss_told": True})
        _, what, whose, _ = map(as_text, about_the_cache(missed))
        assert what.startswith(words)
        assert whose == "Upstream says so itself."


def test_every_cause_is_said_in_japanese() -> None:
    """Cause and advice, both translated."""
    with translation.override("ja"):
        for cause in WORDS:
            english = [
                phrase.message for phrase in about_the_cache(row(cache_miss=cause, cache_miss_tokens=1))
            ]
            said = [as_text(phrase) for phrase in about_the_cache(row(cache_miss=cause, cache_miss_tokens=1))]
            assert not set(english) & set(said)
            told = about_the_cache(
                row(cache_miss=cause, cache_miss_tokens=1, diagnostics={"cache_miss_told": True})
            )
            assert not {phrase.message for phrase in told} & set(map(as_text, told))
