"""What a diagnosis offers to do, and what stands before its advice."""

import pytest

from monitor.diagnosis import advice
from monitor.diagnosis.acts import AT_FAILURE, Act, acts_for
from monitor.diagnosis.diagnosis import SEVERITY_WORDS as WORDS_OF_SEVERITY
from monitor.diagnosis.diagnosis import diagnose
from monitor.diagnosis.headline import (
    BEFORE_ADVICE_WORDS,
    HEADLINE_WORDS,
    LABEL_WORDS,
    SEVERITY_WORDS,
    begun,
    parted,
    reason_of_upstream,
    words_in,
)
from monitor.record.failures.failure_table import Cause
from monitor.record.phrasing import Phrase
from monitor.record.records import AttemptRecord, Outcome, RequestRecord
from tests.monitor.diagnosis.test_diagnosis import CASES, ENDED, SERVED, failed, row

QUOTA = failed("status", 429, failure_text="Quota exceeded for this minute.")
CUT = failed("cut", 200, first_data_ms=5)
CASES_OF_ACTS: dict[str, tuple[RequestRecord, list[AttemptRecord], tuple[Act, ...]]] = {
    "answered": (row(), [SERVED], ()),
    "answered after a quota": (row(outcome=Outcome.RETRIED, attempts=2), [QUOTA, SERVED], ()),
    "quota": (row(**ENDED, status=429), [QUOTA], (Act.CLEAR_COOLDOWN, Act.SEND_AGAIN, Act.ACCOUNT)),
    "credential": (row(**ENDED, status=502), [failed("status", 401)], (Act.ACCOUNT,)),
    "cut, and its mapping does not continue": (
        row(outcome=Outcome.INTERRUPTED),
        [CUT],
        (Act.SEND_AGAIN, Act.CONTINUE, Act.MAPPING),
    ),
    "cut, and continuing was tried": (
        row(outcome=Outcome.INTERRUPTED, diagnostics={"not_continued": "thought"}),
        [CUT],
        (Act.SEND_AGAIN,),
    ),
    "the server stopped": (row(outcome=Outcome.INTERRUPTED), [], (Act.SEND_AGAIN,)),
    "a client that left": (row(outcome=Outcome.CLIENT_CLOSED), [CUT], ()),
    "the request is wrong": (row(**ENDED, status=400), [failed("status", 400)], (Act.CURL,)),
    "it cannot be carried": (row(**ENDED, status=400, account=None), [], (Act.CURL,)),
    "the model refuses": (row(outcome=Outcome.REFUSED), [SERVED], (Act.CURL,)),
    "nobody offers the model": (row(**ENDED, status=404, account=None), [], (Act.MAPPING,)),
    "the key has no money left": (row(outcome=Outcome.OVER_BUDGET, status=429), [], (Act.KEY,)),
    "in flight": (row(in_flight=True, outcome=None), [QUOTA], ()),
}


@pytest.mark.parametrize("name", CASES_OF_ACTS)
def test_each_failure_offers_what_helps(name: str) -> None:
    """And nothing where nothing is to be done, or where the same request would fare the same."""
    record, attempts, wanted = CASES_OF_ACTS[name]
    assert acts_for(record, attempts) == wanted


def test_every_cause_has_its_acts() -> None:
    """A new cause is not forgotten."""
    assert set(AT_FAILURE) == set(Cause)


def test_at_most_twenty_five_words_stand_before_the_advice() -> None:
    """Of every case of the diagnosis; what is beyond them follows the advice, and nothing is lost."""
    for name, (record, attempts, *_) in CASES.items():
        diagnosis = diagnose(record, attempts)
        headline, further = parted(diagnosis)
        assert (*headline, *further) == diagnosis.summary
        assert sum(map(words_in, headline)) <= HEADLINE_WORDS, name


def test_every_sentence_of_the_tables_is_short_enough() -> None:
    """So that the first sentence never has more words than that."""
    tables = (advice.BEFORE_ANSWER, advice.AFTER_CUT, advice.AT_ADMISSION)
    sentences = [*advice.WHAT_IT_DID.values(), *(pair[0] for table in tables for pair in table.values())]
    assert [text for text in sentences if words_in(Phrase(text)) > HEADLINE_WORDS] == []


def test_a_long_reason_begins_before_the_advice() -> None:
    """As much as has room beside the headline; where that says nothing, all of it follows the advice."""
    headline = [Phrase("Upstream refused the request itself (%(status)d).", {"status": 400})]
    long = " ".join(f"word{number}" for number in range(40))
    shown = begun(long, headline)
    assert shown.endswith(" …")
    assert long.startswith(shown.removesuffix(" …"))
    words = SEVERITY_WORDS + sum(map(words_in, headline)) + len(shown.split()) - 1 + LABEL_WORDS
    assert words == BEFORE_ADVICE_WORDS
    assert begun("model: not found", headline) == "model: not found"
    assert begun(long, [*headline, *headline, *headline]) == ""
    assert begun("", headline) == ""
    assert max(len(word.split()) for word in WORDS_OF_SEVERITY.values()) <= SEVERITY_WORDS


def test_upstreams_own_reason_is_told() -> None:
    """Its own words where it had any, of the failure that decided; not this server's, and not when healed."""
    problem = diagnose(row(**ENDED, status=429), [QUOTA])
    assert reason_of_upstream(problem, [QUOTA]) == "Quota exceeded for this minute."
    broken = failed("network", None, failure_text="the connection broke")
    assert reason_of_upstream(diagnose(row(**ENDED), [broken]), [broken]) == ""
    good = diagnose(row(outcome=Outcome.RETRIED, attempts=2), [QUOTA, SERVED])
    assert reason_of_upstream(good, [QUOTA, SERVED]) == ""
    long = failed("status", 429, failure_text="x" * 1000)
    assert len(reason_of_upstream(problem, [long])) == 240
