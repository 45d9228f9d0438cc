"""The live page in a browser: rows that come and change, a server that goes and comes back."""

import contextlib
import re
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.live_browser import signed_in
from tests.running_server import RunningServer
from tests.served.world import World, new_world

pytestmark = pytest.mark.stores

KEY_NAME = "tests"
"""Of the key that the world's requests come with; what a page shows besides is not theirs."""
OwnWorld = Callable[..., AbstractContextManager[World]]


@pytest.fixture
def own_world(running_server: Callable[..., RunningServer]) -> OwnWorld:
    return lambda **env: new_world(running_server, **env)


def in_background(world: World, prompt: str) -> threading.Thread:
    """Send a request that takes its time; nobody waits for the answer."""

    def send() -> None:
        with contextlib.suppress(httpx.HTTPError):  # the server may be stopped under it
            world.messages(prompt)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def rows_of(page: Page) -> Locator:
    return page.locator("#live-table tbody tr").filter(has_text=KEY_NAME)


def is_within_the_screen(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_a_row_goes_live_while_it_streams(own_world: OwnWorld, browser: Browser) -> None:
    """It appears at admission, changes as it goes on, and ends in place; a failed attempt is told."""
    with own_world() as world, signed_in(browser, world, "/monitor/live/") as page:
        expect(page.locator("#live-connection")).to_have_text("live")
        waiting = in_background(world, "Hello. [fault: empty, hang=2, ok] [say: events=20, delay=0.15]")
        row = rows_of(page)
        expect(row).to_have_count(1)
        expect(row.locator(".ek-state")).to_contain_text("retrying on")
        expect(row.locator(".ek-detail")).to_contain_text("attempt 1 failed (empty answer, 200)")
        expect(row.locator(".ek-state")).to_contain_text("streaming", timeout=10_000)
        expect(row.locator(".ek-state")).to_contain_text(re.compile(r"streaming, (about )?\d+ tokens so far"))
        expect(page.locator('[data-figure="in_flight"] .ek-tile-value')).to_have_text("1")
        waiting.join()
        expect(row.locator(".ek-state")).to_contain_text("retried · 2 attempts")
        expect(page.locator('[data-figure="in_flight"] .ek-tile-value')).to_have_text("0", timeout=10_000)
        assert page.wrong == []


def test_it_comes_back_after_a_restart(own_world: OwnWorld, browser: Browser) -> None:
    """The page reconnects by itself, and the row that was in flight has its end from the database."""
    with own_world(RELAY_DRAIN_SECONDS="0.1") as world, signed_in(browser, world, "/monitor/live/") as page:
        expect(page.locator("#live-connection")).to_have_text("live")
        waiting = in_background(world, "Hello. [say: events=200, delay=0.2]")
        expect(rows_of(page).locator(".ek-state")).to_contain_text("streaming")
        world.server.stop()
        waiting.join()
        expect(page.locator("#live-connection")).to_contain_text("connection lost")
        world.server.start()
        expect(page.locator("#live-connection")).to_have_text("live", timeout=40_000)
        expect(rows_of(page)).to_have_count(1)
        expect(rows_of(page).locator(".ek-state")).to_contain_text("interrupted")


def test_pause_follow_and_filter(own_world: OwnWorld, browser: Browser) -> None:
    """Paused nothing moves; without following new rows wait; the filter is in the address."""
    with own_world() as world, signed_in(browser, world, "/monitor/live/", width=360, dark=True) as page:
        rows = rows_of(page)
        expect(page.locator("#live-connection")).to_have_text("live")
        world.messages()
        expect(rows).to_have_count(1)
        page.keyboard.press("p")
        before = page.locator('[data-figure="errors"] .ek-tile-note').inner_text()
        world.messages("Hello? [fault: status=400]")
        expect(page.locator('[data-figure="errors"] .ek-tile-note')).not_to_have_text(before)
        expect(rows).to_have_count(1)
        page.keyboard.press("p")
        expect(rows).to_have_count(2)
        page.locator("#live-follow").uncheck()
        world.gemini()
        more = page.locator("#live-more")
        expect(more).to_contain_text("1 new")
        more.click()
        expect(rows).to_have_count(3)
        page.locator("#live-state").select_option("failed")
        expect(rows).to_have_count(1)
        assert page.url.endswith("?state=failed")
        page.locator("#live-state").select_option("")
        page.locator("#live-filter").fill("gemini")
        expect(rows).to_have_count(1)
        page.reload()
        expect(rows).to_have_count(1)
        assert is_within_the_screen(page)
        assert page.wrong == []
