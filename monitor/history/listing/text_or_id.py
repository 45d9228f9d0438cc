"""Whether a search is for an exchange by its id, ours or upstream's, or for words: the store knows ids."""

import msgspec

from monitor.history.listing.filters import HistoryFilter, Sought, may_begin_an_id
from monitor.history.queries import asked_upstream_as, with_id_beginning
from monitor.models import RequestLog

_SHORTEST, _LONGEST = 8, 512
"""Characters of an id of upstream's: ``req_…``, a UUID, ``chatcmpl-…``, Gemini's 22 letters."""


def looked_up(asked: HistoryFilter) -> HistoryFilter:
    """The same with what its text is: the id of an exchange where there is one, else words.

    Two questions to indexes at most. An id that is on record nowhere may stand in a text all the same.
    """
    text = asked.text
    if not text:
        return asked
    sought = Sought.TEXT
    if may_begin_an_id(text) and RequestLog.objects.filter(with_id_beginning(text)).exists():
        sought = Sought.OURS
    elif _may_be_upstreams(text) and RequestLog.objects.filter(asked_upstream_as(text)).exists():
        sought = Sought.UPSTREAMS
    return msgspec.structs.replace(asked, sought=sought)


def _may_be_upstreams(text: str) -> bool:
    is_word = text.isascii() and text.isprintable() and " " not in text
    return is_word and _SHORTEST <= len(text) <= _LONGEST
