"""From "what happened?" to "do this": each of the demo's broken requests, from the history to its advice."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Page

from monitor.diagnosis.headline import BEFORE_ADVICE_WORDS
from proxyproject.demo.samples import LIMITED, SAMPLES, Sample, send
from tests.served.world import KEY, World

NewPage = Callable[..., Page]
BROKEN = [sample for sample in (*SAMPLES, LIMITED) if "[fault: " in str(sample.body) or sample.status != 200]
READ_BEFORE_ADVICE = """() => {
    const advice = document.querySelector(".mon-diagnosis .next");
    const before = [...advice.parentElement.children].filter(
        one => one.compareDocumentPosition(advice) & Node.DOCUMENT_POSITION_FOLLOWING);
    return before.map(one => one.innerText).join(" ").split(/\\s+/).filter(Boolean);
}"""


@pytest.fixture(scope="module", autouse=True)
def cleared(console_world: World) -> Iterator[None]:
    """In the demo's order, as in the demo, marks of one do not hinder the next; afterwards none is left."""
    console_world.clear_marks()
    yield
    console_world.clear_marks()


def test_the_demo_breaks_enough() -> None:
    """What is looked at below is most of what can go wrong."""
    assert len(BROKEN) >= 10


@pytest.mark.parametrize("sample", BROKEN, ids=[sample.title for sample in BROKEN])
def test_the_advice_is_read_at_once(new_page: NewPage, console_world: World, sample: Sample) -> None:
    """One click from the history; at most 25 words before the advice, which is seen without scrolling; and
    where something is to be done, a button or a link does it.
    """
    sent = send(sample, console_world.server.base_url, KEY)
    assert sent.status == sample.status
    console_world.row(sent.request_id)
    page = new_page("/monitor/history/")
    page.locator(f"tr[data-row]:has(a[href='/monitor/history/{sent.request_id}/']) td.r").click()
    page.wait_for_url(f"**/{sent.request_id}/")
    before = page.evaluate(READ_BEFORE_ADVICE)
    assert 0 < len(before) <= BEFORE_ADVICE_WORDS, before
    advice = page.locator(".mon-diagnosis .next")
    box = advice.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < 400
    if page.locator(".mon-diagnosis.good").count() == 0:
        acts = page.locator(".mon-diagnosis .mon-acts").locator("button, a")
        assert acts.count() >= 1, advice.inner_text()
        assert acts.first.is_visible()
