"""What an answer tells about its account's quota: a table of each vendor's headers and words. PURE.

* Anthropic, API keys (docs.claude.com, *Rate limits*, response headers): ``anthropic-ratelimit-`` with
  ``requests``, ``tokens``, ``input-tokens`` or ``output-tokens``, then ``limit``, ``remaining``, and
  ``reset`` as an RFC 3339 time. They are those of the model that was asked.
* Anthropic, subscriptions (as Claude Code reads them): ``anthropic-ratelimit-unified-5h-utilization`` and
  ``-7d-``, a share, with ``reset`` in epoch seconds and a ``status``; ``7d_opus``, ``7d_sonnet`` are of those
  models alone.
* OpenAI and compatible servers (platform.openai.com, *Rate limits*, headers): ``x-ratelimit-limit-requests``,
  ``-remaining-``, ``-reset-``, the same for ``tokens``; the reset is a duration such as ``6m0s`` or ``12ms``.
* Gemini (ai.google.dev, *Rate limits*): no headers. A 429 names the limit in ``QuotaFailure.violations``;
  those of a day begin anew at midnight Pacific time.

A moment is counted from the answer's own ``Date``: upstream's clock need not be ours.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from accounts.pool.quota_windows import Window, counted, window
from relay.dialects.errors.told_waits import seconds_in

ANTHROPIC: Final = "anthropic-ratelimit-"
OPENAI: Final = "x-ratelimit-"
UNIFIED: Final = "unified-"

_PARTS: Final = ("requests", "tokens", "input-tokens", "output-tokens")
_CLAIMS: Final = re.compile(r"(\d{1,3}[hd])(?:_([a-z0-9]{1,20}))?-utilization")
_LONGEST_TEXT: Final = 64
_PACIFIC: Final = ZoneInfo("America/Los_Angeles")


def told_in_headers(headers: Mapping[str, str], model: str, now: float) -> list[Window]:
    """The windows in an answer's ``headers`` (lower-case names); ``model`` was asked, ``now`` is our time."""
    if not any("ratelimit" in name for name in headers):
        return []
    skew = skew_from(headers.get("date", ""), now)
    found: list[Window | None] = []
    for part in _PARTS:
        found.append(_of_anthropic(headers, part, model, now, skew))
        found.append(_of_openai(headers, part, model, now))
    found += _unified(headers, model, now, skew)
    return [one for one in found if one is not None]


def skew_from(date: str, now: float) -> float:
    """How far our clock (``now``) is ahead of the one that says ``date`` in an answer; 0 if none does."""
    told = _date(date)
    return 0.0 if told is None else now - told


def moment_in(text: str) -> float | None:
    """An RFC 3339 time as epoch seconds; None for what is none."""
    try:
        moment = datetime.fromisoformat(text[:_LONGEST_TEXT])
    except ValueError:
        return None
    return moment.timestamp() if moment.tzinfo else None


def told_in_refusal(body: bytes, model: str, now: float) -> list[Window]:
    """The windows that a 429 of Gemini's says are spent."""
    if b"QuotaFailure" not in body:
        return []
    try:
        details = msgspec.json.decode(body)
        details = (details[0] if isinstance(details, list) else details)["error"]["details"]
        violations = [one for detail in details for one in _violations(detail)]
        delays = [delay for detail in details if (delay := _delay(detail)) is not None]
    except (ValueError, TypeError, KeyError, IndexError, RecursionError):
        return []
    found = (_violated(one, delays[0] if delays else None, model, now) for one in violations[:20])
    return [one for one in found if one is not None]


def _of_anthropic(
    headers: Mapping[str, str], part: str, model: str, now: float, skew: float
) -> Window | None:
    limit, remaining = (_whole(headers.get(f"{ANTHROPIC}{part}-{word}")) for word in ("limit", "remaining"))
    if limit is None or remaining is None:
        return None
    reset = moment_in(headers.get(f"{ANTHROPIC}{part}-reset", ""))
    return counted(part, limit, remaining, None if reset is None else reset + skew - now, now, model)


def _of_openai(headers: Mapping[str, str], part: str, model: str, now: float) -> Window | None:
    limit, remaining = (_whole(headers.get(f"{OPENAI}{word}-{part}")) for word in ("limit", "remaining"))
    if limit is None or remaining is None:
        return None
    return counted(part, limit, remaining, seconds_in(headers.get(f"{OPENAI}reset-{part}", "")), now, model)


def _unified(headers: Mapping[str, str], model: str, now: float, skew: float) -> Iterable[Window | None]:
    """The claims of a subscription; one that names a family of models is of the model asked, if it is one."""
    start = ANTHROPIC + UNIFIED
    for name, value in headers.items():
        claim = _CLAIMS.fullmatch(name[len(start) :]) if name.startswith(start) else None
        used = _number(value) if claim else None
        if claim is None or used is None:
            continue
        period, family = claim[1], claim[2] or ""
        if family and family not in model:
            continue
        prefix = name.removesuffix("utilization")
        if headers.get(f"{prefix}status") == "rejected":
            used = 1.0
        reset = _number(headers.get(f"{prefix}reset"))
        seconds = None if reset is None else reset + skew - now
        told = f"{period} {family}" if family else period
        yield window(told, used, seconds, now, model=model if family else "")


def _violations(detail: Any) -> list[Any]:
    is_one = isinstance(detail, dict) and str(detail.get("@type", "")).endswith("QuotaFailure")
    found = detail.get("violations") if is_one else None
    return found if isinstance(found, list) else []


def _delay(detail: Any) -> float | None:
    told = detail.get("retryDelay") if isinstance(detail, dict) else None
    return seconds_in(told) if isinstance(told, str) else None


def _violated(violation: Any, delay: float | None, model: str, now: float) -> Window | None:
    if not isinstance(violation, dict):
        return None
    told = violation.get("quotaId")
    if not isinstance(told, str):
        return None
    limit = _whole(violation.get("quotaValue")) if isinstance(violation.get("quotaValue"), str) else None
    name = "tokens" if "token" in told.lower() else "requests"
    if "PerDay" in told:
        return window(f"{name} a day", 1.0, _to_midnight(now), now, model=model, limit=limit, remaining=0)
    return window(f"{name} a minute", 1.0, delay, now, model=model, limit=limit, remaining=0)


def _to_midnight(now: float) -> float:
    here = datetime.fromtimestamp(now, _PACIFIC)
    midnight = (here + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight.timestamp() - now


def _whole(text: str | None) -> int | None:
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _number(text: str | None) -> float | None:
    if not text or len(text) > _LONGEST_TEXT:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def _date(text: str) -> float | None:
    try:
        return parsedate_to_datetime(text[:_LONGEST_TEXT]).timestamp() if text else None
    except (ValueError, OverflowError):
        return None
