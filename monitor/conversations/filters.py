"""The filters of the conversations' page: from a URL's query to conditions of indexes, and back."""

from collections.abc import Mapping
from urllib.parse import urlencode

import msgspec
from django.db.models import Q

from monitor.conversations.models import IN_USE
from monitor.history.listing.filters import HistoryFilter, parse

FLAGS: dict[str, Q] = {
    "failed": Q(failed__gt=0),
    "rescued": Q(rescued__gt=0),
    "several": Q(turns__gt=1),
    "sub": Q(by_sub_agents__gt=0),
}
"""What is either asked for or not; each has an index."""
EXACT = ("client_name", "client_key")
OF_PARTS = {"mapped_model": "model", "account": "account"}
"""Asked of a conversation's parts, conversation by conversation."""
MISSED = "missed"
"""Asked of the turns: one whose prompt cache was not read, though it could have been."""
_SHARED = ("q", "client_key", "mapped_model", "account", "since", "until", "within")
"""Those that the history has too, and under the same name."""


class ConversationFilter(msgspec.Struct, frozen=True):
    """What is asked for. ``values`` are the parameters of the URL that mean something, normalised."""

    values: Mapping[str, str]

    def condition(self) -> Q:
        """The conversations, without what is asked of their parts. A time is that of the last turn."""
        condition = Q()
        for name, value in self.values.items():
            if name in FLAGS:
                condition &= FLAGS[name]
            elif name in EXACT:
                condition &= Q((name, value))
        since, until = HistoryFilter(self.values).time_range()
        if since:
            condition &= Q(last_id__gte=since)
        return condition & Q(last_id__lt=until) if until else condition

    def of_parts(self) -> Q | None:
        """What is asked of the parts: all of it of one part; None where nothing is."""
        asked = {column: self.values[name] for name, column in OF_PARTS.items() if name in self.values}
        return Q(IN_USE, **asked) if asked else None

    def without_texts(self) -> "ConversationFilter":
        """The same for who may not read what was asked: a search would tell which words stand there."""
        return ConversationFilter({name: value for name, value in self.values.items() if name != "q"})

    def query(self, **changes: str) -> str:
        """The URL's query of this view with some parameters changed; ``""`` takes one away."""
        merged = {**self.values, **changes}
        return urlencode({name: value for name, value in merged.items() if value})


def asked_for(parameters: Mapping[str, str]) -> ConversationFilter:
    """The filter that the parameters of a URL ask for. What is not understood is left out."""
    values = {name: value for name, value in parse(parameters).values.items() if name in _SHARED}
    if name := parameters.get("client_name", "").strip()[:100].replace("\0", ""):
        values["client_name"] = name
    return ConversationFilter(
        values | {flag: "1" for flag in (*FLAGS, MISSED) if parameters.get(flag) == "1"}
    )
