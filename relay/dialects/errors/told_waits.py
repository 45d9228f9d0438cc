"""How long upstream asks to be left alone: in headers, in fields of its error, or in its words. PURE.

The vendors have no form in common, so each form that was seen is a row, with the name of whoever uses it. A
moment is counted from the answer's own ``date`` header, so a wrong clock on either side does no harm.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from relay.dialects.errors.retry_after import retry_after_seconds

_LONGEST = 64
"""Characters of a duration or a moment that are looked at."""

_MOST_FIELDS = 200
"""Fields of an error that are looked at."""

_DEEPEST = 6
_PIECE = re.compile(
    r" ?(\d{1,12}(?:\.\d{1,12})?) ?"
    r"(ms|us|µs|ns|days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)(?![a-z])"
)
_UNIT_SECONDS = {
    "d": 86_400.0,
    "h": 3_600.0,
    "m": 60.0,
    "s": 1.0,
    "ms": 1e-3,
    "us": 1e-6,
    "µs": 1e-6,
    "ns": 1e-9,
}
_CHINA = timezone(timedelta(hours=8))
_NOT_OF_A_MOMENT = ".,;!)'\""

Reader = Callable[[Any, datetime | None], float | None]
"""From what was told, and the time of the answer where it is known, to seconds."""


def duration_seconds(told: str) -> float | None:
    """``6m0s``, ``1.2s``, ``27h41m36s``, ``1 seconds``: the duration that ``told`` begins with."""
    told, place = told.lower()[:_LONGEST], 0
    total: float | None = None
    while (piece := _PIECE.match(told, place)) is not None:
        unit = piece[2] if piece[2] in _UNIT_SECONDS else piece[2][0]
        total = (total or 0.0) + float(piece[1]) * _UNIT_SECONDS[unit]
        place = piece.end()
    return total


def seconds_in(told: str) -> float | None:
    """A header's duration: a bare number is seconds too."""
    return _number(told, None) if told else None


def _duration(told: Any, now: datetime | None) -> float | None:
    """A duration with units, or the object form of one."""
    if isinstance(told, dict):
        told = f"{told.get('seconds') or 0}s{told.get('nanos') or 0}ns"
    return duration_seconds(told) if isinstance(told, str) else None


def _number(told: Any, now: datetime | None) -> float | None:
    """Seconds, as a number or a text; with units too."""
    if isinstance(told, str):
        told = told[:_LONGEST].strip()
        try:
            return float(told)
        except ValueError:
            return duration_seconds(told)
    return float(told) if isinstance(told, int | float) and not isinstance(told, bool) else None


def _epoch(told: Any, now: datetime | None) -> float | None:
    """Seconds or milliseconds since 1970, to be counted from ``now``."""
    value = _number(told, now)
    if value is None or now is None:
        return None
    return max(value / (1000 if value > 1e11 else 1) - now.timestamp(), 0.0)


def _moment(told: Any, now: datetime | None) -> float | None:
    """A date with a time, ``2099-09-23 23:59:59 +0800 CST`` or ISO 8601; without a zone it is China's.

    (GLM alone was seen to leave the zone out.)
    """
    if not isinstance(told, str) or now is None:
        return None
    words = told[:_LONGEST].strip().upper().split(" ")
    text = words[0].rstrip(_NOT_OF_A_MOMENT)
    if "T" not in text and len(words) > 1:
        text = f"{text}T{words[1].rstrip(_NOT_OF_A_MOMENT)}"
        zone = words[2].rstrip(_NOT_OF_A_MOMENT) if len(words) > 2 else ""
        if zone[:1] in ("+", "-"):
            text += zone
        elif zone in ("UTC", "GMT", "Z"):
            text += "+00:00"
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=_CHINA)
    return max((moment - now).total_seconds(), 0.0)


FIELDS: tuple[tuple[str, str, Reader], ...] = (
    ("Google (RetryInfo)", "retryDelay", _duration),
    ("Google Code Assist (ErrorInfo)", "quotaResetDelay", _duration),
    ("Google Code Assist (ErrorInfo)", "quotaResetTimeStamp", _moment),
    ("ChatGPT's accounts (usage_limit_reached)", "resets_in_seconds", _number),
    ("ChatGPT's accounts (usage_limit_reached)", "resets_at", _epoch),
    ("CLIProxyAPI (model_cooldown)", "reset_seconds", _number),
    ("OpenRouter (metadata.headers)", "retry-after", _number),
    ("OpenRouter (metadata.headers)", "x-ratelimit-reset", _epoch),
    ("Cloudflare (problem details), gateways", "retry_after", _number),
    ("gateways", "retry_after_seconds", _number),
    ("gateways", "retryafter", _number),
)
"""Who tells it, in which field of the error (at any depth), and how it is read: the first that is there."""

WORDS: tuple[tuple[str, str, Reader], ...] = (
    ("OpenAI, Azure, Groq", "try again in ", _duration),
    ("Moonshot (Kimi)", "try again after ", _duration),
    ("Google", "retry in ", _duration),
    ("Azure", "retry after ", _duration),
    ("Google Code Assist, Qwen", "reset after ", _duration),
    ("ChatGPT's accounts", "resets in ", _duration),
    ("Volcengine Ark, GLM (Z.ai)", "reset at ", _moment),
    ("gateways", "resets at ", _moment),
)
"""Who says it, behind which words of the message, and how it is read: the first that is said."""


def told_wait(
    status: int | None,
    headers: Mapping[str, str],
    error: Any,
    message: str,
    own: Callable[[], float | None] = lambda: None,
) -> float | None:
    """The delay that upstream told, in seconds; None where it told none.

    ``headers`` have lower-case names, ``error`` is the error as JSON has it, ``message`` its words. ``own``
    is what the dialect's own headers tell of a quota. Those and words are looked at for a 429 only.
    """
    now = _time_of(headers)
    told = retry_after_seconds(headers)
    if told is None and status == 429:
        told = own()
    if told is None:
        told = _told_in_fields(error, now)
    if told is None and status == 429:
        told = _told_in_words(message, now)
    return told


def _told_in_fields(error: Any, now: datetime | None) -> float | None:
    fields = dict(reversed(list(_fields(error))))
    for _, name, read in FIELDS:
        if name.lower() in fields and (seconds := read(fields[name.lower()], now)) is not None:
            return seconds
    return None


def _told_in_words(message: str, now: datetime | None) -> float | None:
    lowered = message.lower()
    for _, words, read in WORDS:
        _, said, rest = lowered.partition(words)
        if said and (seconds := read(rest, now)) is not None:
            return seconds
    return None


def _fields(error: Any) -> Iterator[tuple[str, Any]]:
    """The fields of ``error`` at any depth, from the outside in; names in lower case."""
    level: list[Any] = [error] if isinstance(error, dict | list) else []
    left = _MOST_FIELDS
    for _ in range(_DEEPEST):
        deeper: list[Any] = []
        for one in level:
            for name, value in one.items() if isinstance(one, dict) else enumerate(one):
                left -= 1
                if left < 0:
                    return
                yield str(name).lower(), value
                if isinstance(value, dict | list):
                    deeper.append(value)
        level = deeper
        if not level:
            return


def _time_of(headers: Mapping[str, str]) -> datetime | None:
    try:
        now = parsedate_to_datetime(headers.get("date", ""))
    except (ValueError, TypeError):
        return None
    return now if now.tzinfo is not None else now.replace(tzinfo=UTC)
