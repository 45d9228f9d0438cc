"""The operator's pages as the frame serves them: navigation, cookies, database connections."""

import httpx
import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import Client, RequestFactory

from proxyproject.pages.navigation import sections
from tests import stores
from tests.proxyproject.serving.raw_http import get
from tests.running_server import RunningServer


def request_of(user: object) -> HttpRequest:
    request = RequestFactory().get("/admin/")
    request.user = user  # type: ignore[assignment]
    return request


def test_a_list_is_titled_by_what_it_lists(admin_client: Client) -> None:
    """Whoever has many tabs open finds the accounts by their word."""
    for address, word in (
        ("accounts/account", "Accounts"),
        ("auth/user", "Users"),
        ("monitor/modelprice", "Prices"),
    ):
        assert f"{word} | Evenkeel</title>" in admin_client.get(f"/admin/{address}/").content.decode()


def test_the_navigation_leads_to_every_section(admin_client: Client, admin_user: object) -> None:
    """Proxy Monitor stands first; each of its links is a page."""
    listed = sections(request_of(admin_user))
    assert str(listed[0]["title"]) == "Proxy Monitor"
    links = [item["link"] for section in listed for item in section["items"]]
    assert len(links) == len(set(links)) >= 4
    for link in links:
        assert admin_client.get(link).status_code == 200, link
    assert "Proxy Monitor" in admin_client.get("/admin/").content.decode()


@pytest.mark.django_db
def test_the_navigation_shows_what_one_may_see() -> None:
    """A member of staff without rights finds nothing, nor does a stranger."""
    staff = get_user_model().objects.create_user("staff", is_staff=True)
    assert sections(request_of(staff)) == []
    assert sections(request_of(AnonymousUser())) == []


def test_cookies_travel_over_plain_http_to_this_machine(traps: RunningServer) -> None:
    """Without PROXY_HTTPS the log-in works on http://127.0.0.1; scripts cannot read the session."""
    cookie = get(f"{traps.base_url}/admin/login/").headers["set-cookie"]
    assert cookie.startswith("evenkeel_csrf=")
    assert "secure" not in cookie.lower()


@pytest.mark.skipif(not stores.wanted(), reason="needs TEST_STORES=postgres")
def test_pages_leave_no_database_connection_behind(traps: RunningServer) -> None:
    """Each page is served in a thread of its own, whose connection must end with it."""
    with httpx.Client(base_url=traps.base_url, timeout=30) as browser:
        token = browser.get("/admin/login/").text.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
        for _ in range(30):
            browser.post(
                "/admin/login/", data={"username": "x", "password": "y", "csrfmiddlewaretoken": token}
            )
    [row] = traps.rows(
        "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid()"
    )
    assert row["n"] <= 2
