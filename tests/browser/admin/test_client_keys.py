"""A new key's page: its clients as tabs with the key filled in, a test, and a word before it is lost."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

NewPage = Callable[..., Page]


@pytest.mark.parametrize("width", [1280, 360])
def test_each_client_is_a_tab_with_the_key_in_it(new_page: NewPage, width: int) -> None:
    """One is seen at a time, by mouse and by arrow keys; the model is one that the accounts serve."""
    page = new_page("/admin/accounts/clientkey/add/", width=width)
    page.fill("#id_name", f"tabs {width}")
    page.click("[name=_save]")
    key = page.locator("#new-client-key").inner_text()
    panels = page.locator("[role=tabpanel]")
    expect(panels.filter(visible=True)).to_have_count(1)
    expect(page.locator("#claude-code pre")).to_contain_text(f"ANTHROPIC_AUTH_TOKEN={key}")
    expect(page.locator("#claude-code pre")).to_contain_text("claude-sonnet-4-6")
    page.get_by_role("tab", name="gemini-cli").click()
    expect(page.locator("#gemini-cli")).to_be_visible()
    expect(page.locator("#claude-code")).to_be_hidden()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Codex CLI")).to_be_focused()
    expect(page.locator("#codex pre")).to_contain_text(key)
    expect(page.locator("#connect-test [name=key]")).to_have_value(key)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_leaving_without_a_copy_is_asked_about(new_page: NewPage) -> None:
    """Once; after a copy nobody is kept."""
    page = new_page("/admin/accounts/clientkey/add/")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.fill("#id_name", "left behind")
    page.click("[name=_save]")
    asked: list[str] = []

    def stay(dialog: object) -> None:
        asked.append(dialog.type)  # type: ignore[attr-defined]
        dialog.dismiss()  # type: ignore[attr-defined]

    page.on("dialog", stay)
    page.get_by_role("tab", name="gemini-cli").click()
    page.get_by_text("Back to the client keys").click(no_wait_after=True)
    expect(page.locator("#new-client-key")).to_be_visible()
    assert asked == ["beforeunload"]
    page.locator("#gemini-cli [data-copy]").click()
    assert page.locator("#new-client-key").inner_text() in page.evaluate("navigator.clipboard.readText()")
    page.get_by_text("Back to the client keys").click()
    page.wait_for_url("**/admin/accounts/clientkey/")
    assert asked == ["beforeunload"]


def test_a_key_s_form_is_in_the_reader_s_zone(new_page: NewPage) -> None:
    """As the list of keys is: what is entered by the reader's clock is shown by it again."""
    page = new_page("/admin/accounts/clientkey/")
    page.goto("/admin/accounts/clientkey/add/")
    expect(page.locator("form p", has_text="time zone")).to_contain_text("Asia/Tokyo")
    page.fill("#id_name", "ends at noon")
    page.locator("details", has=page.locator("#id_expires_at_0")).locator("summary").click()
    page.fill("#id_expires_at_0", "2031-03-04")
    page.fill("#id_expires_at_1", "12:00:00")
    page.click("[name=_save]")
    expect(page.locator("#new-client-key")).to_be_visible()
    listed = new_page("/admin/accounts/clientkey/").locator("#result_list tr", has_text="ends at noon")
    expect(listed.locator("time").first).to_contain_text("12:00")
