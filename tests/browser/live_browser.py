"""How Chromium is started, and a page of a world of one's own: signed in, and noting what must not happen."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page

from tests.served.operators import NAME, PASSWORD, make_operator
from tests.served.world import World

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def signed_in(
    browser: Browser, world: World, path: str, *, width: int = 1280, dark: bool = False
) -> Iterator[Page]:
    """A page of the world's server, as its superuser sees it; no console error, no foreign host."""
    make_operator(world)
    wrong: list[str] = []
    own = (world.server.base_url, world.server.base_url.replace("http", "ws", 1), "data:", "blob:")
    page = browser.new_page(
        viewport={"width": width, "height": 800}, color_scheme="dark" if dark else "light"
    )
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", lambda sent: None if sent.url.startswith(own) else wrong.append(sent.url))
    page.goto(f"{world.server.base_url}/admin/login/?next={path}")
    page.fill("#id_username", NAME)
    page.fill("#id_password", PASSWORD)
    page.click("[type=submit]")
    page.wait_for_url(f"**{path}")
    page.wrong = wrong  # type: ignore[attr-defined]
    try:
        yield page
    finally:
        page.close()
