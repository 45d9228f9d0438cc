"""The history's filters: from a URL's query to conditions that the indexes answer, and back."""

import re
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import reduce
from operator import and_, or_
from urllib.parse import urlencode

import msgspec
from django.db.models import Q

from monitor.history.queries import admitted_since, asked_upstream_as, ended_with, with_id_beginning
from monitor.models import PLAIN_END, RESCUED, SLOW_FIRST_DATA_MS
from monitor.record.records import EndedBy, Outcome, Phase
from monitor.record.request_id import first_request_id
from monitor.search.tokenizer import SEARCHED_COLUMNS, asked_words, typed_words
from monitor.words.labels import CACHE_MISS_LABELS, DIALECT_LABELS, ROLE_LABELS

_ID_BEGINNING = re.compile(r"[0-9a-f]{12,32}\Z")
"""So many digits of a request id say at least its millisecond, which a word in a text hardly does."""
_UPSTREAMS_ID = re.compile(
    r"req_[0-9A-Za-z]{8,100}\Z|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z"
)
"""Anthropic's and OpenAI's ids of a request, and a UUID, as many servers that are compatible give."""

_RANGES = frozenset({"since", "until", "within", "q"})
"""Ranges of ids, which every index has: they go with any filter."""
_PLAIN_VALUES = {
    **{name: (str(value),) for name, value in PLAIN_END.items()},
    "status_class": ("2",),
    "role": ("main",),
}
"""How most exchanges end: these filters leave most of the rows."""

FLAGS: dict[str, Q] = {
    "failed": Q(is_failure=True),
    "rescued": Q(outcome__in=RESCUED, is_notable=True),
    "healed": Q(healed=True),
    "continued": Q(continued=True),
    "retried": Q(attempts__gt=1),
    "zero": Q(tokens_out=0),
    "slow": Q(first_data_ms__gte=SLOW_FIRST_DATA_MS),
    "running": Q(in_flight=True),
}
"""What is either asked for or not."""

CHOICES: dict[str, tuple[str, ...]] = {
    "outcome": tuple(Outcome),
    "status_class": ("2", "4", "5"),
    "dialect": tuple(DIALECT_LABELS),
    "role": tuple(ROLE_LABELS),
    "stream": ("yes", "no"),
    "ended_by": tuple(EndedBy),
    "ended_in": tuple(Phase),
    "within": ("1", "24", "168"),
    "cache_miss": tuple(CACHE_MISS_LABELS),
}
"""Filters with a fixed set of values; any other value is no filter."""

EXACT = ("client_model", "mapped_model", "account", "client_key")
"""Filters by a whole value that the rows happen to have."""

HASHES = ("conversation", "agent")
"""Filters by a hash that nobody types: pages link to them."""
_HASH = re.compile(r"[0-9a-f]{32}\Z")

QUICK: dict[str, dict[str, str]] = {
    "all": {},
    "errors": {"failed": "1"},
    "rescued": {"rescued": "1"},
    "zero": {"outcome": "zero_tokens"},
    "interrupted": {"outcome": "interrupted"},
    "slow": {"slow": "1"},
}


def is_hash(text: str) -> bool:
    """Whether it can be a conversation or an agent: what a URL holds may be anything."""
    return _HASH.match(text) is not None


class Sought(Enum):
    """What the search for text looks for: an exchange by our id, or by upstream's, or words."""

    OURS = "ours"
    UPSTREAMS = "upstreams"
    TEXT = "text"


class HistoryFilter(msgspec.Struct, frozen=True):
    """What is asked for. ``values`` are the parameters of the URL that mean something, normalised.

    ``sought`` is what the text is, where the store was asked (``text_or_id.py``); else its looks tell.
    """

    values: Mapping[str, str]
    sought: Sought | None = None

    @property
    def text(self) -> str:
        """What to look for in the rows' texts."""
        return self.values.get("q", "")

    @property
    def body_text(self) -> str:
        """What to look for in the bodies."""
        return self.values.get("body", "")

    def condition(self) -> Q:
        """The rows, without the search for text."""
        condition = Q()
        for name, value in self.values.items():
            condition &= self._condition(name, value)
        return condition

    def text_condition(self) -> Q | None:
        """The search for text, asked of the rows; None when there is none, or the ids answer it."""
        if not self.text or self._sought is not Sought.TEXT:
            return None
        alike = [word for word, _ in asked_words(self.text)] or [self.text]
        typed = typed_words(self.text) or alike
        return _with_words(alike) if typed == alike else _with_words(alike) | _with_words(typed)

    def has_indexed_text(self) -> bool:
        """Whether the index of words answers the search for text: not one for signs alone."""
        return self.text_condition() is not None and bool(asked_words(self.text))

    def time_range(self) -> tuple[str, str]:
        """The ids from which on and before which rows are asked for; empty where there is no limit."""
        since, until = (_moment(self.values.get(name, "")) for name in ("since", "until"))
        if within := self.values.get("within"):
            since = max(since or 0.0, time.time() - int(within) * 3600)
        return (
            "" if since is None else first_request_id(int(since * 1000)),
            "" if until is None else first_request_id(int(until * 1000)),
        )

    def has_only_text(self) -> bool:
        """Whether nothing is asked for but text and a time range."""
        return self.values.keys() <= _RANGES

    def walked_and_checked(self) -> tuple[Q, Q | None]:
        """The rows that an index leads to, and what is then asked of each of them, if anything.

        An index answers one filter in the order of the page; the others are looked up row by row, so the one
        that leaves the fewest rows leads.
        """
        walked, others = Q(), []
        for name, value in self.values.items():
            condition = self._condition(name, value)
            if name in _RANGES:
                walked &= condition
            elif name != "body":
                others.append((_share(name, value), condition))
        others.sort(key=lambda ranked: ranked[0])
        conditions = [condition for _, condition in others]
        text = self.text_condition()
        checked = conditions[1:] if text is None else [*conditions[1:], text]
        return walked & conditions[0] if conditions else walked, _all_of(checked) if checked else None

    def is_seldom(self) -> bool:
        """Whether what is asked for seldom happens: the last days may well have none of it."""
        named = self.values.items()
        return any(_share(name, value) == 0 for name, value in named if name not in {*_RANGES, "body"})

    def query(self, **changes: str) -> str:
        """The URL's query of this view with some parameters changed; ``""`` takes one away."""
        merged = {**self.values, **changes}
        return urlencode({name: value for name, value in merged.items() if value})

    def without_texts(self) -> "HistoryFilter":
        """The same for who may not read what was asked: a search would tell which words stand there."""
        kept = {name: value for name, value in self.values.items() if name != "body"}
        sought = None if self.sought is Sought.TEXT else self.sought
        if (sought or _looks_like(self.text)) is Sought.TEXT:
            kept.pop("q", None)
        return HistoryFilter(kept, sought)

    def is_quick(self, name: str) -> bool:
        """Whether it is just that quick filter."""
        return dict(self.values) == QUICK[name]

    @property
    def _sought(self) -> Sought:
        return self.sought or _looks_like(self.text)

    def _condition(self, name: str, value: str) -> Q:
        if name != "q":
            return _condition(name, value)
        match self._sought:
            case Sought.OURS:
                return with_id_beginning(value)
            case Sought.UPSTREAMS:
                return asked_upstream_as(value)
            case _:
                return Q()


