"""Every page of the operator under its Content-Security-Policy: nothing is refused, the theme works."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from playwright.sync_api import Error as BrowserError

from proxyproject.pages.security_headers import PAGE_HEADERS
from tests.served.world import World

NewPage = Callable[..., Page]

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


@pytest.fixture
def watched(new_page: NewPage) -> Iterator[Page]:
    """A page of the operator that counts what its policy refused and what Alpine could not read."""
    page = new_page("/admin/")
    told: list[str] = []
    page.on(
        "console", lambda line: told.append(f"{page.url}: {line.text}") if "Alpine" in line.text else None
    )
    page.on("pageerror", lambda error: told.append(f"{page.url}: {error}"))
    page.on("response", lambda one: told.append(f"{one.status} {one.url}") if one.status >= 400 else None)
    page.context.expose_function("policyRefused", lambda what: told.append(f"{page.url}: refused {what}"))
    page.context.add_init_script(
        "addEventListener('securitypolicyviolation', (event) =>"
        " policyRefused(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`))"
    )
    yield page
    assert told == []


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


def test_no_page_breaks_its_policy(watched: Page) -> None:
    """From link to link over every kind of page: all that can be clicked is, and nothing is refused."""
    page, kinds, clicked = watched, set[str](), set[str]()
    ways = [
        "/admin/",
        "/monitor/live/",
        "/monitor/faultlab/",
        "/api/docs",
        "/admin/password_change/",
        "/usage/",
    ]
    while ways and len(kinds) < 100:
        path = ways.pop(0)
        if kind_of(path) in kinds or LEFT_OUT.search(path) or path.count("=") > 1:
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
        ways += [link for link in links_of(page) if kind_of(link) not in kinds]
        clicked.update(page.evaluate(CLICK_ALL))
        page.evaluate(SHOW_HANDLERS)
    assert len(kinds) > 40
    assert len(clicked) > 10


def test_a_script_of_a_stranger_does_not_run(browser: Browser, console_world: World) -> None:
    """Markup that got into a page runs nothing: no script, no handler, no text read by Alpine as code."""
    page = browser.new_page(base_url=console_world.server.base_url)
    page.goto("/admin/login/")
    refused: list[str] = page.evaluate(
        """async () => {
          const told = [];
          addEventListener('securitypolicyviolation', (event) => told.push(event.effectiveDirective));
          const script = document.createElement('script');
          script.textContent = 'window.hacked = 1';
          const box = document.createElement('div');
          box.innerHTML = '<img src="data:," onerror="window.hacked = 2">'
            + '<b x-data x-text="$el.ownerDocument.title"></b>';
          document.body.append(script, box);
          for (let i = 0; i < 100 && told.length < 2; i++) await new Promise(requestAnimationFrame);
          return [...told.sort(), String(window.hacked), box.textContent];
        }"""
    )
    page.close()
    assert refused == ["script-src-attr", "script-src-elem", "undefined", ""]


def test_the_theme_works_without_texts_that_run(watched: Page) -> None:
    """What the theme wrote as code: the sidebar that stays closed, the chosen tone, the form, the search."""
    page = watched
    page.set_viewport_size({"width": 1400, "height": 900})
    sidebar = page.locator("#nav-sidebar")
    expect(sidebar).to_be_visible()
    page.locator("[x-on\\:click^='sidebarDesktopOpen']").click()
    expect(sidebar).to_be_hidden()
    page.goto("/admin/accounts/account/")
    expect(sidebar).to_be_hidden()
    page.locator("[x-on\\:click^='sidebarDesktopOpen']").click()
    expect(sidebar).to_be_visible()
    page.evaluate("document.querySelector('[x-on\\\\:click*=dark]').click()")
    expect(page.locator("html")).to_have_class(re.compile(r"\bdark\b"))
    page.goto("/admin/accounts/account/")
    expect(page.locator("html")).to_have_class(re.compile(r"\bdark\b"))
    page.evaluate("document.querySelector('[x-on\\\\:click*=light]').click()")
    page.locator("#result_list tbody th a").first.click()
    page.wait_for_url("**/change/**")
    here = page.evaluate("location.pathname + location.search")
    expect(page.locator("#account_form")).to_have_attribute("action", here)
    search = page.locator("input[x-ref=searchInput]").first
    search.fill("mappin")
    search.press("g")
    expect(page.locator("#search-results")).to_contain_text("Mappings")
    search.press("ArrowDown")
    search.press("Escape")
    expect(search).to_have_value("")


def test_a_new_key_is_copied(watched: Page) -> None:
    """The page that shows a key once copies it by its button."""
    page = watched
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/admin/accounts/clientkey/add/")
    page.fill("#id_name", "content security")
    page.click("[name=_save]")
    key = page.locator("#new-client-key").inner_text()
    page.locator("[data-copies]").click()
    expect(page.locator("[data-copies]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == key
