"""What leads from page to page before axe-core, and some pages in Japanese: nothing serious, light and dark.

The pages themselves are looked at in test_every_page.py.
"""

from collections.abc import Callable, Iterator

import pytest
from django.template.loader import render_to_string
from playwright.sync_api import Browser, Page, Route

from tests.browser.axe_look import findings, wrong
from tests.served.operators import NAME, PASSWORD
from tests.served.world import KEY, World

NewPage = Callable[..., Page]
IN_JAPANESE = (
    "/admin/",
    "/monitor/live/",
    "/monitor/history/",
    "/monitor/history/{request}/",
    "/admin/accounts/account/",
)
"""Where longer words and another font could change what stands beside what."""

IN_TROUBLE = (
    "400.html",
    "403.html",
    "403_csrf.html",
    "404.html",
    "500.html",
    "come_later.html",
    "database_away.html",
)


def test_no_page_has_one_in_japanese(new_page: NewPage, known: dict[str, str]) -> None:
    """The pages whose layout words could change."""
    page = new_page("/admin/keys/", locale="ja")
    told = {}
    for path in IN_JAPANESE:
        page.goto(path.format(**known))
        told[path] = findings(page)
    assert not wrong(told), wrong(told)


def test_what_a_form_leads_to_has_none(new_page: NewPage) -> None:
    """A form with errors, the question before a removal of many, and the figures of a key."""
    told = {}
    page = new_page("/admin/accounts/clientkey/add/")
    page.evaluate("document.querySelector('#clientkey_form').submit()")  # the browser would ask for a name
    page.locator("#id_name[aria-invalid=true]").wait_for()
    told["form with errors"] = findings(page)
    page.goto("/admin/accounts/clientkey/")
    page.evaluate(
        """() => {
            document.querySelector("[name=_selected_action]").checked = true;
            const form = document.querySelector("#changelist-form");
            const act = document.createElement("input");
            act.name = "action";
            act.value = "delete_selected";
            form.querySelectorAll("[name=action]").forEach(one => one.remove());
            form.append(act);
            form.submit();
        }"""
    )
    page.locator("[name=post]").first.wait_for(state="attached")
    told["removal of many"] = findings(page)
    page.goto("/usage/")
    page.fill("[name=key]", KEY)
    page.locator("main [type=submit], form [type=submit]").last.click()
    page.locator("table").first.wait_for()
    told["figures of a key"] = findings(page)
    assert not wrong(told), wrong(told)


@pytest.fixture
def stranger(browser: Browser, console_world: World) -> Iterator[Page]:
    """A page of somebody who is not logged in, and may be told that something is not there."""
    context = browser.new_context(base_url=console_world.server.base_url, locale="en-GB")
    yield context.new_page()
    context.close()


def test_pages_before_and_after_a_login_have_none(stranger: Page) -> None:
    """The login, one that is refused, a link that leads nowhere, what is not there, and the way out."""
    told = {}
    for path in ("/admin/login/", "/setup/no-such-link/"):
        stranger.goto(path)
        told[path] = findings(stranger)
    stranger.goto("/admin/login/")
    stranger.fill("#id_username", NAME)
    stranger.fill("#id_password", "wrong")
    stranger.click("[type=submit]")
    stranger.locator(".errornote, [role=alert]").first.wait_for()
    told["refused login"] = findings(stranger)
    stranger.fill("#id_username", NAME)
    stranger.fill("#id_password", PASSWORD)
    stranger.click("[type=submit]")
    stranger.wait_for_url("**/admin/")
    for path in ("/monitor/history/no-such-request/", "/admin/no-such-page/"):
        stranger.goto(path)
        told[path] = findings(stranger)
    stranger.goto("/admin/")
    stranger.evaluate("document.querySelector('#logout-form, form[action*=logout]').submit()")
    stranger.get_by_text("Log in again").wait_for()
    told["logged out"] = findings(stranger)
    assert not wrong(told), wrong(told)


def test_pages_of_a_server_in_trouble_have_none(stranger: Page) -> None:
    """No server is broken for it: the browser is given the page that such a server would send."""
    told = {}
    context = {"title": "Later", "seconds": 5, "error": "away", "queued": 1, "dropped": 1}
    pages = {name: render_to_string(name, context) for name in IN_TROUBLE}
    stranger.route("**/in-trouble/*", lambda route: give(route, pages))
    for name in pages:
        stranger.goto(f"/in-trouble/{name}")
        told[name] = findings(stranger)
    assert not wrong(told), wrong(told)


def give(route: Route, pages: dict[str, str]) -> None:
    """Answers with the page that the address names."""
    route.fulfill(body=pages[route.request.url.rpartition("/")[2]], content_type="text/html")


def test_the_dark_is_looked_at(new_page: NewPage) -> None:
    """A text that can be read in the light alone is found, and afterwards the page is light again."""
    page = new_page("/admin/")
    page.evaluate(
        "document.querySelector('#main, main, body').insertAdjacentHTML('afterbegin',"
        " '<p id=planted style=\"color: #222; font-size: 14px\">Only in the light.</p>')"
    )
    for _ in range(2):
        told = findings(page)
        assert [one for one in told if "planted" in one] == [f"dark color-contrast: {'#planted'}"], told
