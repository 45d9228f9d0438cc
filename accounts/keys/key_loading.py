"""From a client key's row to what every process holds of it in memory."""

from ipaddress import ip_network

from accounts.keys.limits import KeyLimits, Limit, Measure, Period, as_refused, units
from accounts.keys.models import ClientKey
from accounts.snapshot import KeyView, epoch
from accounts.wildcards import WildcardIndex


def key_view(key: ClientKey) -> KeyView:
    """One key, with its limits made ready; without limits where none is set."""
    limits = key_limits(key)
    return KeyView(
        key.pk,
        key.name,
        bytes.fromhex(key.sha256),
        key.record_bodies,
        None if limits == KeyLimits() else limits,
        bytes.fromhex(key.previous_sha256),
        epoch(key.previous_until),
    )


def key_limits(key: ClientKey) -> KeyLimits:
    """What the key may do."""
    return KeyLimits(
        expires_at=epoch(key.expires_at),
        allowed=_patterns(key.allowed_models),
        refused=_patterns([as_refused(pattern) for pattern in key.refused_models]),
        kinds=frozenset(key.kinds),
        groups=frozenset(key.groups),
        networks=tuple(ip_network(text) for text in key.networks),
        highest_effort=key.highest_effort,
        max_in_flight=key.max_in_flight or 0,
        limits=_limits(key),
        conversation=key.conversation_limits,
    )


def _patterns(patterns: list[str]) -> WildcardIndex[str] | None:
    return WildcardIndex((pattern, pattern) for pattern in patterns) if patterns else None


def _limits(key: ClientKey) -> tuple[Limit, ...]:
    told: list[tuple[Measure, Period, int | None]] = [
        ("requests", "minute", key.requests_per_minute),
        ("tokens", "minute", key.tokens_per_minute),
        ("tokens", "day", key.tokens_per_day),
        ("tokens", "week", key.tokens_per_week),
        ("tokens", "month", key.tokens_per_month),
        ("tokens", "total", key.tokens_in_total),
        ("usd", "day", units(key.usd_per_day)),
        ("usd", "week", units(key.usd_per_week)),
        ("usd", "month", units(key.usd_per_month)),
        ("usd", "total", units(key.usd_in_total)),
    ]
    return tuple(Limit(measure, period, amount) for measure, period, amount in told if amount is not None)
