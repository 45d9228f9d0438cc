"""What answers tell of quotas, in each vendor's words."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.pool.quota_windows import Window
from relay.dialects.quotas.told_quotas import told_in_headers, told_in_refusal

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC).timestamp()
MODEL = "claude-opus-5"
DATE = "Mon, 02 Mar 2026 12:00:00 GMT"

API_KEY = {
    "date": DATE,
    "anthropic-ratelimit-requests-limit": "50",
    "anthropic-ratelimit-requests-remaining": "49",
    "anthropic-ratelimit-requests-reset": "2026-03-02T12:00:01Z",
    "anthropic-ratelimit-input-tokens-limit": "30000",
    "anthropic-ratelimit-input-tokens-remaining": "3000",
    "anthropic-ratelimit-input-tokens-reset": "2026-03-02T12:00:54Z",
}
SUBSCRIPTION = {
    "date": DATE,
    "anthropic-ratelimit-unified-status": "allowed",
    "anthropic-ratelimit-unified-reset": str(int(NOW) + 3600),
    "anthropic-ratelimit-unified-representative-claim": "five_hour",
    "anthropic-ratelimit-unified-5h-status": "allowed",
    "anthropic-ratelimit-unified-5h-reset": str(int(NOW) + 3600),
    "anthropic-ratelimit-unified-5h-utilization": "0.42",
    "anthropic-ratelimit-unified-7d-status": "rejected",
    "anthropic-ratelimit-unified-7d-reset": str(int(NOW) + 86_400),
    "anthropic-ratelimit-unified-7d-utilization": "0.97",
    "anthropic-ratelimit-unified-7d_opus-reset": str(int(NOW) + 86_400),
    "anthropic-ratelimit-unified-7d_opus-utilization": "0.1",
    "anthropic-ratelimit-unified-7d_sonnet-reset": str(int(NOW) + 86_400),
    "anthropic-ratelimit-unified-7d_sonnet-utilization": "0.2",
    "anthropic-ratelimit-unified-overage-status": "rejected",
}
OPENAI = {
    "x-ratelimit-limit-requests": "60",
    "x-ratelimit-remaining-requests": "59",
    "x-ratelimit-reset-requests": "1s",
    "x-ratelimit-limit-tokens": "150000",
    "x-ratelimit-remaining-tokens": "0",
    "x-ratelimit-reset-tokens": "6m0s",
}
"""As on platform.openai.com, *Rate limits in headers*."""

TABLE = (
    (
        API_KEY,
        {
            Window("requests", 1 - 49 / 50, NOW + 1, NOW, MODEL, 50, 49),
            Window("input-tokens", 1 - 3000 / 30000, NOW + 54, NOW, MODEL, 30000, 3000),
        },
    ),
    (
        SUBSCRIPTION,
        {
            Window("5h", 0.42, NOW + 3600, NOW),
            Window("7d", 1.0, NOW + 86_400, NOW),
            Window("7d opus", 0.1, NOW + 86_400, NOW, MODEL),
        },
    ),
    (
        OPENAI,
        {
            Window("requests", 1 - 59 / 60, NOW + 1, NOW, MODEL, 60, 59),
            Window("tokens", 1.0, NOW + 360, NOW, MODEL, 150000, 0),
        },
    ),
    ({"x-ratelimit-limit-requests": "60"}, set()),
    ({"x-ratelimit-limit-requests": "many", "x-ratelimit-remaining-requests": "1"}, set()),
    ({"content-type": "text/event-stream"}, set()),
)


def test_headers() -> None:
    """Each vendor's own headers, and nothing where a figure lacks its other half."""
    for headers, expected in TABLE:
        assert set(told_in_headers(headers, MODEL, NOW)) == expected


@pytest.mark.parametrize("skew", [-7200, -90, 90, 7200])
def test_upstreams_clock_need_not_be_ours(skew: int) -> None:
    """A moment is counted from the answer's own date, however wrong that clock is."""
    ours = NOW + skew
    found = {one.name: one.resets_at - ours for one in told_in_headers(API_KEY | SUBSCRIPTION, MODEL, ours)}
    assert found["input-tokens"] == 54
    assert found["5h"] == 3600


DURATIONS = {"1s": 1, "12ms": 0.012, "6m0s": 360, "2m59.56s": 179.56, "1h2m3s": 3723, "7": 7}


@pytest.mark.parametrize("written", list(DURATIONS))
def test_resets_as_servers_write_them(written: str) -> None:
    """OpenAI's and Groq's forms, and plain seconds."""
    headers = OPENAI | {"x-ratelimit-reset-requests": written}
    (found,) = (one for one in told_in_headers(headers, MODEL, 0.0) if one.name == "requests")
    assert found.resets_at == pytest.approx(DURATIONS[written])


def refusal(quota_id: str, value: str = "250") -> bytes:
    """Gemini's 429, as ai.google.dev's users record it."""
    violation = {
        "quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
        "quotaId": quota_id,
        "quotaDimensions": {"location": "global", "model": "gemini-2.5-flash"},
        "quotaValue": value,
    }
    details = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "27s"},
    ]
    return msgspec.json.encode({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "details": details}})


def test_geminis_refusal_names_the_limit() -> None:
    """A minute's ends with the told delay, a day's at midnight Pacific time: 20 hours from noon in London."""
    day = told_in_refusal(refusal("GenerateRequestsPerDayPerProjectPerModel-FreeTier"), "m", NOW)
    assert day == [Window("requests a day", 1.0, NOW + 20 * 3600, NOW, "m", 250, 0)]
    minute = told_in_refusal(refusal("GenerateContentInputTokensPerModelPerMinute-FreeTier"), "m", NOW)
    assert minute == [Window("tokens a minute", 1.0, NOW + 27, NOW, "m", 250, 0)]
    assert told_in_refusal(b'{"error": {"code": 429}}', "m", NOW) == []
    assert told_in_refusal(b'["QuotaFailure"]', "m", NOW) == []


WORDS = st.sampled_from(["error", "details", "@type", "violations", "quotaId", "retryDelay"])
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "details", "@type", "violations", "quotaId", "retryDelay"]), inner
        )
    ),
    max_leaves=20,
)
NAMES = st.sampled_from([*API_KEY, *SUBSCRIPTION, *OPENAI])
VALUES = st.sampled_from(["nan", "inf", "-1", "1e999", "9" * 40, "", "0", "x", DATE])


@given(st.dictionaries(NAMES, VALUES | st.text(max_size=9)), JSON)
def test_nothing_told_is_too_odd(headers: dict[str, str], body: object) -> None:
    """Whatever stands there, the answer is read on, and what is believed is within bounds."""
    found = told_in_headers(headers, MODEL, NOW)
    found += told_in_refusal(b'{"x":"QuotaFailure","error":' + msgspec.json.encode(body) + b"}", MODEL, NOW)
    for one in found:
        assert 0 <= one.used <= 1
        assert NOW <= one.resets_at <= NOW + 8 * 86_400
