"""``python -m tests.gallery``: play every scene, write docs/diagnoses.md, and take the pictures."""

import base64
import os
import shutil
import sys
import tempfile

os.environ.setdefault("PROXY_DATA_DIR", tempfile.mkdtemp(prefix="evenkeel-gallery-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proxyproject.settings")

from playwright.sync_api import Page, sync_playwright

from proxyproject.faultlab.world import Lab
from tests.browser.live_browser import ARGUMENTS
from tests.gallery.operator import LOGIN
from tests.gallery.page import PAGE, PICTURES, page
from tests.gallery.reading import told
from tests.gallery.scenes import Scene, played
from tests.served.operators import NAME, PASSWORD

WIDTH, HEIGHT = 1100, 900
QUALITY = 40
"""Of WebP: text stays sharp enough to read, and a hundred pictures take 2 MB."""


def main() -> int:
    """Returns the exit code."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        print("There is no Chromium on this machine (Debian: apt-get install chromium).")
        return 1
    with played() as (lab, scenes):
        PAGE.write_text(page(told(lab, scenes)))
        shutil.rmtree(PICTURES, ignore_errors=True)
        PICTURES.mkdir(parents=True)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
            tab = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
            _sign_in(tab, lab)
            for scene in scenes:
                if scene.picture:
                    _take(tab, lab, scene)
            browser.close()
    print(f"{len(scenes)} pages: {PAGE}, {PICTURES}")
    return 0


def _sign_in(tab: Page, lab: Lab) -> None:
    tab.goto(f"{lab.base_url}{LOGIN}?next=/admin/")
    tab.fill("#id_username", NAME)
    tab.fill("#id_password", PASSWORD)
    tab.click("[type=submit]")
    tab.wait_for_url("**/admin/")


def _take(tab: Page, lab: Lab, scene: Scene) -> None:
    """From the page's title down to the end of the timeline; what can be folded is left out."""
    tab.goto(f"{lab.base_url}/monitor/history/{scene.request_id}/")
    tab.add_style_tag(content="details.mon-panel { display: none }")
    area = tab.locator("#content, main").first.bounding_box()
    clip = {**(area or {}), "scale": 1}
    how = {"format": "webp", "quality": QUALITY, "clip": clip, "captureBeyondViewport": True}
    taken = tab.context.new_cdp_session(tab).send("Page.captureScreenshot", how)
    (PICTURES / scene.picture).write_bytes(base64.b64decode(taken["data"]))


sys.exit(main())
