"""The numbers of ``GET /metrics``: exchanges, attempts, times and tokens, for Prometheus."""

from functools import lru_cache

from prometheus_client import Counter, Gauge, Histogram

from monitor.ledger.booking import tokens_of
from monitor.record.attempt_use import uses_of
from monitor.record.records import RequestRecord

EXCHANGES = Counter("evenkeel_exchanges_total", "Exchanges that ended", ["dialect", "outcome"])
FAILED_ATTEMPTS = Counter("evenkeel_failed_attempts_total", "Attempts that failed", ["kind"])
IN_FLIGHT = Gauge("evenkeel_in_flight", "Exchanges that are being served", multiprocess_mode="livesum")
FIRST_DATA = Histogram(
    "evenkeel_first_data_seconds",
    "From admission to the first valid data",
    buckets=(0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300),
)
DURATION = Histogram(
    "evenkeel_duration_seconds",
    "From admission to the end of the answer",
    buckets=(0.25, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800),
)
TOKENS = Counter("evenkeel_tokens_total", "Tokens as upstream counted them, for all attempts", ["direction"])
RETRY_TURNS = Counter(
    "evenkeel_retry_turns_total",
    "Turns that retries asked for: at once, waited (spent budget), refused (full queue or no time left)",
    ["upstream", "turn"],
)
RESTING = Gauge(
    "evenkeel_upstream_resting",
    "How many models of an upstream fail nearly always, and are left alone for a while",
    ["upstream"],
    multiprocess_mode="livemax",
)
REFUSED_KEYS = Counter("evenkeel_refused_keys_total", "Requests with a missing or refused client key")

REFUSED_BY_LIMITS = Counter(
    "evenkeel_refused_by_limits_total", "Requests that their client key was not let make", ["why"]
)


# To find one by its labels takes three times as long as to count.
_exchanges = lru_cache(maxsize=1024)(EXCHANGES.labels)
_tokens = lru_cache(maxsize=8)(TOKENS.labels)


def observe(row: RequestRecord, seconds: float) -> None:
    """Count an exchange that ended after ``seconds``."""
    _exchanges(row.dialect, row.outcome or "").inc()
    DURATION.observe(seconds)
    if row.first_data_ms is not None:
        FIRST_DATA.observe(row.first_data_ms / 1000)
    for use in uses_of(row):
        for direction, tokens in zip(("in", "out", "cached"), tokens_of(use), strict=False):
            if tokens:
                _tokens(direction).inc(tokens)
