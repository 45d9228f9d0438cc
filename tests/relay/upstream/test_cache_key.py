"""The name under which an upstream is told of a conversation."""

from pytest_django.fixtures import Settings as SettingsWrapper

from relay.upstream.cache_key import cache_key, this_installation


def test_the_key_outlives_a_restart_and_belongs_to_the_installation(settings: SettingsWrapper) -> None:
    """From the secret key and the session alone: no randomness, no clock; nothing of either is in it."""
    settings.SECRET_KEY = "one" * 20
    first = this_installation()
    assert cache_key(first, "s1") == cache_key(this_installation(), "s1") != cache_key(first, "s2")
    settings.SECRET_KEY = "two" * 20
    assert cache_key(this_installation(), "s1") != cache_key(first, "s1")
    assert cache_key(first, "") == ""
