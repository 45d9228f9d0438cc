"""From a failure to what helps, by the buttons of its page."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.served.world import World

NewPage = Callable[..., Page]
FORGET_MAPPINGS = (
    "from accounts.models import ModelMapping;ModelMapping.objects.filter(continuation=True).delete()"
)


def test_a_broken_answer_leads_to_its_continuation(new_page: NewPage, console_world: World) -> None:
    """One press turns continuation on for the model, and says so."""
    row = console_world.row(console_world.messages("Broken amid the text. [fault: cut@5]"))
    page = new_page(f"/monitor/history/{row['id']}/")
    panel = page.locator(".mon-diagnosis")
    expect(panel).to_contain_text("broke off in the middle")
    panel.get_by_role("button", name="Turn on continuation for this model").click()
    expect(page.locator("body")).to_contain_text("What breaks off is continued from now on")
    panel.get_by_role("link", name="The model's mapping").click()
    expect(page.locator("#id_continuation")).to_be_checked()
    console_world.server.manage("shell", "-v0", "-c", FORGET_MAPPINGS)


def test_a_failed_request_is_sent_again_from_its_page(new_page: NewPage, console_world: World) -> None:
    """One press, and both stand side by side."""
    row = console_world.row(console_world.messages("Nothing now. [fault: empty*]"))
    console_world.clear_marks()
    page = new_page(f"/monitor/history/{row['id']}/")
    page.locator(".mon-diagnosis").get_by_role("button", name="Send again").click()
    page.wait_for_url("**/beside/**")
    expect(page.locator(".mon-compare thead")).to_contain_text("The replay")


def test_upstreams_own_reason_stands_before_the_advice(new_page: NewPage, console_world: World) -> None:
    """Whoever reads from the top meets it second."""
    row = console_world.row(console_world.messages("Refused. [fault: status=400]"))
    page = new_page(f"/monitor/history/{row['id']}/")
    reason = page.locator(".mon-diagnosis blockquote")
    expect(reason).to_contain_text("upstream's own words")
    advice = page.locator(".mon-diagnosis .next")
    assert reason.bounding_box()["y"] < advice.bounding_box()["y"]  # type: ignore[index]
