"""How long upstream asks to be left alone, out of the headers that every vendor writes alike. PURE."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The delay of ``retry-after-ms``, else of ``retry-after`` (seconds or an HTTP date); None without.

    A date is counted from the answer's own ``date`` header, so a wrong clock on either side does no harm;
    without that header, and for words that are neither number nor date, nothing was told. Names are
    lower case.
    """
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    told = headers.get("retry-after", "")
    seconds = _number(told)
    if seconds is not None:
        return seconds
    try:
        until, now = parsedate_to_datetime(told), parsedate_to_datetime(headers.get("date", ""))
        return max((until - now).total_seconds(), 0.0)
    except (ValueError, TypeError):  # no date, or one with a zone and one without
        return None


def _number(told: str) -> float | None:
    try:
        value = float(told)
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None
