"""What the page of a request offers to do, and what it tells of the settings."""

from django.conf import settings

from monitor.pages.act_links import settings_named
from monitor.record.phrasing import Phrase


def test_settings_that_an_advice_names_are_told_and_no_secret() -> None:
    """Numbers alone: keys and tokens are settings too, and a later sentence may name one."""
    named = "Raise RELAY_MAX_BODY_BYTES, see PROXY_SECRET_KEY, PROXY_FERNET_KEYS or PROXY_FIGURES_TOKEN."
    bound = settings.ENVIRONMENT.relay_max_body_bytes
    assert settings_named(Phrase(named)) == [("RELAY_MAX_BODY_BYTES", bound)]
