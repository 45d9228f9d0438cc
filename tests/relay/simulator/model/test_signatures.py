"""Signatures and the running digest that they are bound to."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.simulator.model.prefix import Prefix, PromptCache
from relay.simulator.model.signatures import NotBase64Error, SignatureSeal, decode, issue, read

_WORDS = st.text(max_size=20)


@given(_WORDS, _WORDS, _WORDS, st.binary(max_size=20), st.binary(max_size=20))
def test_a_signature_is_read_back(family, model, account, prefix, content):
    """What was sealed comes back, from standard and from URL-safe base64."""
    seal = SignatureSeal(family, model, account, prefix, content)
    signature = issue(seal)
    assert read(signature) == seal
    assert read(signature.replace("+", "-").replace("/", "_").rstrip("=")) == seal


def test_a_signature_is_long_enough():
    """Even the shortest signature is one that a cache would keep (50 characters or more)."""
    assert len(issue(SignatureSeal("gemini-3", "m", "", bytes(12), bytes(12)))) >= 50


@given(st.integers(0, 10_000))
def test_a_changed_signature_is_not_genuine(position):
    """One flipped bit anywhere makes a signature worthless."""
    raw = bytearray(base64.b64decode(issue(SignatureSeal("claude", "m", "a", b"p" * 12, b"c" * 12))))
    raw[position % len(raw)] ^= 1
    assert read(base64.b64encode(raw).decode()) is None


@pytest.mark.parametrize("text", ["not base64!", "ab$d", "a"])
def test_what_is_no_base64_is_told_apart(text):
    """No base64 at all is another error than a wrong signature."""
    with pytest.raises(NotBase64Error):
        decode(text)


def test_a_digest_depends_on_everything_before():
    """Two conversations have the same digest exactly when all their items are the same."""
    one, other = Prefix(), Prefix()
    one.add(["user", {"b": 1, "a": 2}])
    other.add(["user", {"a": 2, "b": 1}])
    assert one.digest == other.digest
    grown = one.copy()
    grown.add("more")
    assert grown.digest != one.digest == other.digest


def test_a_prompt_cache_knows_the_longest_prefix_of_an_account():
    """Tokens are read up to the longest prefix that this account has seen, and no other account's."""
    cache, first = PromptCache(), Prefix()
    first.add("system", 100)
    first.add("question", 10)
    cache.store("a", "m", first.points)
    second = Prefix()
    second.add("system", 100)
    second.add("another question", 12)
    assert cache.read("a", "m", second.points) == 100
    assert cache.read("b", "m", second.points) == 0
    assert cache.read("a", "other model", second.points) == 0
