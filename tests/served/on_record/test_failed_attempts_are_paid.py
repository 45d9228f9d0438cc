"""What attempts that failed had used is paid: by the exchange, with their own accounts and models."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.running_server import ServerWorld, json_value
from tests.served.keys.test_key_limits import new_key
from tests.served.world import CLAUDE, GEMINI, KEY, World, lasting_world

TOKENS = ("tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write")

TELLING = (
    ("anthropic", "stop_empty"),
    ("anthropic", "cut@0"),
    ("gemini", "stop_empty"),
    ("gemini", "malformed_function_call"),
)
"""Who tells what an answer used, in which nothing is said, or which breaks off before anything is."""


@pytest.fixture(scope="module")
def world(server_world: ServerWorld) -> Iterator[World]:
    """A server with a model that continues, and one that falls back."""
    with lasting_world(server_world) as world:
        world.import_mappings(
            [
                {"pattern": "goes-on", "target": CLAUDE, "kinds": ["anthropic"], "continuation": True},
                {
                    "pattern": "falls-back",
                    "target": CLAUDE,
                    "kinds": ["anthropic", "gemini"],
                    "fallbacks": [GEMINI],
                    "fallback_on_overload": True,
                },
            ]
        )
        world.wait_for_model("falls-back")
        yield world
        assert "Traceback" not in world.server.log_text


def ask(world: World, dialect: str, prompt: str, key: str, **more: Any) -> httpx.Response:
    world.client.headers["x-api-key"] = key
    if dialect == "gemini":
        return world.gemini(prompt)
    return world.messages(prompt, **more)


def ledger_of(world: World, name: str) -> dict[tuple[str, str], dict[str, int]]:
    """What the ledger has of a key, by account and model."""
    found = world.eventually("SELECT * FROM monitor_ledgerhour WHERE client_key = %s", (name,))
    sums: dict[tuple[str, str], Counter[str]] = {}
    for row in found:
        sums.setdefault((row["account"], row["model"]), Counter()).update(
            {one: int(row[one]) for one in (*TOKENS, "requests", "cost_units", "unpriced")}
        )
    return {cell: dict(counts) for cell, counts in sums.items()}


def dollars(units: int) -> Decimal:
    return Decimal(units) / 10**10


@pytest.mark.parametrize(("dialect", "fault"), TELLING)
def test_what_a_failed_attempt_told_is_paid(world: World, dialect: str, fault: str) -> None:
    """The row's cost is that of both attempts; each stands with its own account in the ledger, to the cent.

    The key's own view, its budget and the operator's pages read that ledger.
    """
    name = f"{dialect}-{fault}".replace("@", "-")
    key = new_key(world, name, "--usd-in-total", "50")
    answer = ask(world, dialect, f"Hello. [fault: {fault}, ok]", key)
    assert answer.status_code == 200
    row, attempts = world.row(answer), world.attempts(answer)
    failed, last = json_value(row["used_by_attempt"])
    assert (failed["number"], failed["failed"], last["number"]) == (1, True, 2)
    assert "failed" not in last
    assert [(one["account"], one["model"]) for one in (failed, last)] == [
        (one["account"], one["upstream_model"]) for one in attempts
    ]
    assert failed["tokens_in"] == attempts[0]["tokens_in"] > 0
    assert Decimal(failed["cost"]) > 0
    cost = round(Decimal(str(row["cost"])), 10)
    assert cost == Decimal(failed["cost"]) + Decimal(last["cost"])
    there = ledger_of(world, name)
    for one in attempts:
        same = [other for other in attempts if other["account"] == one["account"]]
        cell = there[one["account"], one["upstream_model"]]
        assert cell["tokens_in"] == sum(other["tokens_in"] for other in same)
        assert cell["unpriced"] == 0
    assert sum(dollars(cell["cost_units"]) for cell in there.values()) == cost
    assert sum(cell["requests"] for cell in there.values()) == 1
    told = world.client.get("/v1/usage", headers={"x-api-key": key}).json()
    assert Decimal(told["total"]["cost_usd"]) == Decimal(told["limits"][0]["used"]) == cost
    assert told["total"]["requests"] == 1
    assert sum(told["total"][one] for one in TOKENS) == sum(
        cell[one] for cell in there.values() for one in TOKENS
    )


@pytest.mark.parametrize("fault", ["status=503", "reset0", "empty", "error_event@0=overloaded_error"])
def test_an_attempt_that_told_nothing_costs_nothing(world: World, fault: str) -> None:
    """It is not guessed: the exchange costs what its answer does, where upstream told nothing before."""
    answer = ask(world, "gemini", f"Hello. [fault: {fault}, ok]", KEY)
    row = world.row(answer)
    assert row["attempts"] == 2
    assert row["cost"]
    told_nothing = world.attempts(answer)[0]["tokens_in"] is None
    assert told_nothing is (row["used_by_attempt"] is None)


def test_an_exchange_of_which_every_attempt_failed_is_paid(world: World) -> None:
    """Each attempt read the whole prompt; the client got none of it."""
    key = new_key(world, "in-vain")
    answer = ask(world, "anthropic", "Hello. [fault: stop_empty*]", key)
    assert answer.status_code >= 500
    row = world.row(answer)
    uses = json_value(row["used_by_attempt"])
    assert len(uses) == row["attempts"] >= 2
    assert all(use["failed"] for use in uses)
    assert sum(Decimal(use["cost"]) for use in uses) == round(Decimal(str(row["cost"])), 10)
    there = ledger_of(world, "in-vain").values()
    assert sum(cell["tokens_in"] for cell in there) == sum(use["tokens_in"] for use in uses)


def test_the_legs_of_a_continued_answer_stand_with_their_accounts(world: World) -> None:
    """The row tells their tokens together, as the client got one answer; none of them failed."""
    key = new_key(world, "on-and-on")
    answer = ask(world, "anthropic", "Hello. [fault: cut@4, ok]", key, model="goes-on")
    row = world.row(answer)
    assert row["continued"]
    uses = json_value(row["used_by_attempt"])
    assert len(uses) == 2
    assert not any(use.get("failed") for use in uses)
    for name in TOKENS:
        assert (row[name] or 0) == sum(use.get(name) or 0 for use in uses)
    there = ledger_of(world, "on-and-on")
    assert {account for account, _ in there} == {use["account"] for use in uses}
    assert sum(dollars(cell["cost_units"]) for cell in there.values()) == round(Decimal(str(row["cost"])), 10)


def test_a_fallback_pays_each_model_by_its_own_price(world: World) -> None:
    """What the first model read before it was given up is not the other model's."""
    key = new_key(world, "elsewhere")
    faults = ", ".join(["error_event@0=overloaded_error"] * 3)
    answer = ask(world, "anthropic", f"Hello. [fault: {faults}, ok]", key, model="falls-back")
    row = world.row(answer)
    assert row["mapped_model"] == GEMINI
    uses = json_value(row["used_by_attempt"])
    assert [use["model"] for use in uses] == [*[CLAUDE] * (len(uses) - 1), GEMINI]
    assert len(uses) > 1
    there = ledger_of(world, "elsewhere")
    of_claude = [cell for (_, model), cell in there.items() if model == CLAUDE]
    assert sum(cell["tokens_in"] for cell in of_claude) == sum(use["tokens_in"] for use in uses[:-1])
    assert sum(dollars(cell["cost_units"]) for cell in of_claude) == sum(
        Decimal(use["cost"]) for use in uses[:-1]
    )
