"""What a row and its attempts tell of an answer that was continued, or was not. PURE."""

from collections.abc import Sequence

from monitor.diagnosis.advice import AGAIN, AGAIN_AS_IT_IS
from monitor.record.failures.decision_words import Obstacle
from monitor.record.phrasing import Phrase
from monitor.record.phrasing import gettext_noop as _
from monitor.record.records import AttemptRecord, RequestRecord

NOT_CONTINUED: dict[str, str] = {
    Obstacle.NOT_BROKEN_OFF: _("It was not continued: what failed was not the upstream breaking off."),
    Obstacle.UNKNOWN: _("It was not continued: how much of it had been told is not known."),
    Obstacle.REFUSED: _("It was not continued: the model had refused."),
    Obstacle.ENDED: _("It was not continued: its end had been told already."),
    Obstacle.THOUGHT: _("It was not continued: thinking had been sent, which no other answer can continue."),
    Obstacle.CALLED: _("It was not continued: a tool call had been sent."),
    Obstacle.NOT_TEXT: _("It was not continued: something else than text had been sent."),
    Obstacle.WHOLE: _("It was not continued: upstream had closed the text, and only the end was missing."),
    Obstacle.SAID_NOTHING: _("It was not continued: there was no text yet to continue from."),
    Obstacle.WANTS_MORE: _(
        "It was not continued: the request wants more than plain text (JSON, a tool call, several answers or"
        " a conversation that upstream keeps)."
    ),
    Obstacle.CONTINUED_TWICE: _("Two continuations had been made, and there are no more."),
    Obstacle.WOULD_NOT_HELP: _("It was not continued: this failure is the same on every attempt."),
    Obstacle.BUDGET_SPENT: _("It was not continued: upstream's retry budget was spent."),
}
NOBODY_CONTINUES = _("It was not continued: no account was free to continue it.")


def beginning_of(attempts: Sequence[AttemptRecord]) -> int:
    """The place of the attempt that began the answer: the first with data; behind the last without one."""
    places = (place for place, attempt in enumerate(attempts) if attempt.first_data_ms is not None)
    return next(places, len(attempts))


def seams_of(row: RequestRecord, attempts: Sequence[AttemptRecord]) -> dict[int, int]:
    """By attempt number, behind how many characters it continued the answer."""
    later = attempts[beginning_of(attempts) + 1 :]
    spoke = [attempt.number for attempt in later if attempt.first_data_ms is not None]
    return dict(zip(spoke, row.seams, strict=False))


def continued(row: RequestRecord, attempts: Sequence[AttemptRecord]) -> Phrase:
    """That a broken answer was continued; by whom and where, if it was once: the timeline has the rest."""
    seams = seams_of(row, attempts)
    if len(row.seams) > 1:
        message = _("The stream broke off and was continued %(count)d times; the client saw one answer.")
        return Phrase(message, {"count": len(row.seams)})
    for attempt in attempts:
        if attempt.number in seams:
            message = _(
                "The stream broke off behind %(characters)d characters, and %(account)s continued it;"
                " the client saw one answer."
            )
            return Phrase(message, {"characters": seams[attempt.number], "account": attempt.account or "–"})
    return Phrase(_("The stream broke off and was continued; the client saw one answer."))


def not_continued(row: RequestRecord) -> list[Phrase]:
    """Why a broken answer was not continued, or not any further, where the mapping continues."""
    why = row.diagnostics.get("not_continued")
    if not isinstance(why, str):
        return []
    told = Phrase(NOT_CONTINUED.get(why, NOBODY_CONTINUES))
    if not row.seams or why == Obstacle.CONTINUED_TWICE:
        return [told]
    message = _("It had been continued (times: %(count)d). %(sentence)s")
    return [Phrase(message, {"count": len(row.seams), "sentence": told})]


def was_to_be_continued(row: RequestRecord) -> bool:
    """Did the mapping of a broken answer continue what breaks off?"""
    return "not_continued" in row.diagnostics or bool(row.seams)


def step_behind(row: RequestRecord, step: str) -> str:
    """What to do about a broken answer: to turn on what is on already is no advice."""
    return AGAIN_AS_IT_IS if step == AGAIN and was_to_be_continued(row) else step
