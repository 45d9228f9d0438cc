"""Client keys: where they may stand, and which counts."""

import hashlib

import pytest

from accounts.loaded.client_keys import KeyRing
from accounts.snapshot import KeyView
from relay.admission.auth import RefusalLimit, authenticate

GOOD = "sk-good-key-0123456789"


@pytest.fixture
def ring() -> KeyRing:
    ring = KeyRing()
    ring.load([KeyView(1, "laptop", hashlib.sha256(GOOD.encode()).digest(), True)])
    return ring


@pytest.mark.parametrize(
    ("headers", "query"),
    [
        ({"authorization": f"Bearer {GOOD}"}, {}),
        ({"authorization": f"bearer {GOOD}"}, {}),
        ({"x-api-key": GOOD}, {}),
        ({"x-goog-api-key": GOOD}, {}),
        ({}, {"key": GOOD}),
        ({"authorization": "Bearer something-else", "x-api-key": GOOD}, {}),
        ({"x-api-key": "sk-wrong", "x-goog-api-key": "sk-wrong"}, {"key": GOOD}),
    ],
)
def test_the_first_valid_key_counts_wherever_it_stands(
    ring: KeyRing, headers: dict[str, str], query: dict[str, str]
) -> None:
    """Keys come as Bearer, x-api-key, x-goog-api-key or ?key=; several may come, one good one is enough."""
    caller = authenticate(ring, headers, query)
    assert caller is not None
    assert caller.name == "laptop"


@pytest.mark.parametrize("headers", [{}, {"authorization": f"Basic {GOOD}"}, {"x-api-key": "sk-wrong"}])
def test_without_a_good_key_there_is_no_caller(ring: KeyRing, headers: dict[str, str]) -> None:
    """A missing or unknown key is nobody."""
    assert authenticate(ring, headers, {}) is None


def test_at_most_ten_refusals_a_second_get_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of bad keys cannot fill the history; the next second counts anew."""
    now = [100.0]
    monkeypatch.setattr("relay.admission.auth.time.monotonic", lambda: now[0])
    limit = RefusalLimit()
    assert [limit.allows_row() for _ in range(12)] == [True] * 10 + [False] * 2
    now[0] = 101.0
    assert limit.allows_row()
