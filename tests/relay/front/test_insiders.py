"""Who may see what the server tells of itself."""

import pytest

from relay.front.insiders import is_insider

TOKEN = "the-token"


def test_this_machine_and_who_shows_the_token_are_inside(subtests: pytest.Subtests) -> None:
    """A front on this machine speaks for somebody else; no empty token opens anything."""
    for meta, token, inside in [
        ({"REMOTE_ADDR": "127.0.0.1"}, "", True),
        ({"REMOTE_ADDR": "127.9.9.9"}, "", True),
        ({"REMOTE_ADDR": "::1"}, "", True),
        ({"REMOTE_ADDR": "::ffff:127.0.0.1"}, "", True),
        ({"REMOTE_ADDR": "10.0.0.7"}, "", False),
        ({"REMOTE_ADDR": "::ffff:10.0.0.7"}, "", False),
        ({"REMOTE_ADDR": ""}, "", False),
        ({}, "", False),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "127.0.0.1"}, "", False),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_FORWARDED": "for=203.0.113.9"}, "", False),
        ({"REMOTE_ADDR": "127.0.0.1", "HTTP_VIA": "1.1 front"}, "", False),
        ({"REMOTE_ADDR": "10.0.0.7", "HTTP_AUTHORIZATION": f"Bearer {TOKEN}"}, TOKEN, True),
        ({"REMOTE_ADDR": "10.0.0.7", "HTTP_AUTHORIZATION": f"Bearer {TOKEN}x"}, TOKEN, False),
        ({"REMOTE_ADDR": "10.0.0.7", "HTTP_AUTHORIZATION": "Bearer é"}, TOKEN, False),
        ({"REMOTE_ADDR": "10.0.0.7", "HTTP_AUTHORIZATION": "Bearer "}, "", False),
        ({"REMOTE_ADDR": "10.0.0.7"}, "", False),
        (
            {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "x", "HTTP_AUTHORIZATION": TOKEN},
            TOKEN,
            True,
        ),
    ]:
        with subtests.test(f"{meta} {token}"):
            assert is_insider(meta, for_everybody=False, token=token) is inside


def test_a_setting_lets_everybody_in() -> None:
    """Where the operator says so."""
    assert is_insider({"REMOTE_ADDR": "203.0.113.9"}, for_everybody=True, token="")
