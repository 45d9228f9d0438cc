"""What Code Assist's own quota call tells of an account. PURE.

``POST /v1internal:retrieveUserQuota`` with ``{"project": …}`` is what gemini-cli asks for its ``/stats``
(github.com/google-gemini/gemini-cli, packages/core/src/code_assist: ``RetrieveUserQuotaResponse``). It
answers ``{"buckets": [{"modelId", "tokenType", "remainingAmount", "remainingFraction", "resetTime"}]}``: an
amount is a text of digits, a fraction from 0 to 1, a time RFC 3339; each may be missing. As with the
headers, a moment is counted from the answer's own ``Date``.
"""

from typing import Any, Final

import msgspec

from accounts.pool.quota_windows import MOST_WINDOWS, Window, window
from relay.dialects.quotas.told_quotas import moment_in, skew_from

PATH: Final = "/v1internal:retrieveUserQuota"

_DIGITS: Final = 15
_LEAST_SHARE: Final = 1e-6
"""Of a smaller one the whole cannot be reckoned."""

_LONGEST_MODEL: Final = 200
_LONGEST_WORD: Final = 30


def told_by_code_assist(body: bytes, now: float, date: str = "") -> list[Window]:
    """The windows in an answer; ``now`` is our time in epoch seconds, ``date`` the answer's own.

    What cannot be read says nothing.
    """
    try:
        buckets = msgspec.json.decode(body)["buckets"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []
    skew = skew_from(date, now)
    found = (_told(one, now, skew) for one in (buckets if isinstance(buckets, list) else [])[:MOST_WINDOWS])
    return [one for one in found if one is not None]


def _told(bucket: Any, now: float, skew: float) -> Window | None:
    if not isinstance(bucket, dict):
        return None
    model, left, amount = (bucket.get(name) for name in ("modelId", "remainingFraction", "remainingAmount"))
    if not isinstance(model, str) or not 0 < len(model) <= _LONGEST_MODEL or not model.isprintable():
        return None  # PostgreSQL refuses some of what cannot be printed
    remaining = int(amount) if isinstance(amount, str) and _is_number(amount) else None
    if left is None and remaining == 0:
        left = 0.0
    if isinstance(left, bool) or not isinstance(left, int | float):
        return None
    share = float(min(max(left, 0), 1))  # compared first: no float holds a number of hundreds of digits
    limit = round(remaining / share) if remaining is not None and share >= _LEAST_SHARE else None
    told = bucket.get("tokenType")
    name = told.lower().replace("_", " ") if isinstance(told, str) and _is_word(told) else "requests"
    told_reset = bucket.get("resetTime")
    reset = moment_in(told_reset) if isinstance(told_reset, str) else None
    seconds = None if reset is None else reset + skew - now
    return window(name, 1 - share, seconds, now, model=model, limit=limit, remaining=remaining)


def _is_word(told: str) -> bool:
    return told.isascii() and told.isidentifier() and len(told) <= _LONGEST_WORD


def _is_number(amount: str) -> bool:
    return amount.isascii() and amount.isdigit() and len(amount) <= _DIGITS
