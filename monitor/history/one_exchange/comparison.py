"""Two exchanges in numbers, line by line: what a replay did otherwise than the original."""

from collections.abc import Callable
from typing import Any, Final

import msgspec
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext_lazy as _

from monitor.record.records import RequestRecord
from monitor.templatetags.monitor_text import cost, ended_by_word, ended_in_word, number, outcome_word
from monitor.words.plain_text import shown
from monitor.words.wording import duration


class ComparedLine(msgspec.Struct, frozen=True):
    """A fact of both; ``differs`` where the two are not the same, and that says something."""

    label: Any
    first: str
    second: str
    differs: bool


def _plain(value: object) -> str:
    return "–" if value in (None, "") else shown(str(value))


def _size(count: int | None) -> str:
    return "–" if count is None else filesizeformat(count)


_FACTS: Final[tuple[tuple[Any, str, Callable[[Any], str]], ...]] = (
    (_("outcome"), "outcome", outcome_word),
    (_("status"), "status", _plain),
    (_("account"), "account", _plain),
    (_("mapped model"), "mapped_model", _plain),
    (_("attempts"), "attempts", _plain),
    (_("first data"), "first_data_ms", duration),
    (_("duration"), "duration_ms", duration),
    (_("tokens in"), "tokens_in", number),
    (_("tokens cached"), "tokens_cached", number),
    (_("tokens out"), "tokens_out", number),
    (_("tokens thinking"), "tokens_thinking", number),
    (_("cost"), "cost", cost),
    (_("stop reason"), "stop_reason", _plain),
    (_("ended by"), "ended_by", ended_by_word),
    (_("ended in"), "ended_in", ended_in_word),
    (_("size of the answer"), "response_bytes", _size),
)
_TIMES: Final = ("first_data_ms", "duration_ms")
"""Never quite the same: told, not marked."""


def compared(first: RequestRecord, second: RequestRecord) -> list[ComparedLine]:
    """The facts of two exchanges, in the order in which one asks for them."""
    return [
        ComparedLine(
            label,
            write(getattr(first, name)),
            write(getattr(second, name)),
            name not in _TIMES and getattr(first, name) != getattr(second, name),
        )
        for label, name, write in _FACTS
    ]
