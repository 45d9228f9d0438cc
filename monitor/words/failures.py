"""What failed, in the reader's language: the kinds of failures, and sentences of ours about them.

Rows hold both in English. What upstream said itself stays as it was said.
"""

from typing import Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from monitor.record.failure_kinds import (
    ACCOUNT,
    MISSING_THING,
    OUTPUT_LIMIT,
    PARAMETER,
    SIGNATURE,
    TOO_LONG_CONTEXT,
    Kind,
)
from monitor.record.phrasing import gettext_noop

KIND_LABELS: Final = {
    Kind.STATUS: _("error status"),
    Kind.NETWORK: _("network error"),
    Kind.CONNECT_TIMEOUT: _("no connection in time"),
    Kind.FIRST_DATA_TIMEOUT: _("no data in time"),
    Kind.IDLE_TIMEOUT: _("fell silent"),
    Kind.EMPTY: _("empty answer"),
    Kind.EMPTY_STOP: _("finished with nothing said"),
    Kind.READ_ERROR: _("the transfer broke"),
    Kind.CUT: _("cut off"),
    Kind.GARBAGE: _("unreadable answer"),
    Kind.ERROR_EVENT: _("error in the stream"),
    Kind.ANSWER_TOO_LARGE: _("answer too large"),
    Kind.MALFORMED_ANSWER: _("upstream gave up its answer"),
    Kind.MISSING_SIGNATURE: _("missing thinking signature"),
    Kind.CREDENTIALS: _("no access token"),
    Kind.NO_ACCOUNT: _("no account free"),
    Kind.BAD_REQUEST: _("bad request"),
    Kind.UNAUTHORIZED: _("unauthorized"),
    Kind.KEY_EXPIRED: _("key expired"),
    Kind.NOT_ALLOWED: _("not allowed"),
    Kind.RATE_LIMITED: _("rate limited"),
    Kind.OVER_BUDGET: _("over budget"),
    Kind.UNKNOWN_MODEL: _("unknown model"),
    Kind.TOO_LARGE: _("request too large"),
    Kind.DEADLINE: _("deadline passed"),
    Kind.DRAINING: _("server shutting down"),
    Kind.INTERNAL: _("server fault"),
    ACCOUNT: _("credential or billing"),
    SIGNATURE: _("refused thinking signature"),
    PARAMETER: _("refused parameter"),
    TOO_LONG_CONTEXT: _("longer than the context"),
    OUTPUT_LIMIT: _("too much output asked for"),
    MISSING_THING: _("something named is missing"),
}
"""For each word that an attempt's failure is on record under."""

SENTENCES: Final = (
    gettext_noop("upstream closed the stream with nothing said"),
    gettext_noop("upstream finished with nothing said"),
    gettext_noop("upstream stopped (%(what)s) with nothing said"),
    gettext_noop("upstream closed the stream in the middle of its answer"),
    gettext_noop("upstream answered %(what)s"),
    gettext_noop("upstream answered with status %(what)s"),
    gettext_noop("upstream said %(what)s and nothing more"),
    gettext_noop("upstream reported an error without a message"),
    gettext_noop("upstream did not answer within %(what)s s"),
    gettext_noop("the connection to upstream broke (%(what)s)"),
    gettext_noop("upstream ended its stream without %(what)s"),
    gettext_noop("upstream gave up its own answer: %(what)s"),
    gettext_noop("upstream misses a thinking signature: %(what)s"),
    gettext_noop("no answer within %(what)s s"),
    gettext_noop("the server failed; its log says why"),
)
"""What the relay says of a failure where upstream said nothing; each with one place at most."""

_PLACE: Final = "%(what)s"


def kind_label(kind: str) -> str:
    """The kind in words; what is none of ours as it is."""
    return str(KIND_LABELS.get(kind, kind))


def failure_sentence(text: str) -> str:
    """A sentence of ours translated; upstream's own words as they are."""
    for sentence in SENTENCES:
        before, place, behind = sentence.partition(_PLACE)
        if not place and text == sentence:
            return gettext(sentence)
        if place and len(text) > len(before + behind) and text.startswith(before) and text.endswith(behind):
            return gettext(sentence) % {"what": text[len(before) : len(text) - len(behind)]}
    return text
