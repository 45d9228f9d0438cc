"""The pages under their Content-Security-Policy: no stranger's script runs, and the theme works."""

import re

from playwright.sync_api import Browser, Page, expect

from tests.served.world import World


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
