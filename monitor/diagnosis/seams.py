"""What a row and its attempts tell of an answer that was continued, or was not. PURE."""

from collections.abc import Sequence

from monitor.record.phrasing import Phrase
from monitor.record.phrasing import gettext_noop as _
from monitor.record.records import AttemptRecord, RequestRecord

NOT_CONTINUED: dict[str, str] = {
    # the relay's word (relay.engine.continuation has them): what the reader is told
    "the failure is not upstream breaking off": _(
        "It was not continued: what failed was not the upstream breaking off."
    ),
    "a refusal is an answer": _("It was not continued: the model had refused."),
    "the end of the answer was told": _("It was not continued: its end had been told already."),
    "thinking was sent": _(
        "It was not continued: thinking had been sent, which no other answer can go on with."
    ),
    "a tool call was sent": _("It was not continued: a tool call had been sent."),
    "something else than text was sent": _("It was not continued: something else than text had been sent."),
    "the text was whole": _(
        "It was not continued: upstream had closed the text, and only the end was missing."
    ),
    "nothing was said yet": _("It was not continued: nothing had been said yet to go on from."),
    "the request wants more than plain text": _(
        "It was not continued: the request wants more than plain text (JSON, a tool call, several answers or"
        " a conversation that upstream keeps)."
    ),
    "it was continued twice already": _("Two continuations had been made, and there are no more."),
    "it would not help": _("It was not continued: this failure is the same on every attempt."),
    "retry budget spent": _("It was not continued: the server's retry budget was spent."),
}
NOBODY_GOES_ON = _("It was not continued: no account was free to go on with it.")


def beginning_of(attempts: Sequence[AttemptRecord]) -> int:
    """The place of the attempt that began the answer: the first with data; behind the last without one."""
    places = (place for place, attempt in enumerate(attempts) if attempt.first_data_ms is not None)
    return next(places, len(attempts))


def seams_of(row: RequestRecord, attempts: Sequence[AttemptRecord]) -> dict[int, int]:
    """By attempt number, behind how many characters it went on with the answer."""
    later = attempts[beginning_of(attempts) + 1 :]
    spoke = [attempt.number for attempt in later if attempt.first_data_ms is not None]
    return dict(zip(spoke, row.seams, strict=False))


def continued(row: RequestRecord, attempts: Sequence[AttemptRecord]) -> Phrase:
    """That a broken answer was gone on with; by whom and where, if it was once: the timeline has the rest."""
    seams = seams_of(row, attempts)
    if len(row.seams) > 1:
        message = _("The stream broke off and was continued %(count)d times; the client saw one answer.")
        return Phrase(message, {"count": len(row.seams)})
    for attempt in attempts:
        if attempt.number in seams:
            message = _(
                "The stream broke off behind %(characters)d characters, and %(account)s went on; the client"
                " saw one answer."
            )
            return Phrase(message, {"characters": seams[attempt.number], "account": attempt.account or "–"})
    return Phrase(_("The stream broke off and was continued; the client saw one answer."))


def not_continued(row: RequestRecord) -> list[Phrase]:
    """Why a broken answer was not gone on with, or no more, where the mapping continues."""
    why = row.diagnostics.get("not_continued")
    return [Phrase(NOT_CONTINUED.get(why, NOBODY_GOES_ON))] if isinstance(why, str) else []
