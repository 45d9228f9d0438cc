"""The history as a person uses it: by mouse, by keyboard, on a phone, in the dark."""

import json
import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

NewPage = Callable[..., Page]
HISTORY = "/monitor/history/"
OURS = f"{HISTORY}?client_key=tests"
"""What was asked with the key; while the server started, some requests were refused."""


def test_a_failed_request_is_found_and_explained(new_page: NewPage) -> None:
    """From the list over a quick filter to the diagnosis: what happened, and what to do."""
    page = new_page(OURS)
    expect(page.locator("tr[data-row]").nth(3)).to_be_visible()
    page.click("text=Zero token")
    page.wait_for_url("**outcome=zero_tokens**")
    page.locator("tr[data-row]").last.locator("td.r").click()
    expect(page.locator(".mon-diagnosis")).to_contain_text(
        "All 3 attempts answered 200 but ended before any data"
    )
    expect(page.locator(".mon-diagnosis")).to_contain_text("pressing retry many times does not help")
    expect(page.locator(".mon-bar")).to_have_count(3)
    expect(page.locator("details", has_text="Lines of app.log")).to_contain_text("All 3 attempts failed.")


def test_times_are_those_of_the_reader(new_page: NewPage) -> None:
    """The browser's zone is shown, and the exact moment stands in the title."""
    time = new_page(HISTORY).locator("tr[data-row] time").first
    exact = time.get_attribute("datetime") or ""
    assert time.get_attribute("title") == exact
    hour = (int(exact[11:13]) + 9) % 24
    expect(time).to_contain_text(f"{hour:02d}{exact[13:19]}")


def test_everything_is_reached_by_keyboard(new_page: NewPage) -> None:
    """/ searches, j and k walk, x selects, Enter opens."""
    page = new_page(HISTORY)
    page.keyboard.press("/")
    page.keyboard.type("plain")
    page.keyboard.press("Enter")
    expect(page.locator("tr[data-row]")).to_have_count(1)
    page.goto(OURS)
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator(".mon-selected")).to_contain_text("1")
    second = page.locator("tr[data-row]").nth(0).locator("td.t a").get_attribute("href")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{second}")


def test_text_in_bodies_is_found_step_by_step(new_page: NewPage) -> None:
    """The search through bodies ends by itself and shows what it found."""
    page = new_page(HISTORY)
    page.click("summary:has-text('Filters')")
    page.fill("input[name=body]", "empty answer first")
    page.click("button:has-text('Apply')")
    expect(page.locator("tr[data-row]")).to_have_count(1)
    expect(page.locator("tr[data-row]")).to_contain_text("retried")


STEP = """<tbody data-rows data-older="?body=absent&amp;before=%s" data-searching="1"><tr class="mon-foot">
<td>
<span data-progress>Searched back to %s.</span> <a rel="next" href="?body=absent&amp;before=%s">Search on</a>
<button type="button" data-cancel hidden>Stop</button></td></tr></tbody>"""


def test_a_search_through_bodies_is_stopped(new_page: NewPage) -> None:
    """It says how far it is; Stop ends the step that runs, asks for no other, and offers to go on."""
    page = new_page(HISTORY)
    asked: list[str] = []

    def answer(route: Route) -> None:
        if route.request.headers.get("x-part") != "rows":
            step = STEP % (("c" * 32,) * 3)
            html = re.sub(r"<tbody data-rows.*?</tbody>", step, route.fetch().text(), flags=re.S)
            route.fulfill(body=html, content_type="text/html")
            return
        asked.append(route.request.url)
        if len(asked) == 1:
            route.fulfill(body=STEP % (("b" * 32,) * 3), content_type="text/html")
        # The second step is never answered: it runs until it is stopped.

    page.route("**/monitor/history/?body=absent*", answer)
    page.goto(f"{HISTORY}?body=absent")
    expect(page.locator("[data-progress]")).to_contain_text("b" * 32)
    with page.expect_event("requestfailed") as failed:
        page.click("button[data-cancel]:visible")
    assert failed.value.url == asked[1]
    expect(page.locator("button[data-cancel]:visible")).to_have_count(0)
    expect(page.locator("a[rel=next]:visible")).to_have_text("Search on")
    assert len(asked) == 2


def test_an_export_is_shown_saved_and_read_back(new_page: NewPage) -> None:
    """The file that the browser saves holds what the page showed, without addresses."""
    page = new_page(f"{HISTORY}?outcome=retried")
    page.click("text=Export this view")
    page.select_option("select[name=format]", "har")
    page.wait_for_url("**format=har**")
    expect(page.locator("pre")).to_contain_text('"version": "1.2"')
    with page.expect_download() as download:
        page.click("[data-download]")
    log = json.loads(download.value.path().read_text())["log"]
    assert {entry["request"]["method"] for entry in log["entries"]} == {"POST"}
    assert "***@anthropic" in json.dumps(log)
    assert not re.search(r"[abc]@anthropic", json.dumps(log))
    expect(page.locator("[data-status]")).to_contain_text("Done")


