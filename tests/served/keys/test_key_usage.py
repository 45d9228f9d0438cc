"""The key holder's view: its own figures, the same everywhere, and nothing of others."""

import csv
import io
import re
from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal

import httpx
import pytest

from tests.running_server import ServerWorld, json_value
from tests.served.keys.test_key_limits import ask, new_key
from tests.served.keys.test_key_rules import wait_for
from tests.served.operators import log_in, make_operator
from tests.served.world import World, lasting_world

HELD, OTHER = "sk-key-of-holder", "sk-key-of-stranger"


@pytest.fixture(scope="module")
def world(server_world: ServerWorld) -> Iterator[World]:
    """A server on which two keys have asked, one of them with faults."""
    with lasting_world(server_world) as world:
        new_key(world, "holder", "--usd-per-month", "50", "--requests-per-minute", "500")
        new_key(world, "stranger")
        faults = (
            "",
            "[fault: empty, ok]",
            "[fault: cut@3]",
            "[fault: status=503, ok]",
            "[fault: stop_empty, ok]",
        )
        for number in range(24):
            ask(world, HELD, f"Question {number}. {faults[number % 5]}", stream=number % 3 == 0)
        ask(world, OTHER, "A stranger's question.")
        world.row(world.messages("The last one."))
        yield world
        assert "Traceback" not in world.server.log_text
        assert HELD not in world.server.log_text


def usage(world: World, key: str, **headers: str) -> httpx.Response:
    return world.client.get("/v1/usage", headers={"x-api-key": key, **headers})


def page(world: World, key: str) -> httpx.Response:
    """The page, with the key typed into its form."""
    with httpx.Client(base_url=world.server.base_url) as browser:
        form = browser.get("/usage/")
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text)
        assert token is not None
        typed = {"csrfmiddlewaretoken": token[1], "key": key}
        return browser.post("/usage/", data=typed, headers={"referer": str(form.url)})


def test_whoever_is_asked_there_is_one_number(world: World) -> None:
    """Rows, ledger, the key's endpoint as JSON and CSV, its page, and Prometheus: to the last digit.

    What attempts had used before they were given up is in it.
    """
    names = ("tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write")
    rows = world.server.rows("SELECT * FROM monitor_requestlog WHERE client_key = 'holder'")
    told_apart = [json_value(row["used_by_attempt"]) for row in rows]
    assert any(told_apart)
    uses = [use for row, apart in zip(rows, told_apart, strict=True) for use in apart or [row]]
    wanted = sum(use.get(name) or 0 for use in uses for name in names)
    cost = round(sum(Decimal(str(row["cost"] or 0)) for row in rows), 8)
    assert wanted > 0
    assert cost > 0
    told = usage(world, HELD).json()
    assert sum(told["total"][name] for name in names) == wanted
    exact = Decimal(told["total"]["cost_usd"])
    assert round(exact, 8) == cost
    budget = next(one for one in told["limits"] if one["measure"] == "usd")
    assert Decimal(budget["used"]) == exact
    assert Decimal(budget["left"]) == Decimal(50) - exact
    table = list(csv.DictReader(io.StringIO(usage(world, HELD, accept="text/csv").text)))
    assert sum(int(line[name]) for line in table for name in names) == wanted
    assert sum(Decimal(line["cost_usd"]) for line in table) == exact
    shown = page(world, HELD)
    assert shown.status_code == 200
    estimated = told["total"]["tokens_estimated"]
    assert estimated > 0, "nobody was cut"
    assert f"<td>{wanted + estimated:,}</td>" in shown.text
    metrics = world.client.get("/metrics").text
    assert f'evenkeel_ledger_tokens{{client_key="holder"}} {float(wanted)}' in metrics
    found = re.search(r'evenkeel_ledger_cost_usd\{client_key="holder"\} (\S+)', metrics)
    assert found is not None
    assert round(Decimal(found[1]), 8) == cost


def test_the_operators_page_of_the_key_says_the_same(world: World) -> None:
    """What its holder sees, the operator sees beside its limits."""
    total = usage(world, HELD).json()["total"]
    names = ("tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write", "tokens_estimated")
    make_operator(world)
    with httpx.Client(base_url=world.server.base_url) as browser:
        log_in(browser)
        listed = browser.get("/admin/accounts/clientkey/").text
        link = re.search(r'href="(/admin/accounts/clientkey/\d+/change/)[^>]*>holder<', listed)
        assert link is not None
        shown = browser.get(link[1]).text
    assert f"{total['requests']:,} requests, {sum(total[name] for name in names):,} tokens" in shown
    assert f"${Decimal(total['cost_usd']):,.4f}" in shown


def test_enforcement_counts_the_same(world: World) -> None:
    """What the answers' headers say is left of the budget is what the ledger leaves of it."""
    left = Decimal(usage(world, HELD).json()["limits"][-1]["left"])
    answer = ask(world, HELD)
    assert Decimal(answer.headers["anthropic-ratelimit-usd-remaining"]) == left.quantize(
        Decimal("0.0001"), ROUND_DOWN
    )


def test_nothing_of_others_is_shown(world: World) -> None:
    """No other key, no account, no prompt; nothing is kept by a cache, and the key comes back nowhere."""
    for answer in (usage(world, HELD), page(world, HELD)):
        assert answer.headers["cache-control"].find("no-store") >= 0
        for secret in ("stranger", "@anthropic", "@gemini", "Question", HELD):
            assert secret not in answer.text
    assert "sk-…lder" in page(world, HELD).text
    assert usage(world, OTHER).json()["limits"] == []


@pytest.mark.parametrize("key", ["sk-not-a-key", "", "x" * 5000, "sk-\x00"])
def test_a_wrong_key_shows_nothing(world: World, key: str) -> None:
    """The page says that it is not valid, and does not repeat it."""
    shown = page(world, key)
    assert shown.status_code == 403
    assert "<table" not in shown.text
    assert not key or key not in shown.text
    assert usage(world, "sk-not-a-key").status_code == 401


def test_a_key_that_may_not_ask_may_not_look(world: World) -> None:
    """Expired, or used from elsewhere: neither the endpoint nor the page answers."""
    make = "create_client_key"
    world.server.manage(make, "gone", "--key", "sk-gone-key", "--expires-at", "2020-01-01")
    world.server.manage(make, "far", "--key", "sk-far-away-key", "--network", "203.0.113.0/24")
    wait_for(lambda: usage(world, "sk-far-away-key").status_code == 403)
    assert usage(world, "sk-gone-key").status_code == 401
    assert page(world, "sk-far-away-key").status_code == page(world, "sk-gone-key").status_code == 403
    assert world.client.get("/usage/?key=sk-key-of-holder").text.find("<table") < 0
