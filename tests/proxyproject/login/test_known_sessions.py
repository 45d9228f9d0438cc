"""What is known of sessions without looking anything up."""

import pytest
from django.contrib.auth.models import User
from django.test import AsyncClient

from proxyproject.login import known_sessions as module
from proxyproject.login.known_sessions import KnownSessions, known_sessions


def test_the_youngest_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a bound, and who comes again is young again."""
    monkeypatch.setattr(module, "MAX_SESSIONS", 2)
    known = KnownSessions()
    for key in ("a", "b", "a", "c"):
        known.add(key)
    assert [key in known for key in ("a", "b", "c")] == [True, False, True]
    known.forget("c")
    assert "c" not in known


@pytest.mark.django_db(transaction=True)
async def test_a_session_is_known_from_its_login_or_its_first_page_until_its_logout() -> None:
    """Also one of before the process's start, once a page has found it real; a made-up one never."""
    user = await User.objects.acreate_superuser("known")
    client = AsyncClient()
    await client.aforce_login(user)
    key = client.cookies["evenkeel_session"].value
    assert key in known_sessions
    known_sessions.forget(key)  # as after a restart
    assert (await client.get("/admin/")).status_code == 200
    assert key in known_sessions
    await client.alogout()
    assert key not in known_sessions
    stranger = AsyncClient()
    stranger.cookies["evenkeel_session"] = "made-up"
    assert (await stranger.get("/admin/")).status_code == 302
    assert "made-up" not in known_sessions
