"""A real Chromium before the real server: skipped, loudly, where there is no Chromium."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.console import console
from tests.browser.live_browser import ARGUMENTS
from tests.running_server import ServerWorld
from tests.served.operators import NAME, PASSWORD
from tests.served.world import PATIENCE_SECONDS, World

expect.set_options(timeout=PATIENCE_SECONDS * 1000)


@pytest.fixture(scope="package")
def console_world(server_world: ServerWorld) -> Iterator[World]:
    """One for all tests of the package: what one of them makes the next one finds."""
    with console(server_world) as world:
        yield world


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, for these files: its event loop must not outlive them."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        pytest.skip("NO CHROMIUM: the pages were not tried in a browser (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="package")
def signed_in() -> list[Any]:
    """The operator's session cookie, once a page was logged in: a password costs the server half a second."""
    return []


@pytest.fixture
def new_page(browser: Browser, console_world: World, signed_in: list[Any]) -> Iterator[Callable[..., Page]]:
    """A factory of pages with the operator logged in; no error and no foreign request is forgiven."""
    base_url = console_world.server.base_url
    troubles: list[str] = []
    contexts = []

    def make(path: str, *, width: int = 1280, dark: bool = False, locale: str = "en-GB") -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 800},
            color_scheme="dark" if dark else "light",
            base_url=base_url,
            locale=locale,
            timezone_id="Asia/Tokyo",
        )
        contexts.append(context)
        page = context.new_page()
        page.on(
            "console",
            lambda m: troubles.append(f"console: {m.text} {m.location}") if m.type == "error" else None,
        )
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on(
            "response", lambda one: troubles.append(f"{one.status} {one.url}") if one.status >= 400 else None
        )
        page.on(
            "request",
            lambda request: troubles.append(f"foreign: {request.url}") if is_foreign(request.url) else None,
        )
        if signed_in:
            context.add_cookies(signed_in)
            page.goto(path)
            return page
        page.goto(f"/admin/login/?next={path}")
        page.fill("input[name=username]", NAME)
        page.fill("input[name=password]", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_url(f"**{path}")
        signed_in.extend(cookie for cookie in context.cookies() if cookie["name"] == "evenkeel_session")
        return page

    def is_foreign(url: str) -> bool:
        return not url.startswith((base_url, "data:", "blob:"))

    yield make
    for context in contexts:
        context.close()
    assert troubles == []
