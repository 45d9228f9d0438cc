"""What stands before the advice, in at most twenty-five words: ours, and upstream's own reason. PURE."""

from collections.abc import Sequence

from monitor.diagnosis.diagnosis import Diagnosis, Severity
from monitor.record.failures.failure_kinds import (
    ACCOUNT,
    MISSING_THING,
    OUTPUT_LIMIT,
    PARAMETER,
    SIGNATURE,
    TOO_LONG_CONTEXT,
    Kind,
)
from monitor.record.failures.failure_table import decisive
from monitor.record.phrasing import Moment, Phrase, Seconds
from monitor.record.records import AttemptRecord

BEFORE_ADVICE_WORDS = 25
"""On the page of a request, all told: the word of its severity, what happened, and upstream's own words."""
SEVERITY_WORDS = 3
"""At most, in English."""
LABEL_WORDS = 3
"""That whose words they are is said beside them."""
HEADLINE_WORDS = BEFORE_ADVICE_WORDS - SEVERITY_WORDS
REASON_CHARACTERS = 240
_SHORTEST_REASON = 4
"""Fewer words of a longer reason say nothing."""

_SPOKEN = frozenset(
    (
        Kind.STATUS.value,
        Kind.ERROR_EVENT.value,
        ACCOUNT,
        MISSING_THING,
        OUTPUT_LIMIT,
        PARAMETER,
        SIGNATURE,
        TOO_LONG_CONTEXT,
    )
)
"""The failures whose text is upstream's; that of the others is this server's."""


def parted(diagnosis: Diagnosis) -> tuple[tuple[Phrase, ...], tuple[Phrase, ...]]:
    """The sentences that stand before the advice, one at least, and those that follow it."""
    room = HEADLINE_WORDS
    for place, sentence in enumerate(diagnosis.summary):
        room -= words_in(sentence)
        if room < 0 and place:
            return diagnosis.summary[:place], diagnosis.summary[place:]
    return diagnosis.summary, ()


def words_in(sentence: Phrase) -> int:
    """How many words the English sentence has; what is filled in counts as one, a time as two."""
    inner = [value for value in sentence.values.values() if isinstance(value, Phrase)]
    times = sum(isinstance(value, Seconds | Moment) for value in sentence.values.values())
    return len(sentence.message.split()) + times - len(inner) + sum(map(words_in, inner))


def begun(reason: str, headline: Sequence[Phrase]) -> str:
    """What of ``reason`` stands before the advice, beside that headline; "" where nothing has room."""
    words = reason.split()
    room = HEADLINE_WORDS - LABEL_WORDS - sum(map(words_in, headline))
    if len(words) <= room:
        return reason
    return " ".join(words[:room]) + " …" if room >= _SHORTEST_REASON else ""


def reason_of_upstream(diagnosis: Diagnosis, attempts: Sequence[AttemptRecord]) -> str:
    """What upstream itself said of the failure that decided; blank where it said nothing or it was healed."""
    failed = [attempt for attempt in attempts if attempt.failure_kind]
    if diagnosis.severity is not Severity.PROBLEM or not failed:
        return ""
    told = failed[decisive([(attempt.failure_kind or "", attempt.status) for attempt in failed])]
    text = " ".join((told.failure_text or "").split()) if told.failure_kind in _SPOKEN else ""
    return text if len(text) <= REASON_CHARACTERS else text[: REASON_CHARACTERS - 1] + "…"
