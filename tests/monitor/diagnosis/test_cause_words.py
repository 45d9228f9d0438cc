"""A failure in a word or two."""

from monitor.diagnosis.advice import STATUS_AT_ADMISSION
from monitor.diagnosis.cause_words import CAUSE_WORDS, UNASKED_WORDS, word_for
from monitor.record.failures.failure_table import Cause
from monitor.record.records import Outcome
from tests.monitor.diagnosis.test_diagnosis import ENDED, failed, row


def test_every_cause_and_every_refusal_has_its_word() -> None:
    """A new one is not forgotten."""
    assert set(CAUSE_WORDS) == set(Cause)
    assert set(STATUS_AT_ADMISSION) <= set(UNASKED_WORDS)


def test_the_word_is_that_of_what_decided() -> None:
    """The failure that the client was told of, or the last one of an answer that broke."""
    assert word_for(row(**ENDED, status=429), [failed("status", 429)]) == "quota"
    broken = row(outcome=Outcome.INTERRUPTED)
    assert word_for(broken, [failed("status", 429), failed("cut", 200, 2)]) == "broken off"
    assert word_for(broken, []) == "server going down"
    assert word_for(row(**ENDED, status=503), []) == "no usable account"
