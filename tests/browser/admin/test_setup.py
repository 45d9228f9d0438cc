"""From an empty installation to the first real answer, by what the pages say alone."""

import time
from collections.abc import Callable

import httpx
from playwright.sync_api import Browser, expect

from relay.simulator.thread import SimulatorThread
from tests.running_server import RunningServer

PASSWORD = "Long-enough-7"


def wait_until_known(server: RunningServer, key: str) -> None:
    """A new key holds within a second or two: sooner than a person pastes it."""
    ends_at = time.monotonic() + 30
    while httpx.get(f"{server.base_url}/v1/models", headers={"x-api-key": key}).status_code != 200:
        assert time.monotonic() < ends_at
        time.sleep(0.05)


def test_from_nothing_to_the_first_answer(
    browser: Browser, running_server: Callable[..., RunningServer]
) -> None:
    """The link makes a login; each page says what is next; the last one asks, and then nothing is left."""
    server = running_server()
    link = server.wait_for_output(r"once and within an hour: (http://\S+)")[1]
    troubles: list[str] = []
    with SimulatorThread() as simulator:
        page = browser.new_page(base_url=server.base_url, locale="en-GB")
        page.on("console", lambda m: troubles.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.goto(link)
        page.fill("[name=username]", "ada")
        page.fill("[name=password1]", PASSWORD)
        page.fill("[name=password2]", PASSWORD)
        page.get_by_role("button", name="Make the login").click()
        steps = page.locator(".ek-steps")
        steps.get_by_role("link", name="Add an account").click()
        expect(steps).to_contain_text("No account yet")
        page.fill("#id_email", "me@setup.example")
        page.select_option("#id_kind", "anthropic")
        page.fill("#id_credential", "sim-me")
        page.fill("#id_base_url", simulator.base_url)
        page.click("[name=_save]")
        expect(page.locator("#result_list")).to_contain_text("works")
        steps.get_by_role("link", name="Add a client key").click()
        page.fill("#id_name", "laptop")
        page.click("[name=_save]")
        key = page.locator("#new-client-key").inner_text()
        expect(steps.locator("[aria-current]")).to_contain_text("First answer")
        expect(steps.get_by_role("link")).to_have_count(0)
        expect(steps).to_contain_text("press “Send”")
        expect(steps).to_have_attribute("data-refresh", "soon")  # a client's answer is seen at once
        wait_until_known(server, key)
        page.locator("#connect-test button").click()
        expect(page.locator("#connect-result")).to_contain_text("It works")
        expect(steps).to_contain_text("nothing is left to set up")
        page.locator(".ekc-key button").click()
        page.goto("/admin/accounts/clientkey/")
        expect(page.locator("#result_list .field-used time")).to_have_count(1)
        page.goto("/admin/")
        expect(page.get_by_text("The one account is usable.")).to_be_visible()
        expect(steps).to_have_count(0)
        page.close()
    assert troubles == []
