"""Phrases in the reader's language: as plain text, or as HTML with times in the browser's zone."""

from datetime import UTC, datetime

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from monitor.record.moments import utc_text
from monitor.record.phrasing import Moment, Phrase, Seconds, Value
from monitor.words.plain_text import shown


def duration(milliseconds: int | None) -> str:
    """``0.85 s``, ``1.2 s``, ``3:05 min``; a dash when it is not known."""
    if milliseconds is None:
        return "–"
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f} s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes}:{seconds:02d} min"


def local_time(at: float, style: str = "time") -> SafeString:
    """An element whose text becomes the time in the browser's zone; the exact UTC time is its title."""
    exact = utc_text(at)
    return format_html(
        '<time datetime="{}" title="{}" data-local="{}">{} UTC</time>', exact, exact, style, exact[11:19]
    )


def as_html(phrase: Phrase) -> SafeString:
    """The sentence with everything that is filled in escaped."""
    values = {name: _html_value(value) for name, value in phrase.values.items()}
    return mark_safe(conditional_escape(gettext(phrase.message)) % values)  # noqa: S308  all parts are escaped


def as_text(phrase: Phrase) -> str:
    """The sentence as plain text, times in UTC."""
    return gettext(phrase.message) % {name: _text_value(value) for name, value in phrase.values.items()}


def _html_value(value: Value) -> object:
    match value:
        case int():
            return value
        case Moment(at):
            return local_time(at)
        case Phrase():
            return as_html(value)
        case _:
            return conditional_escape(str(_text_value(value)))


def _text_value(value: Value) -> str | int:
    match value:
        case Seconds(milliseconds):
            return duration(milliseconds)
        case Moment(at):
            return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S} UTC"
        case Phrase():
            return as_text(value)
        case str():
            return shown(value)
        case _:
            return value
