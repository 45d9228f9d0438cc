"""How the monitor's pages write durations, tokens, costs, accounts, moments and sentences."""

from decimal import Decimal

from django import template
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from monitor.diagnosis.diagnosis import SEVERITY_WORDS, Severity
from monitor.record.attempt_use import cost_of_failed
from monitor.record.estimated import is_estimated
from monitor.record.phrasing import Phrase
from monitor.record.recorded_words import known_word
from monitor.record.records import EndedBy, Outcome, Phase, RequestRecord
from monitor.words.account_label import account_label
from monitor.words.change_words import change_sentence
from monitor.words.failure_words import failure_sentence, kind_label
from monitor.words.labels import (
    CACHE_MISS_LABELS,
    ENDED_BY_LABELS,
    ENDED_IN_LABELS,
    OUTCOME_LABELS,
    SPAN_LABELS,
)
from monitor.words.plain_text import shown
from monitor.words.wording import as_html, duration, local_time

register = template.Library()

OUTCOME_SIGNS = {
    "ok": "✓",
    "retried": "↻",
    "healed": "✚",
    "continued": "⇢",
    "thinking_only": "…",
    "refused": "!",
    "client_closed": "⏏",
    "interrupted": "⚡",
    "zero_tokens": "∅",
    "error": "✕",
    "unauthorized": "⊗",
    "key_expired": "⌛",
    "not_allowed": "⊘",
    "rate_limited": "⏱",
    "over_budget": "¤",
}
"""A shape for each outcome, so that none is told by its colour alone."""

register.filter("duration", duration)
register.filter("plain", shown)
register.filter("local_time", local_time)


@register.filter
def phrase(sentence: Phrase) -> SafeString:
    """A sentence in the reader's language."""
    return as_html(sentence)


@register.filter
def number(value: int | None) -> str:
    """``1,234``; a dash when it is not known."""
    return "–" if value is None else f"{value:,}"


@register.filter
def cost(value: Decimal | None) -> str:
    """US dollars with as many digits as say something."""
    if value is None:
        return "–"
    if not value:
        return "$0"
    if 0 < value < Decimal("0.0001"):
        return "<$0.0001"
    return f"${value:.4f}" if value < 1 else f"${value:.2f}"


@register.filter
def cost_of_row(record: RequestRecord) -> str:
    """A row's cost; ``≈`` before what rests on an estimate."""
    is_told = record.cost is not None and is_estimated(record)
    return f"≈ {cost(record.cost)}" if is_told else cost(record.cost)


@register.filter
def cost_of_failed_attempts(record: RequestRecord) -> str:
    """What of a row's cost is that of attempts which were given up; blank where there is none."""
    failed = cost_of_failed(record.used_by_attempt)
    return "" if failed is None else cost(failed)


@register.filter
def cost_of_attempt(record: RequestRecord, number: int) -> str:
    """What an attempt cost, where the row tells its attempts apart; else blank."""
    return "".join(cost(use.cost) for use in record.used_by_attempt or () if use.number == number)


@register.filter
def account(label: str | None) -> str:
    """An account's label, masked where that is set."""
    return account_label(label)


@register.filter
def outcome_word(outcome: Outcome | None) -> str:
    """The outcome in the reader's language; in flight without one."""
    return str(OUTCOME_LABELS[outcome]) if outcome else gettext("in flight")


@register.filter
def outcome_sign(outcome: Outcome | None) -> str:
    """The outcome's shape."""
    return OUTCOME_SIGNS[outcome] if outcome else "●"


@register.filter
def severity_word(severity: Severity) -> str:
    """The severity in the reader's language."""
    return gettext(SEVERITY_WORDS[severity])


@register.filter
def cache_miss_word(cause: str) -> str:
    """Why a prompt cache was not read, in the reader's language."""
    return str(CACHE_MISS_LABELS.get(cause, cause))


@register.filter
def ended_by_word(value: EndedBy | None) -> str:
    """Who ended it."""
    return str(ENDED_BY_LABELS[value]) if value else "–"


@register.filter
def ended_in_word(value: Phase | None) -> str:
    """In which phase it ended."""
    return str(ENDED_IN_LABELS[value]) if value else "–"


@register.filter
def phase_word(phase: str) -> str:
    """A part of an attempt on the time axis."""
    return str(SPAN_LABELS[phase])


register.filter("failure_kind", kind_label)
register.filter("failure_sentence", failure_sentence)
register.filter("change_sentence", change_sentence)


@register.filter
def recorded(text: str) -> str:
    """A role, a part's title or a strategy in the reader's language; what is no such word as it is."""
    word = known_word(text)
    return gettext(word) + text.removeprefix(word) if word else text


@register.filter
def fold(text: str, limit: int) -> str:
    """The beginning of a text on one line."""
    flat = shown(" ".join(text[: limit * 2].split()))
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"
