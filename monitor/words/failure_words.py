"""What failed, in the reader's language: the kinds of failures, and sentences of ours about them.

Rows hold both in English. What upstream said itself stays as it was said.
"""

from typing import Final

from django.utils.translation import gettext

from monitor.record.failures.failure_kinds import WORDS
from monitor.record.phrasing import gettext_noop
from monitor.words.known_sentences import KnownSentences

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
    gettext_noop("The chosen account is disabled, busy, left alone, or does not offer this model."),
    gettext_noop("The request came back to this server: the base URL of one of its accounts leads here."),
    gettext_noop("The server is restarting."),
    gettext_noop("The upstream fails nearly always, and another request tries it just now."),
    gettext_noop("Timeout waiting for first data (%(what)ss)"),
    gettext_noop("upstream fell silent in the middle of its answer for %(what)s s"),
    gettext_noop(
        "the account's base URL leads back to this server: change it, then enable the account again"
    ),
    gettext_noop("the account's base URL is not valid"),
    gettext_noop("no connection to upstream, or it closed before answering"),
    gettext_noop("no connection to upstream"),
    gettext_noop("no connection to upstream: %(what)s"),
    gettext_noop("the host's name could not be looked up"),
    gettext_noop("the host was not found"),
    gettext_noop("the connection was refused: nothing listens there"),
    gettext_noop("the certificate is not valid: %(what)s"),
    gettext_noop("it was not accepted"),
    gettext_noop("it has expired"),
    gettext_noop("it is signed by itself"),
    gettext_noop("nobody whom this machine trusts has signed it"),
    gettext_noop("it is for another host"),
    gettext_noop("it is for another address"),
    gettext_noop("TLS failed: is it http:// there?"),
    gettext_noop("the host cannot be reached from here"),
    gettext_noop("what upstream answered is no valid HTTP"),
    gettext_noop("upstream's answer could not be %(what)s"),
    gettext_noop("upstream answered another number of vectors than there are texts"),
    gettext_noop("upstream's answer holds other vectors than asked"),
    gettext_noop("upstream's answer holds no count"),
    gettext_noop("upstream gave up its answer"),
    gettext_noop("upstream told an error"),
    gettext_noop("upstream sent %(what)s"),
    gettext_noop("upstream sent data that is no JSON object"),
    gettext_noop("upstream sent JSON of more than %(what)s lists and objects"),
    gettext_noop("upstream sent data that is no chunk of an answer"),
    gettext_noop("upstream sent a JSON document that is no chat completion"),
    gettext_noop("upstream sent a JSON document that is no whole response"),
    gettext_noop("a function call has no name"),
    gettext_noop("a tool call was cut"),
    gettext_noop("the arguments of a function call are no object"),
    gettext_noop("a tool call ended with arguments that are no JSON object"),
    gettext_noop("a second message_start"),
    gettext_noop("message_start without a message"),
    gettext_noop("message_stop came before the answer was whole"),
    gettext_noop("content block %(what)s began without content"),
    gettext_noop("content block %(what)s is not open"),
    gettext_noop("%(what)s came before message_start"),
)
"""What the relay says of a failure where upstream said nothing; each with one place at most."""

_KNOWN: Final = KnownSentences(SENTENCES)


def kind_label(kind: str) -> str:
    """The kind in words; what is none of ours as it is."""
    words = WORDS.get(kind)
    return gettext(words) if words else kind


def failure_sentence(text: str) -> str:
    """A sentence of ours translated, and one within it; upstream's own words as they are."""
    return _KNOWN.translated(text, gettext)
