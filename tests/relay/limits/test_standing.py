"""What the holder of a key is told of its limits."""

from math import inf

import pytest

from accounts.keys.limits import UNITS_PER_DOLLAR, Limit
from relay.limits.limit_windows import LimitWindow
from relay.limits.standing import NO_QUOTA, Standing, headers, refusal, too_many_at_once
from relay.neutral.failures import Kind

MINUTE = LimitWindow(1_800_000_000.0, 1_800_000_060.0)
DAY = LimitWindow(1_799_971_200.0, 1_800_057_600.0)
RATE = Limit("requests", "minute", 3)
TOKENS = Limit("tokens", "day", 1000)
DOLLARS = Limit("usd", "day", 5 * UNITS_PER_DOLLAR)


def test_a_limit_is_reached_when_all_of_it_is_used() -> None:
    """Not below it: a budget's last request is let in while anything is left."""
    assert [Standing(RATE, MINUTE, used).is_over for used in (0, 2, 3, 4)] == [False, False, True, True]
    assert not Standing(DOLLARS, DAY, DOLLARS.amount - 1).is_over
    assert Standing(DOLLARS, DAY, DOLLARS.amount).is_over


def test_a_rate_says_when_to_come_again() -> None:
    """Its moment, and whole seconds that are not too few."""
    failure = refusal("ci", [Standing(RATE, MINUTE, 3)], MINUTE.start + 22.4)
    assert (failure.kind, failure.status, failure.retry_after_seconds) == (Kind.RATE_LIMITED, 429, 38)
    assert "'ci' has used its 3 requests of this minute" in failure.message
    assert "2027-01-15T08:01:00Z" in failure.message
    assert failure.rule.is_keys


def test_a_budget_outweighs_a_rate() -> None:
    """Of several limits the one that lasts longest is told; what never begins anew says so."""
    failure = refusal("ci", [Standing(RATE, MINUTE, 3), Standing(DOLLARS, DAY, DOLLARS.amount)], MINUTE.start)
    assert (failure.kind, failure.reason) == (Kind.OVER_BUDGET, NO_QUOTA)
    assert failure.retry_after_seconds == DAY.end - MINUTE.start
    assert "$5.00 of this day" in failure.message
    for_ever = refusal(
        "ci", [Standing(Limit("tokens", "total", 12_000), LimitWindow(0, inf), 12_001)], MINUTE.start
    )
    assert for_ever.retry_after_seconds is None
    assert "12,000 tokens in all. It does not begin anew." in for_ever.message


def test_too_many_at_once() -> None:
    """Nobody knows when one of them ends: in a second it may be asked again."""
    failure = too_many_at_once("ci", 2)
    assert (failure.kind, failure.status, failure.retry_after_seconds) == (Kind.RATE_LIMITED, 429, 1)


STANDINGS = [Standing(RATE, MINUTE, 1), Standing(TOKENS, DAY, 1200), Standing(DOLLARS, DAY, UNITS_PER_DOLLAR)]


@pytest.mark.parametrize(
    ("dialect", "told"),
    [
        (
            "anthropic",
            {
                "anthropic-ratelimit-requests-limit": "3",
                "anthropic-ratelimit-requests-remaining": "2",
                "anthropic-ratelimit-requests-reset": "2027-01-15T08:01:00Z",
                "anthropic-ratelimit-tokens-limit": "1000",
                "anthropic-ratelimit-tokens-remaining": "0",
                "anthropic-ratelimit-tokens-reset": "2027-01-16T00:00:00Z",
                "anthropic-ratelimit-usd-limit": "5.0000",
                "anthropic-ratelimit-usd-remaining": "4.0000",
                "anthropic-ratelimit-usd-reset": "2027-01-16T00:00:00Z",
            },
        ),
        (
            "openai",
            {
                "x-ratelimit-limit-requests": "3",
                "x-ratelimit-remaining-requests": "2",
                "x-ratelimit-reset-requests": "60s",
                "x-ratelimit-limit-tokens": "1000",
                "x-ratelimit-remaining-tokens": "0",
                "x-ratelimit-reset-tokens": "57600s",
                "x-ratelimit-limit-usd": "5.0000",
                "x-ratelimit-remaining-usd": "4.0000",
                "x-ratelimit-reset-usd": "57600s",
            },
        ),
    ],
)
def test_headers_in_the_dialects_names(dialect: str, told: dict[str, str]) -> None:
    """What is left, and when it begins anew, as the vendor's own clients read it."""
    assert dict(headers(dialect, STANDINGS, MINUTE.start)) == told


def test_of_several_limits_of_a_measure_the_tightest_is_told() -> None:
    """The one with least left, of equals the one that lasts longest; without an end there is no reset."""
    total = Standing(Limit("tokens", "total", 1100), LimitWindow(0, inf), 1050)
    told = dict(headers("openai", [Standing(TOKENS, DAY, 100), total], MINUTE.start))
    assert told == {"x-ratelimit-limit-tokens": "1100", "x-ratelimit-remaining-tokens": "50"}
    used_up = [Standing(TOKENS, window, used) for window, used in ((MINUTE, 5000), (DAY, 6000))]
    for standings in (used_up, used_up[::-1]):
        told = dict(headers("openai", standings, MINUTE.start))
        assert told["x-ratelimit-remaining-tokens"] == "0"
        assert told["x-ratelimit-reset-tokens"] == f"{DAY.end - MINUTE.start:.0f}s"
