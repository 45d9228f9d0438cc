"""Keys with budgets: none is passed by more than what was in flight, and no key is refused below its own."""

import asyncio
import random
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import aiohttp
from msgspec import Struct

from accounts.keys.limits import UNITS_PER_DOLLAR
from monitor.record.estimated import estimated_in, estimated_out
from tests.running_server import json_value
from tests.served.world import CLAUDE, World

FAULTS: Final = (
    "", " [say: events=30]", "", " [fault: empty, ok]", " [say: delay=0.02]", " [fault: status=503, ok]",
    " [fault: cut@3]", " [fault: stop_empty, ok]",
)  # fmt: skip
TOKENS_EACH, DOLLARS_EACH = 60, 0.0007
"""About what one of these exchanges uses, so that budgets are reached on the way."""

SETTLED_SECONDS = 2.0
"""How long after an exchange's end every process knows of it, on a machine with more to do."""

_PERIODS = ("per-day", "per-week", "per-month", "in-total")
_TOKENS = ("tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write")


class Budget(Struct, frozen=True):
    """Of one key: ``measure`` is tokens or usd, ``amount`` in tokens or units, 0 for no limit."""

    measure: str
    option: str
    amount: int

    @property
    def arguments(self) -> tuple[str, ...]:
        """For ``create_client_key``."""
        told = f"{self.amount / UNITS_PER_DOLLAR:.4f}" if self.measure == "usd" else str(self.amount)
        return (self.option, told) if self.amount else ()


class Answered(Struct, frozen=True):
    """What a client saw of one request: when it asked and had the end, and the status (0 for none)."""

    key: str
    asked_at: float
    ended_at: float
    status: int


class Served(Struct, frozen=True):
    """An exchange that was let in, as it is on record: from when to when, and what it used of the budget."""

    at: float
    ended_at: float
    used: int


class Found(Struct, frozen=True):
    """What came of one key: how far it went beyond its budget, and what is wrong with that."""

    served: int
    refused: int
    used: int
    passed_by: int
    problems: tuple[str, ...]


def budgets(seed: int, keys: int, exchanges: int) -> dict[str, Budget]:
    """By the key's name: tokens or money, for a few exchanges up to more than there are, or none."""
    chance = random.Random(f"{seed} budgets")
    drawn = {}
    for number in range(keys):
        measure, each = (("usd", DOLLARS_EACH * UNITS_PER_DOLLAR), ("tokens", TOKENS_EACH))[number % 2]
        amount = max(int(chance.uniform(0.05, 1.3) * each * exchanges / keys), 1)
        if measure == "usd":  # as the option can say it
            amount -= amount % (UNITS_PER_DOLLAR // 10**4)
        amount = 0 if number % 10 == 9 else amount
        drawn[f"budget-{number}"] = Budget(measure, f"--{measure}-{_PERIODS[number % 4]}", amount)
    return drawn


async def ask_all(base_url: str, keys: Mapping[str, str], exchanges: int, at_once: int) -> list[Answered]:
    """All keys in turn, some answers broken, half on new connections; ``keys`` are values by name."""
    names, found = list(keys), list[Answered]()
    numbers = iter(range(exchanges))
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=connector, timeout=aiohttp.ClientTimeout(120)) as session:

        async def worker() -> None:
            for number in numbers:
                key, status, asked_at = names[number % len(names)], 0, time.time()
                prompt = f"Question {number}.{FAULTS[number // len(names) % len(FAULTS)]}"
                body = {"model": CLAUDE, "max_tokens": 400, "stream": number % 3 > 0}
                body |= {"messages": [{"role": "user", "content": prompt}]}
                headers = {"x-api-key": keys[key]} | ({"connection": "close"} if number % 2 else {})
                try:
                    async with session.post(f"{base_url}/v1/messages", json=body, headers=headers) as answer:
                        await answer.read()
                        status = answer.status
                except (aiohttp.ClientError, TimeoutError):
                    pass
                found.append(Answered(key, asked_at, time.time(), status))

        await asyncio.gather(*(worker() for _ in range(at_once)))
    return found


def judged(budget: Budget, served: Sequence[Served], refused: Sequence[Answered]) -> Found:
    """Was each exchange let in or refused by what had been used when it came?"""
    problems = []
    if not budget.amount and refused:
        problems.append("refused without a budget")
    for one in served if budget.amount else ():
        before = _used(other for other in served if other.ended_at < one.at - SETTLED_SECONDS)
        if before >= budget.amount:
            problems.append(f"let in with {before} used of {budget.amount}")
    for no in refused if budget.amount else ():
        before = _used(other for other in served if other.ended_at <= no.ended_at + SETTLED_SECONDS)
        if before < budget.amount:
            problems.append(f"refused with {before} used of {budget.amount}")
    used = _used(served)
    passed_by = max(used - budget.amount, 0) if budget.amount else 0
    return Found(len(served), len(refused), used, passed_by, tuple(problems))


