"""The live page at 500 exchanges a second: what it is told comes from here, not from a server."""

import json
import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, WebSocketRoute, expect

NewPage = Callable[..., Page]
BATCHES_A_SECOND = 5
EXCHANGES = 100
"""In a batch, of which the server shows 20 new ones."""
SHOWN = 20
TABLE_ROWS = 300


def row(number: int, now: float) -> dict[str, Any]:
    return {
        "id": f"{int(now * 1000):012x}{number:020x}",
        "at": now,
        "dialect": "anthropic",
        "path": "/v1/messages",
        "client_key": "team",
        "client_model": f"model-{number % 7}",
        "mapped_model": f"model-{number % 7}",
        "account": "a@example.com",
        "is_stream": True,
        "in_flight": False,
        "status": 200,
        "outcome": "error" if number % 10 == 0 else "ok",
        "attempts": 1,
        "first_data_ms": 100,
        "duration_ms": 900,
        "tokens_in": 10,
        "tokens_out": 20,
        "tokens_cached": 0,
        "error": "",
    }


def batch(sequence: int, now: float) -> str:
    rows = [row(sequence * EXCHANGES + number, now) for number in range(SHOWN)]
    told = {"type": "batch", "process": "p", "sequence": sequence, "now": now, "rows": rows}
    counts = {"admitted": EXCHANGES, "ended": EXCHANGES, "failed": 10, "skipped": EXCHANGES - SHOWN}
    return json.dumps(told | counts | {"first_data_ms": [100] * 50, "in_flight": 150})


