"""What a view's address asks for that is no filter: said on the page, for a filter must not vanish unseen."""

from collections.abc import Mapping

from monitor.history.listing.filters import HistoryFilter
from monitor.history.listing.sorting import is_order

OTHERS = frozenset({"before", "after", "id", "format", "emails", "images", "prompts"})
"""Parameters of the pages that are no filters."""
SHOWN_CHARACTERS = 60
SHOWN = 10


def misunderstood(parameters: Mapping[str, str], asked: HistoryFilter) -> list[tuple[str, str]]:
    """Names and values that were given and left out of ``asked``; a range of time that is empty is one."""
    found = [
        (name[:SHOWN_CHARACTERS], value[:SHOWN_CHARACTERS])
        for name, value in parameters.items()
        if value.strip() and name not in OTHERS and name not in asked.values and not _is_sort(name, value)
    ]
    if ends_before_it_begins(asked):
        found.append(("until", asked.values["until"]))
    return found[:SHOWN]


def _is_sort(name: str, value: str) -> bool:
    return name == "sort" and is_order(value)


def ends_before_it_begins(asked: HistoryFilter) -> bool:
    """Whether the range of time that is asked for is empty."""
    since, until = asked.time_range()
    return bool(since and until) and until <= since
