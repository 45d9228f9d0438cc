"""``python -m tests.gallery.demo_pages``: the pictures of README.md and docs/pages.md, from the demo."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from tests.browser.live_browser import ARGUMENTS

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "docs" / "screenshots"
WIDTH, HEIGHT = 1280, 800
PATIENCE_SECONDS = 180
PAGES = {
    "history": "/monitor/history/",
    "statistics": "/monitor/statistics/?days=1",
    "start": "/admin/",
    "accounts": "/admin/accounts/account/",
}
"""By the picture's name; the live page is taken earlier, while something is in flight."""

PLOTTED = ("statistics", "start")


def main() -> int:
    """Returns the exit code."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("There is no Chromium on this machine (Debian: apt-get install chromium).")
        return 1
    expect.set_options(timeout=PATIENCE_SECONDS * 1000)
    with demo() as (address, name, password), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        page = browser.new_page(
            viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light", base_url=address
        )
        page.goto("/admin/login/?next=/monitor/live/")
        page.fill("[name=username]", name)
        page.fill("[name=password]", password)
        page.click("[type=submit]")
        page.wait_for_url("**/monitor/live/")
        take(page, "live", "tr:has(.ek-running) ~ tr:nth-child(12)")
        until_there(page, "/monitor/history/", "tr[data-row]:nth-child(17)", without="tr[data-running]")
        for picture, path in PAGES.items():
            until_there(page, path, "canvas" if picture in PLOTTED else "main, #content")
            take(page, picture, "main, #content")
        browser.close()
    return 0


def until_there(page: Page, path: str, there: str, *, without: str = "no-such-part") -> None:
    """Look again until the page shows it: the round takes its time, and numbers are counted once a minute."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    page.goto(path)
    while not page.locator(there).count() or page.locator(without).count():
        if time.monotonic() > ends_at:
            raise SystemExit(f"{path} does not show {there}")
        page.wait_for_timeout(2_000)
        page.reload()


def take(page: Page, picture: str, there: str) -> None:
    """Once it shows what it is taken for, and nothing moves any more."""
    expect(page.locator(there).first).to_be_visible()
    page.wait_for_timeout(700)
    page.screenshot(path=str(PICTURES / f"{picture}.png"))


@contextmanager
def demo() -> Iterator[tuple[str, str, str]]:
    """A demo with data of its own: its address, the login's name and password."""
    with tempfile.TemporaryDirectory(prefix="evenkeel-pages-") as folder:
        console = Path(folder) / "console"
        command = [sys.executable, str(ROOT / "manage.py"), "demo", "--port", "18046"]
        environment = {**os.environ, "PROXY_DATA_DIR": folder}
        with console.open("wb") as output:
            server = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        try:
            ends_at = time.monotonic() + PATIENCE_SECONDS
            said = None
            while said is None:
                if server.poll() is not None or time.monotonic() > ends_at:
                    raise SystemExit(console.read_text())
                time.sleep(0.1)
                said = re.search(
                    r"^Admin +(http://[^/\s]+)/admin/ +(\S+) / (\S+)$", console.read_text(), re.M
                )
            yield said[1], said[2], said[3]
        finally:
            server.terminate()
            server.wait(PATIENCE_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
