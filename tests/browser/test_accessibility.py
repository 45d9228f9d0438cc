"""Every page before axe-core (version 4.14.1, vendored beside this file): nothing serious, light and dark."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.monitor.pages.every_page import every_page

NewPage = Callable[..., Page]
AXE = Path(__file__).parent / "axe" / "axe.min.js"
PAGES = (
    "/admin/",
    "/monitor/history/?failed=1&outcome=exploded",
    "/monitor/statistics/?days=1",
    *every_page(),
    "/admin/accounts/account/",
    "/admin/accounts/account/add/",
    "/admin/accounts/modelmapping/add/",
    "/admin/accounts/clientkey/",
)
LOOK = """() => axe.run().then(told => ({
    passed: told.passes.length,
    wrong: told.violations
        .filter(one => one.impact === "serious" || one.impact === "critical")
        .map(one => `${one.id}: ${one.nodes.map(node => node.target.join(" ")).join(", ")}`),
}))"""


@pytest.mark.parametrize("dark", [False, True])
def test_no_page_has_a_serious_finding(new_page: NewPage, dark: bool) -> None:
    """Names, roles, contrast, focus: nothing that axe calls serious or critical."""
    page = new_page("/monitor/history/", dark=dark)
    request = page.locator("tr[data-row] td.t a").first.get_attribute("href") or ""
    found = {}
    for path in (*PAGES, request):
        page.goto(path)
        page.evaluate(f"{AXE.read_text()};0")  # the page's own policy lets no other script in
        told = page.evaluate(LOOK)
        assert told["passed"] > 10, path
        if told["wrong"]:
            found[path] = told["wrong"]
    assert found == {}
