"""What Code Assist's quota call tells."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.pool.quota_windows import MOST_WINDOWS, UNTOLD_RESET_SECONDS, Window
from relay.dialects.quotas.code_assist_quota import told_by_code_assist
from relay.simulator.gemini.code_assist import code_assist_setup

NOW = 1_769_770_000.0


def told(*buckets: object) -> list[Window]:
    """The windows of these buckets."""
    return told_by_code_assist(json.dumps({"buckets": list(buckets)}).encode(), NOW)


def test_a_bucket_is_a_window_of_its_model() -> None:
    """As gemini-cli's own type has it: an amount as text, a fraction, a time."""
    bucket = {
        "modelId": "gemini-2.5-flash",
        "tokenType": "REQUESTS",
        "remainingAmount": "500",
        "remainingFraction": 0.25,
        "resetTime": "2026-01-30T11:46:40Z",
    }
    assert told(bucket) == [
        Window("requests", 0.75, NOW + 3600, NOW, "gemini-2.5-flash", limit=2000, remaining=500)
    ]


def test_what_is_missing_is_not_made_up() -> None:
    """Without amount, kind and time there is the share; without a share, or a model, nothing."""
    assert told({"modelId": "m", "remainingFraction": 1}) == [
        Window("requests", 0.0, NOW + UNTOLD_RESET_SECONDS, NOW, "m")
    ]
    assert told({"modelId": "m", "remainingAmount": "0"})[0].used == 1.0
    assert told({"modelId": "m", "remainingAmount": "7"}, {"remainingFraction": 0.5}, 7, None) == []
    assert len(told(*[{"modelId": f"m{n}", "remainingFraction": 0.5} for n in range(500)])) == MOST_WINDOWS


@pytest.mark.parametrize("left", [True, "0.5", [], float("nan"), float("inf")])
def test_a_share_that_is_none(left: object) -> None:
    """Says nothing, or is put within its bounds."""
    assert all(0 <= window.used <= 1 for window in told({"modelId": "m", "remainingFraction": left}))


def test_a_share_of_hundreds_of_digits_is_put_within_its_bounds() -> None:
    """No number is too large to be compared, and the buckets beside it are told."""
    windows = told(
        {"modelId": "m", "remainingFraction": 10**400},
        {"modelId": "n", "remainingFraction": -(10**400)},
        {"modelId": "o", "remainingFraction": 0.5},
    )
    assert [(one.model, one.used) for one in windows] == [("m", 0.0), ("n", 1.0), ("o", 0.5)]


def test_a_model_that_cannot_be_written_is_none() -> None:
    """A name with a character that is not printable: PostgreSQL refuses some of them."""
    names = ("m\0", "a\nb", "\x1b[1m", "m")
    windows = told(*[{"modelId": name, "remainingFraction": 0.5} for name in names])
    assert [one.model for one in windows] == ["m"]


def test_a_moment_is_counted_from_the_answers_own_date() -> None:
    """A clock of ours that is ten minutes fast neither shortens nor lengthens the window."""
    body = json.dumps(
        {"buckets": [{"modelId": "m", "remainingFraction": 0.5, "resetTime": "2026-01-30T11:46:40Z"}]}
    )
    [window] = told_by_code_assist(body.encode(), NOW + 600, "Fri, 30 Jan 2026 10:46:40 GMT")
    assert window.resets_at == NOW + 600 + 3600


def test_a_whole_that_cannot_be_reckoned_is_not_told() -> None:
    """An amount of next to nothing of it has no limit that anybody could believe."""
    [window] = told({"modelId": "m", "remainingAmount": "999999999999999", "remainingFraction": 1e-320})
    assert (window.limit, window.remaining) == (None, 999_999_999_999_999)


_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists)
_DIGITS = st.integers(0, 10**20).map(str)
_BUCKET = st.fixed_dictionaries(
    {"modelId": st.text(min_size=1, max_size=5) | _JSON},
    optional={
        "tokenType": _JSON,
        "remainingAmount": _DIGITS | _JSON,
        "remainingFraction": st.floats(allow_nan=False) | _JSON,
        "resetTime": st.datetimes().map(lambda moment: f"{moment.isoformat()}Z") | _JSON,
    },
)


@given(st.binary() | st.lists(_BUCKET | _JSON).map(lambda told: json.dumps({"buckets": told}).encode()))
def test_whatever_comes_is_survived(body: bytes) -> None:
    """Bytes that are no JSON, and JSON of another form: what is told is a share of a named model."""
    for window in told_by_code_assist(body, NOW):
        assert 0 <= window.used <= 1
        assert window.model.isprintable()
        assert window.model


def test_the_simulator_speaks_it() -> None:
    """Each of its buckets is a window that stands."""
    body = json.dumps(code_assist_setup("retrieveUserQuota", NOW)).encode()
    assert all(window.stands(NOW) and window.limit for window in told_by_code_assist(body, NOW))
