"""What is decided about a failure, in the words that relay and monitor share. PURE.

They are on record, in the log and on the pages, where they are said in the reader's language.
"""

from enum import StrEnum

from monitor.record.phrasing import gettext_noop as _


class Strategy(StrEnum):
    """How the next attempt is waited for."""

    NONE = "none"
    FIXED_DELAY = _("fixed delay")
    LINEAR_BACKOFF = _("linear backoff")
    EXPONENTIAL_BACKOFF = _("exponential backoff")
    BUDGET_SPENT = _("retry budget spent")  # one was due, and upstream's retry budget had no room for it


class Obstacle(StrEnum):
    """Why a broken answer is not continued: the first that applies, in this order, then the policy's."""

    SWITCHED_OFF = "continuation is not switched on for this mapping"
    COLLECTED = "the answer goes out as a whole"
    NOT_BROKEN_OFF = "the failure is not upstream breaking off"
    UNKNOWN = "how much of it was told is not known"
    REFUSED = "a refusal is an answer"
    ENDED = "the end of the answer was told"
    THOUGHT = "thinking was sent"
    CALLED = "a tool call was sent"
    NOT_TEXT = "something else than text was sent"
    WHOLE = "the text was whole"
    SAID_NOTHING = "nothing was said yet"
    WANTS_MORE = "the request wants more than plain text"
    CONTINUED_TWICE = "it was continued twice already"
    WOULD_NOT_HELP = "it would not help"
    BUDGET_SPENT = "retry budget spent"