def test_a_choice_before_the_script_is_there_counts(new_page: NewPage) -> None:
    """The format may be chosen before the script has come over a slow line: its preview is shown."""
    page = new_page(f"{HISTORY}?outcome=retried")
    held: list[Route] = []
    page.route("**/export*.js", lambda route: held.append(route), times=1)
    with page.expect_request("**/export*.js"):
        page.click("text=Export this view", no_wait_after=True)
    page.select_option("select[name=format]", "har")
    held[0].continue_()
    page.wait_for_url("**format=har**")
    expect(page.locator("pre")).to_contain_text('"version": "1.2"')


def test_chosen_requests_are_exported(new_page: NewPage) -> None:
    """The rows that were ticked, by form: the file has them and no other."""
    page = new_page(HISTORY)
    for row in (0, 1):
        page.locator("tr[data-row] input").nth(row).check()
    page.click("text=Export the selected")
    expect(page.locator("text=2 selected requests")).to_be_visible()
    page.select_option("select[name=format]", "csv")
    expect(page.locator("pre")).to_contain_text("started_at")
    with page.expect_download() as download:
        page.click("[data-download]")
    assert len(download.value.path().read_text().splitlines()) == 3


def test_a_raw_body_is_searched_and_downloaded(new_page: NewPage) -> None:
    """Find counts the places; what clients send never runs."""
    page = new_page(f"{HISTORY}?dialect=gemini")
    page.click("tr[data-row] td.r")
    page.click("summary:has-text('Raw: client')")
    body = page.locator("details:has(summary:has-text('Raw: client'))")
    body.locator("input[type=search]").fill("script")
    expect(body.locator(".found")).to_have_text("1 / 2")
    assert page.evaluate("window.hacked") is None
    assert "\u202e" not in page.content()


def test_a_request_is_sent_again_and_stands_beside_the_first(new_page: NewPage) -> None:
    """Replay asks once, names the cost, runs, and shows both."""
    page = new_page(f"{HISTORY}?q=plain")
    page.click("tr[data-row] td.r")
    page.click("text=Replay…")
    expect(page.locator("#replay-upstream")).to_contain_text("will cost about as much again")
    account = page.locator("select[name=account] option", has_text="b@anthropic").get_attribute("value")
    page.select_option("select[name=account]", value=account)
    page.click("text=Send it again")
    page.wait_for_url("**/beside/**")
    expect(page.locator(".mon-outcome")).to_have_text(["✓ ok", "✓ ok"])
    expect(page.locator(".mon-compare")).to_contain_text("b@anthropic")
    expect(page.locator(".mon-turn.assistant")).to_have_count(2)


def test_a_request_is_tried_on_the_simulator(new_page: NewPage) -> None:
    """It names what it does and that it costs nothing; the fault strikes; the new row says what it was."""
    page = new_page(f"{HISTORY}?q=plain")
    page.locator("tr[data-row]").last.locator("td.r").click()
    page.click("text=Replay…")
    form = page.locator("#replay-simulator")
    expect(form).to_contain_text("It costs nothing")
    form.locator("select[name=fault]").select_option("cut")
    form.get_by_text("Send it to the simulator").click()
    page.wait_for_url("**/beside/**")
    expect(page.locator(".mon-outcome")).to_have_text(["✓ ok", "⚡ interrupted"])
    expect(page.locator(".mon-simulated")).to_contain_text("no account was asked")
    expect(page.locator(".mon-simulated")).to_contain_text("cut at first")
    expect(page.locator(".mon-compare")).to_contain_text("simulator 1")
    page.click("text=The replay")
    expect(page.locator(".mon-simulated")).to_have_count(1)
    page.goto(HISTORY)
    expect(page.locator("tr[data-row]").first).to_contain_text("⚗ simulator")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_is_wider_than_the_screen(new_page: NewPage, width: int, dark: bool) -> None:
    """List, request and export fit a phone and a laptop, in light and dark."""
    page = new_page(HISTORY, width=width, dark=dark)
    link = page.locator("tr[data-row] a").first.get_attribute("href") or ""
    for path in (HISTORY, f"{HISTORY}?failed=1&q=a", link, f"{HISTORY}export/"):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert ("dark" in (page.locator("html").get_attribute("class") or "")) is dark
