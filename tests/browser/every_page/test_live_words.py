"""What the live page says of a request is read whole where the page is narrow."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

CUT = """() => {
    const page = JSON.parse(document.getElementById("live-page").textContent);
    const body = document.querySelector("#live-table tbody");
    const row = document.createElement("tr");
    for (let at = 0; at < 8; at++) row.append(document.createElement("td"));
    const state = row.cells[1], words = document.createElement("span"), sign = document.createElement("span");
    state.className = "ek-state";
    sign.className = "ek-sign";
    const outcomes = Object.keys(page.outcomes).filter(one => !["ok", "in_flight"].includes(one));
    words.append(sign, "");
    const times = document.createElement("button");
    times.className = "ek-times";
    times.textContent = "12 ×";
    state.append(times, words);
    body.prepend(row);
    const cut = [];
    for (const one of outcomes) {
        const said = [page.outcomes[one], "502", page.words.attempts.replace("{number}", "3")].join(" · ");
        words.lastChild.textContent = said;
        if (state.scrollWidth > state.clientWidth) cut.push(said);
    }
    const heads = [...document.querySelectorAll("#live-table thead th")];
    const names = heads.slice(2, 4).map(one => one.clientWidth);
    row.remove();
    return {cut, names, tried: outcomes.length};
}"""
"""Each outcome with how many are alike, a status and its attempts, in a row that stands for a moment."""


@pytest.mark.parametrize("locale", ["en-GB", "ja"])
@pytest.mark.parametrize("width", [1280, 1440])
def test_the_state_is_whole(new_page: Callable[..., Page], width: int, locale: str) -> None:
    """The outcome, its status and its attempts; the names of model and account keep room beside them."""
    told = new_page("/monitor/live/", width=width, locale=locale).evaluate(CUT)
    assert told["tried"] > 5
    assert told["cut"] == []
    assert min(told["names"]) > 80
