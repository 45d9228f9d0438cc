"""Conversations as a person looks at them: from the list into one, from turn to turn, two side by side."""

from collections.abc import Callable

from playwright.sync_api import Browser, expect

from tests.browser.live_browser import signed_in
from tests.running_server import RunningServer
from tests.served.world import CLAUDE, World, new_world

SESSION = {"x-claude-code-session-id": "8b9f1c1e-1", "user-agent": "claude-cli/2.1.150 (external, cli)"}


def ask(world: World, prompt: str, **headers: str) -> str:
    """A turn of the session; its id."""
    body = {"model": CLAUDE, "max_tokens": 64, "messages": [{"role": "user", "content": prompt}]}
    answer = world.client.post("/v1/messages", json=body, headers={**SESSION, **headers})
    return str(world.row(answer)["id"])


def test_a_conversation_is_walked_through(
    running_server: Callable[..., RunningServer], browser: Browser
) -> None:
    """A new turn appears by itself; ] and [ lead from turn to turn; two are compared; nothing is wider
    than a phone.
    """
    with new_world(running_server) as world:
        first = ask(world, "Begin, please.")
        second = ask(world, "Look around. [fault: empty, ok]", **{"x-claude-code-agent-id": "explorer"})
        with signed_in(browser, world, "/monitor/conversations/") as page:
            expect(page.locator("tr[data-row]")).to_have_count(1)
            page.click("tr[data-row] td.r")
            page.wait_for_url("**/monitor/conversations/*/")
            expect(page.locator("[data-part][data-ready]")).to_have_count(1)
            expect(page.locator(".mon-agents")).to_contain_text("explorer")
            expect(page.locator("#mon-turns tr[data-row]")).to_have_count(2)
            expect(page.locator("[data-two]")).to_be_disabled()
            for box in page.locator("#mon-turns input[name=id]").all():
                box.check()
            third = ask(world, "And now?")
            expect(page.locator("#mon-turns tr[data-row]")).to_have_count(3, timeout=20_000)
            expect(page.locator(".mon-axis rect")).to_have_count(3)
            page.click("[data-two]:not([disabled])")
            page.wait_for_url(f"**/monitor/history/{first}/beside/{second}/")
            page.goto(f"{world.server.base_url}/monitor/history/{first}/")
            page.wait_for_load_state("networkidle")
            page.keyboard.press("]")
            page.wait_for_url(f"**/monitor/history/{second}/")
            page.wait_for_load_state("networkidle")
            page.keyboard.press("]")
            page.wait_for_url(f"**/monitor/history/{third}/")
            page.wait_for_load_state("networkidle")
            page.keyboard.press("[")
            page.wait_for_url(f"**/monitor/history/{second}/")
            page.set_viewport_size({"width": 390, "height": 800})
            for path in (
                "/monitor/conversations/",
                f"/monitor/conversations/{world.row(first)['conversation']}/",
            ):
                page.goto(world.server.base_url + path)
                assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            assert page.wrong == []  # type: ignore[attr-defined]


def test_a_conversation_is_found_by_its_words_and_by_keyboard(
    running_server: Callable[..., RunningServer], browser: Browser
) -> None:
    """/ searches, j walks, Enter opens; what was found stays in the address."""
    with new_world(running_server) as world:
        ask(world, "Something else.")
        ask(world, "To the harbour, please.", **{"x-claude-code-session-id": "8b9f1c1e-2"})
        with signed_in(browser, world, "/monitor/conversations/") as page:
            expect(page.locator("tr[data-row]")).to_have_count(2)
            expect(page.locator("[data-part][data-ready]")).to_have_count(1)
            page.keyboard.press("/")
            page.keyboard.type("harbour")
            page.keyboard.press("Enter")
            page.wait_for_url("**q=harbour**")
            expect(page.locator("[data-part][data-ready]")).to_have_count(1)
            expect(page.locator("tr[data-row]")).to_have_count(1)
            page.keyboard.press("j")
            page.keyboard.press("Enter")
            page.wait_for_url("**/monitor/conversations/*/")
            expect(page.locator("#mon-turns")).to_contain_text("harbour")
            assert page.wrong == []  # type: ignore[attr-defined]
