"""Which servers a request has passed: the header that one sends, and what it says of a loop."""

import pytest

from relay.upstream.hops import MOST_HOPS, has_come_back, is_told, with_own


@pytest.mark.parametrize(
    ("hops", "has_come"),
    [
        ("", False),
        ("other", False),
        ("me", True),
        ("other, me", True),
        ("me,other", True),
        ("  me  ", True),
        ("me2, notme", False),
        (", ".join(f"s{n}" for n in range(MOST_HOPS)), False),
        (", ".join(f"s{n}" for n in range(MOST_HOPS + 1)), True),
        ("," * 100_000, True),
    ],
)
def test_what_is_a_loop(hops: str, has_come: bool) -> None:
    """This server's own name among them, or more than eight, whoever they are."""
    assert has_come_back(hops, "me") == has_come


@pytest.mark.parametrize(
    ("hops", "sent"),
    [
        ("", "me"),
        ("a", "a, me"),
        ("a,b", "a, b, me"),
        ("a,, b\u00e9, x y, \x00", "a, me"),
        ("n" * 64, "n" * 64 + ", me"),
        ("n" * 65, "me"),
    ],
)
def test_what_is_sent_on(hops: str, sent: str) -> None:
    """Who was passed, then this server; what a client makes up and is no name is left out."""
    assert with_own(hops, "me") == sent


def test_vendors_are_not_told() -> None:
    """Their own hosts never lead back: nothing there needs to know which server asks."""
    told = ("127.0.0.1", "relay.example", "api.anthropic.com.example", "notgoogleapis.com", "localhost")
    hosts = (
        "api.anthropic.com",
        "api.openai.com",
        "generativelanguage.googleapis.com",
        "europe-west4-aiplatform.googleapis.com",
        "aiplatform.eu.rep.googleapis.com",
        "cloudcode-pa.googleapis.com",
    )
    assert [host for host in told if not is_told(host)] == []
    assert [host for host in hosts if is_told(host)] == []