def parse(parameters: Mapping[str, str]) -> HistoryFilter:
    """The filter that the parameters of a URL ask for. What is not understood is left out."""
    values: dict[str, str] = {}
    for name in ("q", "body", *EXACT):
        if value := parameters.get(name, "").strip()[:500].replace("\0", ""):
            values[name] = value
    for name in HASHES:
        if is_hash(parameters.get(name, "")):
            values[name] = parameters[name]
    for name, allowed in CHOICES.items():
        if parameters.get(name) in allowed:
            values[name] = parameters[name]
    for name in FLAGS:
        if parameters.get(name) == "1":
            values[name] = "1"
    if re.fullmatch(r"[1-5][0-9]{2}", parameters.get("status", "")):
        values["status"] = parameters["status"]
    for name in ("since", "until"):
        if _moment(parameters.get(name, "")) is not None:
            values[name] = parameters[name]
    return HistoryFilter(values)


def _condition(name: str, value: str) -> Q:
    if name in FLAGS:
        return FLAGS[name]
    if name in EXACT or name in ("dialect", "role"):
        return Q((name, value))
    if name in HASHES:  # their indexes leave out the rows without one
        return Q((name, value), (f"{name}__gt", ""))
    match name:
        case "cache_miss":  # its index leaves out the rows without one
            return Q(cache_miss=value, cache_miss__gt="")
        case "outcome" | "ended_by" | "ended_in":
            return ended_with(name, value)
        case "status" | "status_class":
            return ended_with(name, int(value))
        case "stream":
            return Q(is_stream=value == "yes")
        case "since":
            return admitted_since(_moment(value) or 0.0)
        case "within":
            return admitted_since(time.time() - int(value) * 3600)
        case "until":
            return Q(id__lt=first_request_id(int((_moment(value) or 0.0) * 1000)))
        case _:
            return Q()


def may_begin_an_id(text: str) -> bool:
    """Whether it can be the beginning of an id of ours, with a millisecond at least."""
    return _ID_BEGINNING.match(text.lower()) is not None


def _looks_like(text: str) -> Sought:
    if may_begin_an_id(text):
        return Sought.OURS
    return Sought.UPSTREAMS if _UPSTREAMS_ID.match(text) else Sought.TEXT


def _moment(text: str) -> float | None:
    """Seconds since the epoch of an ISO time (UTC unless it says otherwise); None for anything else."""
    try:
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() if text else None
    except (ValueError, OverflowError, OSError):
        return None


def _share(name: str, value: str) -> int:
    """About how large a part of the rows a filter leaves, as a rank: what seldom happens, leads."""
    is_plain = value in _PLAIN_VALUES.get(name, ())
    if name in (*HASHES, "cache_miss") or name in FLAGS or (name in _PLAIN_VALUES and not is_plain):
        return 0
    if name in EXACT:
        return 1
    return 3 if is_plain else 2


def _with_words(words: Iterable[str]) -> Q:
    return _all_of(
        _any_of(Q((f"{column}__icontains", way)) for column in SEARCHED_COLUMNS for way in _writings(word))
        for word in words
    )


def _writings(word: str) -> set[str]:
    """SQLite's LIKE knows the case of ASCII letters only."""
    return {word} if word.isascii() else {word, word.lower(), word.upper(), word.capitalize()}


def _any_of(conditions: Iterable[Q]) -> Q:
    return reduce(or_, conditions)


def _all_of(conditions: Iterable[Q]) -> Q:
    return reduce(and_, conditions)