def test_it_stays_usable_and_says_that_it_samples(new_page: NewPage) -> None:
    """Ten seconds' worth at once: the table stays bounded, the figures count all, a filter still acts."""
    page = new_page("/admin/")
    sockets: list[WebSocketRoute] = []
    began = time.time()

    def serve(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        empty = {"type": "snapshot", "now": began, "rows": [], "in_flight": 0, "seconds": []}
        socket.send(json.dumps(empty))

    page.route_web_socket("**/ws/monitor/", serve)
    page.goto("/monitor/live/")
    expect(page.locator("#live-connection")).to_have_text("live")
    for sequence in range(1, 10 * BATCHES_A_SECOND + 1):
        sockets[0].send(batch(sequence, began + sequence / BATCHES_A_SECOND / 100))
    expect(page.locator("#live-sampled")).to_contain_text("20 % of the exchanges are shown")
    expect(page.locator('[data-figure="rate"] .ek-tile-note')).to_have_text("5000 in 5 minutes")
    expect(page.locator('[data-figure="errors"] .ek-tile-value')).to_have_text("10 %")
    rows = page.locator("#live-table tbody tr")
    assert TABLE_ROWS - 40 < rows.count() <= TABLE_ROWS  # failures that are alike are one row
    page.locator("#live-filter").fill("model-3")
    expect(page.locator("#live-table tbody tr", has_not_text="model-3")).to_have_count(0)
    assert 0 < rows.count() < TABLE_ROWS
    page.locator("#live-filter").fill("")
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    sockets[0].send(batch(60, began + 1))
    expect(page.locator("#live-pause")).to_have_text("Resume")
    page.keyboard.press("p")
    expect(rows.first).to_have_attribute("data-id", row(60 * EXCHANGES + SHOWN - 1, began + 1)["id"])


def test_what_it_missed_it_asks_for(new_page: NewPage) -> None:
    """A number that was left out is a batch that was lost: the page catches up from the database."""
    page = new_page("/admin/")
    sockets: list[WebSocketRoute] = []
    heard: list[Any] = []
    began = time.time()
    running = row(1, began) | {"in_flight": True, "outcome": None, "first_data_ms": None}

    def serve(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.on_message(lambda message: heard.append(json.loads(message)))
        known = {"type": "snapshot", "now": began, "rows": [running], "in_flight": 1, "seconds": []}
        socket.send(json.dumps(known))

    page.route_web_socket("**/ws/monitor/", serve)
    page.goto("/monitor/live/")
    expect(page.locator("#live-table .ek-state")).to_contain_text("waiting for first data")
    quiet = {
        "type": "batch",
        "process": "p",
        "now": began,
        "rows": [],
        "admitted": 0,
        "ended": 0,
        "failed": 0,
    }
    quiet |= {"skipped": 0, "first_data_ms": [], "in_flight": 1}
    asked_before = len(heard)
    for sequence in (1, 2, 4):
        sockets[0].send(json.dumps(quiet | {"sequence": sequence}))
    deadline = time.monotonic() + 60
    while len(heard) == asked_before and time.monotonic() < deadline:
        page.evaluate("1")
    assert heard[-1] == {"catch_up": [running["id"]]}


SHIFTS = """() => {
    window.shifts = 0;
    new PerformanceObserver(list => {
        for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifts += one.value;
    }).observe({type: "layout-shift", buffered: true});
}"""
FRAME = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def served(page: Page) -> WebSocketRoute:
    """The live page open on an empty history; what it is told from now on comes over this."""
    sockets: list[WebSocketRoute] = []

    def serve(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        empty = {"type": "snapshot", "now": time.time(), "rows": [], "in_flight": 0, "seconds": []}
        socket.send(json.dumps(empty))

    page.route_web_socket("**/ws/monitor/", serve)
    page.goto("/monitor/live/")
    expect(page.locator("#live-connection")).to_have_text("live")
    return sockets[0]


def told(sequence: int, rows: list[dict[str, Any]]) -> str:
    batch = {"type": "batch", "process": "p", "sequence": sequence, "now": time.time(), "rows": rows}
    counts = {"admitted": len(rows), "ended": len(rows), "failed": 0, "skipped": 0, "in_flight": 3}
    return json.dumps(batch | counts | {"first_data_ms": [100]})


def test_nothing_moves_at_twenty_requests_a_second(new_page: NewPage) -> None:
    """A layout shift under 0.1 in all, rows of one line, and a table that scrolls inside the screen."""
    page = new_page("/admin/")
    socket = served(page)
    page.evaluate(SHIFTS)
    began = time.time()
    for sequence in range(1, 51):
        rows = [row(sequence * EXCHANGES + number, began + sequence / 5) for number in range(4)]
        rows[1] |= {"in_flight": True, "outcome": None, "first_data_ms": None, "error": "x" * 150}
        rows[2] |= {"outcome": "error", "status": 400, "client_model": f"m{sequence}", "error": "long " * 60}
        socket.send(told(sequence, rows))
        page.evaluate(FRAME)
    # Of each four one fails as one of seven models: those are seven rows for all.
    expect(page.locator("#live-table tbody tr")).to_have_count(50 * 3 + 7)
    assert page.evaluate("window.shifts") < 0.1
    heights = page.locator("#live-table tbody tr").evaluate_all("all => all.map(one => one.offsetHeight)")
    assert max(heights) <= 34
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight + 80")
    box = page.locator(".ek-bounded")
    box.evaluate("box => box.scrollTo(0, 500)")
    head, frame = page.locator("#live-table thead th").first.bounding_box(), box.bounding_box()
    assert head is not None
    assert frame is not None
    assert abs(head["y"] - frame["y"]) <= 2


def test_failures_that_are_alike_are_one_row(new_page: NewPage) -> None:
    """With their number and from when to when; a press shows each of them, another folds them."""
    page = new_page("/admin/")
    socket = served(page)
    began = time.time()
    limited = {"outcome": "error", "status": 429, "client_model": "gemini-3-flash", "error": "quota"}
    rows = [row(number, began + number / 10) | limited for number in range(23)]
    socket.send(told(1, [*rows, row(99, began + 1)]))
    lines = page.locator("#live-table tbody tr")
    expect(lines).to_have_count(2)
    times = page.locator(".ek-times")
    expect(times).to_have_text("23 ×")
    times.click()
    expect(lines).to_have_count(24)
    times.click()
    expect(lines).to_have_count(2)
