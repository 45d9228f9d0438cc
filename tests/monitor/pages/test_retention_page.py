"""The page for what is kept: it shows what would go before it goes, and removes what it has shown."""

import time
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from monitor.models import Body, RequestLog
from monitor.pages import retention_views
from tests.monitor.shelf import Shelf, operator, shelf, texts_of

__all__ = ["operator", "shelf"]

PAGE = "/monitor/retention/"
ASKED = texts_of({"messages": []})


@pytest.fixture
def history(shelf: Shelf) -> None:
    """Two requests of long ago and one of now."""
    for at in (1_700_000_000, 1_700_000_100, time.time() - 60):
        shelf.put(ASKED, started_at=at)


def may_remove() -> None:
    user = User.objects.get(username="operator")
    user.user_permissions.add(Permission.objects.get(codename="delete_requestlog"))


@pytest.mark.usefixtures("history")
def test_it_shows_what_would_go_and_removes_nothing(operator: Client) -> None:
    """By the server's limits, or by those that are tried."""
    own = operator.get(PAGE).context
    assert (own["pruning"].requests, own["pruning"].bodies, own["is_own"]) == (2, 2, True)
    assert own["pruning"].freed_bytes > 0
    tried = operator.get(PAGE, {"days": "0", "gigabytes": "0"}).context
    assert (tried["goes"], tried["is_own"]) == (False, False)
    for wrong in ("x", "-1", "nan", "1e999"):
        assert operator.get(PAGE, {"days": wrong, "gigabytes": wrong}).context["is_own"]
    assert RequestLog.objects.count() == 3


@pytest.mark.usefixtures("history")
def test_removing_is_a_right_of_its_own(operator: Client) -> None:
    """Who may only look sees no button, and is refused."""
    assert "Remove them now" not in operator.get(PAGE).content.decode()
    assert operator.post(f"{PAGE}remove/", {"days": "1"}).status_code == 403
    assert operator.get(f"{PAGE}remove/").status_code == 405
    may_remove()
    assert "Remove them now" in operator.get(PAGE).content.decode()
    done = operator.post(f"{PAGE}remove/", {"days": "1", "gigabytes": "0"}, follow=True)
    assert "rows removed" in done.content.decode()
    assert (RequestLog.objects.count(), Body.objects.count()) == (1, 1)
    assert (done.context["limits"].days, done.context["goes"]) == (1.0, False)


@pytest.mark.usefixtures("history")
def test_the_servers_own_limits_are_not_rounded(operator: Client, settings: Any) -> None:
    """What is removed by them is what was shown by them, and the page comes back to them."""
    settings.ENVIRONMENT = settings.ENVIRONMENT.model_copy(
        update={"monitor_retention_bytes": 50 * 2**30 + 1, "monitor_retention_days": 1.0}
    )
    may_remove()
    page = operator.get(PAGE)
    assert page.context["is_own"]
    assert 'type="hidden" name="gigabytes"' not in page.content.decode()
    done = operator.post(f"{PAGE}remove/", {}, follow=True)
    assert done.redirect_chain[-1][0] == PAGE
    assert done.context["is_own"]


@pytest.mark.usefixtures("history")
def test_a_long_removal_says_that_there_is_more(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """One click has its time; what is left is shown, to go on."""
    may_remove()
    monkeypatch.setattr(retention_views, "REMOVE_SECONDS", -1.0)
    page = operator.post(f"{PAGE}remove/", {"days": "1"}, follow=True)
    assert "There is more" in page.content.decode()
    assert page.context["goes"]
