"""Which conversations have a turn with these words, or with a prompt cache not read. Blocking."""

from collections.abc import Mapping, Sequence

import msgspec
from django.db.models import Q

from monitor.history.listing.filters import HistoryFilter
from monitor.history.listing.keyset import page_of as turns_of
from monitor.history.listing.text_or_id import looked_up
from monitor.models import ASKED_BY_A_CLIENT, RequestLog
from monitor.record.cache_misses import CAUSES

TURNS_LOOKED_UP = 1_000
"""The newest turns with the words; what is older is named, and found within a time."""
_OF_A_SEARCH = ("q", "since", "until", "within")


class FoundByWords(msgspec.Struct, frozen=True):
    """The conversations; ``searched_to`` is the id of the oldest turn that was looked at, empty for all."""

    ids: frozenset[str]
    searched_to: str = ""


def with_words(values: Mapping[str, str]) -> FoundByWords:
    """The conversations with a turn that has all words, or an id, in what the history's search looks at."""
    asked = HistoryFilter({name: values[name] for name in _OF_A_SEARCH if name in values})
    page = turns_of(looked_up(asked), limit=TURNS_LOOKED_UP)
    ids = frozenset(row.conversation for row in page.rows if row.conversation)
    return FoundByWords(ids, page.older)


def with_a_miss(ids: Sequence[str], first_id: str, last_id: str) -> set[str]:
    """Those of some conversations with a turn whose prompt cache was not read, though it could have been.

    All their turns are between the two ids, which the index of the misses is read between.
    """
    missed = Q(cache_miss__in=CAUSES, cache_miss__gt="", id__gte=first_id, id__lte=last_id)
    rows = RequestLog.objects.filter(missed, ASKED_BY_A_CLIENT, conversation__in=ids)
    return set(rows.order_by().values_list("conversation", flat=True).distinct())
