"""What failed, in the reader's language: the kinds of failures, and sentences of ours about them.

Rows hold both in English. What upstream said itself stays as it was said.
"""

from typing import Final

from django.utils.translation import gettext

from monitor.record.failure_kinds import WORDS
from monitor.record.phrasing import gettext_noop

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
    gettext_noop("upstream answered with a web page"),
    gettext_noop("upstream answered with a redirect %(what)s"),
    gettext_noop("upstream answered %(what)s with no error body"),
)
"""What the relay says of a failure where upstream said nothing; each with one place at most."""

_PLACE: Final = "%(what)s"
_LONGEST_FIRST: Final = sorted(SENTENCES, key=len, reverse=True)
"""A shorter one may fit what a longer one says."""


def kind_label(kind: str) -> str:
    """The kind in words; what is none of ours as it is."""
    words = WORDS.get(kind)
    return gettext(words) if words else kind


def failure_sentence(text: str) -> str:
    """A sentence of ours translated; upstream's own words as they are."""
    for sentence in _LONGEST_FIRST:
        before, place, behind = sentence.partition(_PLACE)
        if not place and text == sentence:
            return gettext(sentence)
        if place and len(text) > len(before + behind) and text.startswith(before) and text.endswith(behind):
            return gettext(sentence) % {"what": text[len(before) : len(text) - len(behind)]}
    return text
