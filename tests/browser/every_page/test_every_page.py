"""Every page: who uses it by ear or in the dark can, and its policy for contents refuses nothing of it."""

import re

import pytest
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import Page

from proxyproject.pages.security_headers import PAGE_HEADERS
from tests.browser.all_pages import NO_PAGES, PAGES, routes
from tests.browser.axe_look import findings, wrong

AT_MOST = 200
"""So many kinds of pages there are not: the walk has an end."""

CLICK_ALL = """() => {
  const told = [];
  for (const element of document.querySelectorAll('[x-on\\\\:click]')) {
    const act = element.getAttribute('x-on:click');
    if (element.closest('a[href]') || /selectItem|Favorite|removeFromHistory/.test(act)) continue;
    told.push(act);
    element.click();
  }
  return told;
}"""

SHOW_HANDLERS = """() => {
  for (const field of document.querySelectorAll('input, select, textarea')) {
    for (const key of ['Escape', 'ArrowDown', 'ArrowUp', 'a'])
      field.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true }));
    field.dispatchEvent(new Event('focus'));
  }
  dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }));
}"""

# Where a visit does more than show a page.
LEFT_OUT = re.compile(
    r"/logout/|/export/file|/body/|/ws/|\.har|\.json|/jsi18n/|/autocomplete/|_facets|_changelist_filters|_popup"
)


def test_no_page_is_left_out() -> None:
    """A route has a page that is looked at, or it is said why not."""
    found = set(routes())
    without = {route for some in NO_PAGES.values() for route in some}
    assert found - set(PAGES) - without == set()
    assert (set(PAGES) | without) - found == set()


def kind_of(path: str) -> str:
    """Pages of one kind have one text here: without ids and without the values of a query."""
    bare, _, query = path.partition("?")
    bare = re.sub(r"/[0-9a-f-]{32,36}(?=/)|/\d+(?=/)", "/N", bare)
    return bare + "?" + "&".join(sorted(part.partition("=")[0] for part in query.split("&")))


def links_of(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        "() => [...document.querySelectorAll('a[href]')].filter((a) => a.origin === location.origin"
        " && !a.hasAttribute('download')).map((a) => a.pathname + a.search)"
    )
    return found


@pytest.mark.timeout(600)
def test_every_page_can_be_used_and_keeps_its_policy(watched: Page, known: dict[str, str]) -> None:
    """Names, roles, contrast, focus: nothing that axe calls serious or critical on any page, and from there
    from link to link over every kind of page: all that can be clicked is, and no policy refuses anything.
    """
    page, kinds, clicked = watched, set[str](), set[str]()
    told = {}
    all_pages = [path.format(**known) for paths in PAGES.values() for path in paths]
    ways = [*all_pages, "/api/docs"]
    while ways and len(kinds) < AT_MOST:
        path = ways.pop(0)
        is_new = kind_of(path) not in kinds and not LEFT_OUT.search(path) and path.count("=") <= 1
        is_looked_at = path in all_pages and path not in told
        if not (is_new or is_looked_at):
            continue
        kinds.add(kind_of(path))
        try:
            answer = page.goto(path, wait_until="load")
        except BrowserError as error:
            if "Download is starting" in str(error):
                continue
            raise
        assert answer is not None
        assert answer.status < 400, path
        for name, value in PAGE_HEADERS:
            assert answer.headers[name.decode()] == value.decode(), path
        if is_looked_at:
            told[path] = findings(page)
        ways += [link for link in links_of(page) if kind_of(link) not in kinds]
        clicked.update(page.evaluate(CLICK_ALL))
        page.evaluate(SHOW_HANDLERS)
        page.evaluate("localStorage.clear()")  # a sidebar that was folded hides nothing of the next page
    assert not wrong(told), wrong(told)
    assert set(told) == set(all_pages)
    assert 40 < len(kinds) < AT_MOST
    assert len(clicked) > 10
