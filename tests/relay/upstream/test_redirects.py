"""A redirect is not followed: its target is named, and the base URL that would have led there."""

import pytest

from accounts.snapshot import AccountView
from relay.upstream.address import address
from relay.upstream.redirects import redirect_words

CHAT = "/v1/chat/completions"


def words(base_url: str, location: str) -> str:
    def at(base: str) -> str:
        return address(AccountView(id=1, email="a", kind="openai", base_url=base), CHAT)

    return redirect_words(308, at(base_url), location, at)


@pytest.mark.parametrize(
    ("base_url", "location", "remedy"),
    [
        ("http://up.example", "https://up.example/v1/chat/completions", "https://up.example"),
        (
            "https://up.example",
            "https://www.up.example:8443/v1/chat/completions",
            "https://www.up.example:8443",
        ),
        ("https://up.example", "/api/v1/chat/completions", "https://up.example/api"),
        (
            "https://up.example/v1",
            "https://api.up.example/v2/chat/completions?x=1#y",
            "https://api.up.example/v2",
        ),
        ("https://up.example", "//other.example/openai/v1/chat/completions", "https://other.example/openai"),
    ],
)
def test_the_remedy_leads_to_the_target(base_url: str, location: str, remedy: str) -> None:
    """Another scheme, host, port, root or version; the base URL that is told is asked at that very place."""
    told = words(base_url, location)
    assert told.startswith("upstream answered with a redirect (308) to ")
    assert told.endswith(f": make {remedy} the account's base URL")
    assert "?" not in told


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("https://sso.example/login?next=secret", "to https://sso.example/login, where nothing of the kind"),
        ("https://user:pass@up.example/", "to https://up.example/, where nothing of the kind"),
        ("", "to nowhere that can be read"),
        ("ftp://up.example/x", "to nowhere that can be read"),
        ("https://[::1", "to nowhere that can be read"),
        ("/" + "a/" * 10_000, "to nowhere that can be read"),
    ],
)
def test_what_leads_nowhere_is_told_without_a_secret(location: str, says: str) -> None:
    """A login page, a target that is none, one without end."""
    told = words("https://up.example", location)
    assert says in told
    assert "secret" not in told
    assert "pass" not in told