def _used(served: Iterable[Served]) -> int:
    return sum(one.used for one in served)


class _Counted(Struct):
    tokens_in: int | None
    tokens_out: int | None
    diagnostics: dict[str, object]


def _served(row: Mapping[str, object], measure: str) -> Served:
    """A row of the history."""
    told = row["started_at"]
    moment = told if isinstance(told, datetime) else datetime.fromisoformat(str(told))
    at = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    uses = json_value(row["used_by_attempt"]) or [{**row, "diagnostics": json_value(row["diagnostics"])}]
    tokens = sum(map(_tokens, uses))
    units = round(float(str(row["cost"] or 0)) * UNITS_PER_DOLLAR)
    return Served(at, at + int(str(row["duration_ms"])) / 1000, units if measure == "usd" else tokens)


def _tokens(use: Mapping[str, Any]) -> int:
    """What a row, or one of its attempts, used."""
    counts = [None if use.get(name) is None else int(str(use[name])) for name in _TOKENS]
    counted = _Counted(counts[0], counts[1], use.get("diagnostics", {}))
    return sum(count or 0 for count in counts) + (estimated_in(counted) or 0) + (estimated_out(counted) or 0)


def _in_ledger(world: World, name: str, measure: str) -> int:
    what = "cost_units" if measure == "usd" else " + ".join((*_TOKENS, "tokens_estimated"))
    query = f"SELECT coalesce(sum({what}), 0) AS used FROM monitor_ledgerhour WHERE client_key = %s"
    return int(str(world.server.rows(query, (name,))[0]["used"]))


def run(
    world: World, keys: Mapping[str, str], drawn: Mapping[str, Budget], exchanges: int, at_once: int
) -> dict[str, Found]:
    """Ask, wait for the rows, and judge each key; ``keys`` are the values by name."""
    answered = asyncio.run(ask_all(world.server.base_url, keys, exchanges, at_once))
    rows = (
        f"SELECT started_at, duration_ms, cost, diagnostics, used_by_attempt, {', '.join(_TOKENS)}"
        " FROM monitor_requestlog"
        " WHERE client_key = %s AND outcome <> 'over_budget' AND in_flight = false"
    )
    found = {}
    for name, budget in drawn.items():
        mine = [one for one in answered if one.key == name]
        refused = [one for one in mine if one.status == 429]
        world.eventually(
            f"SELECT 1 FROM (SELECT count(*) AS many FROM ({rows}) AS mine) AS counted WHERE many >= %s",
            (name, len(mine) - len(refused)),
        )
        served = [_served(row, budget.measure) for row in world.server.rows(rows, (name,))]
        came = judged(budget, served, refused)
        problems = list(came.problems)
        if (in_ledger := _in_ledger(world, name, budget.measure)) != came.used:
            problems.append(f"the ledger has {in_ledger}, the rows {came.used}")
        if came.passed_by > at_once * max((one.used for one in served), default=0):
            problems.append(f"passed by {came.passed_by}")
        if len(served) + len(refused) != len(mine) or any(one.status == 0 for one in mine):
            problems.append(
                f"of {len(mine)} requests {len(served)} are on record and {len(refused)} were refused"
            )
        found[name] = Found(came.served, came.refused, came.used, came.passed_by, tuple(problems))
    return found


def table(drawn: Mapping[str, Budget], found: Mapping[str, Found]) -> str:
    """Each key in a line."""
    lines = [
        f"{'key':12}{'budget':>24}{'used':>14}{'passed by':>12}{'served':>8}{'refused':>9}{'problems':>10}"
    ]
    for name, came in found.items():
        budget = drawn[name]
        told, used, beyond = (_told(budget, n) for n in (budget.amount, came.used, came.passed_by))
        option = budget.option.removeprefix(f"--{budget.measure}-") if budget.amount else ""
        lines.append(
            f"{name:12}{f'{told} {option}' if option else 'none':>24}{used:>14}{beyond:>12}{came.served:>8}"
            f"{came.refused:>9}{len(came.problems):>10}"
        )
    return "\n".join(lines)


def _told(budget: Budget, number: int) -> str:
    return f"${number / UNITS_PER_DOLLAR:.4f}" if budget.measure == "usd" else f"{number:,}"
