"""Accounts as an operator enters them: saved, tested, and told in words how it stands with them."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.served.world import World

NewPage = Callable[..., Page]


def test_a_saved_account_is_tested_at_once(new_page: NewPage, console_world: World) -> None:
    """A refused key is told as such, in the list and on the overview, until a test works."""
    simulator = console_world.simulator
    simulator.plan("status=401", repeat=True)
    page = new_page("/admin/accounts/account/add/")
    expect(page.get_by_text("claude-haiku-4-5 (Anthropic)")).to_be_visible()
    page.fill("#id_email", "zoe@browser.example")
    page.select_option("#id_kind", "anthropic")
    page.fill("#id_credential", "sim-zoe")
    page.fill("#id_base_url", simulator.base_url)
    page.click("[name=_save]")
    row = page.locator("#result_list tr", has_text="zoe@browser.example")
    expect(row).to_contain_text("refused (401)")
    page.goto("/admin/")
    expect(page.locator("section", has_text="Accounts in trouble")).to_contain_text("refused (401)")
    simulator.reset()
    page.get_by_text("zoe@browser.example").click()
    page.locator('a[hx-get*="/test"]').click()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("The account works").first).to_be_visible()
    page.goto("/admin/accounts/account/")
    expect(row).to_contain_text("works")
    page.goto("/admin/")
    expect(page.locator("main, body")).not_to_contain_text("zoe@browser.example")
    account = console_world.server.rows(
        "SELECT id FROM accounts_account WHERE email = 'zoe@browser.example'"
    )[0]["id"]
    page.goto(f"/admin/accounts/account/{account}/delete/")
    page.locator("form [type=submit]").last.click()
    page.wait_for_url("**/admin/accounts/account/")


def test_the_form_shows_where_an_account_will_be_asked(new_page: NewPage, console_world: World) -> None:
    """As its entries are typed, per kind, with the version that the address has of its own."""
    page = new_page("/admin/accounts/account/add/")
    shown = page.locator("#asked-at")
    page.select_option("#id_kind", "openai")
    expect(shown).to_have_text("https://api.openai.com/v1/chat/completions")
    page.fill("#id_base_url", "https://open.example/api/v4/")
    expect(shown).to_have_text("https://open.example/api/v4/chat/completions")
    page.select_option("#id_kind", "anthropic")
    expect(shown).to_have_text("https://open.example/api/v4/messages")
    page.fill("#id_base_url", "open.example")
    expect(shown).to_have_text("–")


def test_the_form_has_the_fields_of_its_kind(new_page: NewPage) -> None:
    """A project and a region are asked for where they mean something; each kind names where keys are made."""
    page = new_page("/admin/accounts/account/add/")
    hint = page.locator("#credential-hint")
    for kind, host, project, location in (
        ("gemini", "aistudio.google.com", False, False),
        ("anthropic", "platform.claude.com", False, False),
        ("vertex", "console.cloud.google.com", True, True),
        ("code_assist", "console.cloud.google.com", True, False),
        ("openai", "platform.openai.com", False, False),
    ):
        page.select_option("#id_kind", kind)
        expect(hint).to_contain_text(host)
        expect(page.locator("#id_project")).to_be_visible(visible=project)
        expect(page.locator("#id_location")).to_be_visible(visible=location)
    page.select_option("#id_kind", "vertex")
    page.fill("#id_project", "my-project")
    page.select_option("#id_kind", "gemini")
    expect(page.locator("#id_project")).to_be_visible()


def test_an_account_shows_its_state_first(new_page: NewPage) -> None:
    """Before everything that can be changed."""
    page = new_page("/admin/accounts/account/")
    page.locator("#result_list tbody th a").first.click()
    state, label = page.get_by_text("Last test", exact=True).first, page.locator("#id_email")
    assert state.bounding_box()["y"] < label.bounding_box()["y"]  # type: ignore[index]


def test_a_form_with_an_error_keeps_the_pasted_credential(new_page: NewPage, console_world: World) -> None:
    """In the page alone: what the server sends back never has it; corrected, the account is saved with it."""
    page = new_page("/admin/accounts/account/add/")
    pages: list[str] = []
    page.on("response", lambda one: pages.append(one.text()) if one.request.method == "POST" else None)
    page.select_option("#id_kind", "openai")
    page.fill("#id_credential", "sim-kept")
    page.fill("#id_base_url", "no-address")
    page.click("[name=_save]")
    expect(page.locator(".errornote")).to_be_visible()
    expect(page.locator(".field-email")).to_contain_text("This field is required")
    expect(page.locator("#id_email")).to_be_focused()
    expect(page.locator("#id_credential")).to_have_value("sim-kept")
    assert pages
    assert not any("sim-kept" in one for one in pages)
    page.select_option("#id_kind", "anthropic")
    expect(page.locator("#credential-hint")).to_contain_text("platform.claude.com")
    page.fill("#id_email", "kept@browser.example")
    page.fill("#id_base_url", console_world.simulator.base_url)
    expect(page.locator("#asked-at")).to_contain_text(console_world.simulator.base_url)
    page.click("[name=_continue]")
    page.wait_for_url("**/change/")
    expect(page.get_by_text("The account works").first).to_be_visible()
    expect(page.locator("#id_credential")).to_have_value("")
    page.goto(page.url.replace("/change/", "/delete/"))
    page.locator("form [type=submit]").last.click()
    page.wait_for_url("**/admin/accounts/account/")


def test_the_form_fits_a_phone(new_page: NewPage) -> None:
    """At 360 pixels nothing is wider than the page, the address that is asked neither."""
    page = new_page("/admin/accounts/account/add/", width=360)
    expect(page.locator("#asked-at")).to_contain_text("https://")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
