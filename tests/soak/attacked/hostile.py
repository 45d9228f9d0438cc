"""A campaign under attack: honest clients, attackers without a key, and an upstream whose answers are broken.

The honest exchanges are judged as ever. Those with the broken upstream are judged by what any client may
expect: an end that its protocol knows or an error that it can read, one row, and no fault of the server's.
"""

import asyncio
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp
from msgspec import Struct

from proxyproject.faultlab.world import KEY, Lab
from tests.soak.attacked.mutated_upstream import STREAMS, MutatedUpstream
from tests.soak.campaign import Report, run
from tests.soak.client import Target, ask_all
from tests.soak.judge import Received
from tests.soak.plan import FORMS, Exchange

ENVIRONMENT = {
    "PROXY_STALL_SECONDS": "0.02",
    "PROXY_HEADER_TIMEOUT_SECONDS": "5",
    "PROXY_BODY_TIMEOUT_SECONDS": "5",
    "RELAY_MAX_ANSWER_BYTES": "2000000",
}
"""Deadlines that are met in minutes; stalls are told. An answer without an end comes to its limit while its
client waits, though a busy machine reads 40 KB of it in a second."""

FIRST_NUMBER = 1_000_000
"""Of the exchanges with the broken upstream: their models' names are nobody else's."""

AT_ONCE = 8
FAULT_OF_OURS = "the server failed"
_DIALECT = {"anthropic": "anthropic", "gemini": "gemini", "openai": "openai", "responses": "openai"}
_UNREADABLE = re.compile("JSONDecode|UnicodeDecode|a line that is none|inside an event")
"""What no client of the dialect could read, whatever it makes of odd fields."""

_TRACEBACK = re.compile(r"(.*\nTraceback (?:.*\n)+?\w.*)\n")
"""With the line before it, and the exception."""

_STALL = re.compile(r"The event loop was held for (\d+) ms")


class Hostile(Struct):
    """What came of it, beside the honest campaign's report."""

    report: Report
    attacks: dict[str, dict[str, int]]
    endings: Counter[str]
    problems: list[str]
    stalls_ms: list[int]


def broken_exchanges(seed: int, count: int) -> list[Exchange]:
    """What is asked of the broken upstream: every form of client, every kind of account."""
    chance = random.Random(f"{seed} broken")
    kinds = tuple(STREAMS)
    return [
        Exchange(
            FIRST_NUMBER + number,
            chance.choice(FORMS),
            chance.choice(kinds),
            chance.random() < 0.8,
            3,
            (),
            None,
        )
        for number in range(count)
    ]


async def run_hostile(
    lab: Lab,
    exchanges: Sequence[Exchange],
    broken: Sequence[Exchange],
    at_once: int,
    seed: int,
    progress: Callable[[str], None] = lambda _: None,
) -> Hostile:
    """All of it at the same time, until the honest campaign is over."""
    with MutatedUpstream(seed) as upstream:
        await _offer(lab, broken, upstream.base_url)
        attackers = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.soak.attacked.attackers", lab.base_url, str(seed),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        target = Target(lab.base_url, {"x-api-key": KEY})
        asked = asyncio.create_task(ask_all(target, broken, AT_ONCE))
        report = await run(lab, exchanges, at_once, progress, asked)
        received = await asked
        told, _ = await attackers.communicate(b"")
    log = (lab.data_dir / "logs" / "app.log").read_text()
    endings: Counter[str] = Counter()
    problems = []
    for exchange in broken:
        ending, problem = judged_broken(
            exchange, received[exchange.number], report.found.get(exchange.model, [])
        )
        endings[ending] += 1
        if problem:
            problems.append(f"{exchange.form} from {exchange.upstream}, {exchange.model}: {problem}")
    problems += [line for line in log.splitlines() if FAULT_OF_OURS in line]
    problems += sorted(set(_TRACEBACK.findall(log)))
    return Hostile(report, json.loads(told), endings, problems, [int(ms) for ms in _STALL.findall(log)])


def judged_broken(exchange: Exchange, received: Received, rows: list[dict[str, Any]]) -> tuple[str, str]:
    """How the answer of a broken upstream ended for its client, and what is wrong with that, if anything."""
    answer = received.answer
    if len(rows) != 1 or rows[0]["in_flight"]:
        return "no row", f"{len(rows)} rows: {rows}"
    if answer is None or received.way != "complete":
        return received.way, "the transfer did not come to its end"
    if FAULT_OF_OURS in answer.error:
        return answer.ending, answer.error
    if answer.status == 200 and answer.error and answer.ending == "broken":
        return "broken", answer.why
    passes = _DIALECT[exchange.form] == exchange.upstream
    if answer.ending == "broken" and passes and not _UNREADABLE.search(answer.why):
        return "odd, passed on", ""  # fields of a same dialect are as upstream has them, collected too
    if answer.ending not in ("whole", "status", "error event"):
        return answer.ending, answer.why or "it merely stopped"
    return answer.ending, ""


async def _offer(lab: Lab, broken: Sequence[Exchange], base_url: str) -> None:
    """Accounts at the broken upstream, for the models of ``broken``."""
    entries = [
        {
            "email": f"{name}@broken-{kind}",
            "kind": kind,
            "base_url": base_url,
            "credential": {"api_key": f"broken-{name}"},
            "models": [one.model for one in broken if one.upstream == kind],
        }
        for kind in STREAMS
        for name in "abc"
    ]
    file = Path(lab.data_dir) / "broken.json"
    file.write_text(json.dumps(entries))
    await asyncio.to_thread(lab.manage, "import_accounts", str(file))
    async with aiohttp.ClientSession(lab.base_url, headers={"x-api-key": KEY}) as session:
        for _ in range(600):
            if (await session.get(f"/v1/models/{broken[0].model}")).status == 200:
                return
            await asyncio.sleep(0.1)
    raise TimeoutError("the accounts at the broken upstream did not reach the server")


def hostile_table(hostile: Hostile) -> str:
    """Attacks, broken answers and stalls in numbers."""
    lines = [f"{name:20}" + ", ".join(f"{got} {count}" for got, count in sorted(counts.items()))
             for name, counts in hostile.attacks.items()]  # fmt: skip
    ended = ", ".join(f"{ending} {count}" for ending, count in sorted(hostile.endings.items()))
    lines.append(f"{'broken answers':20}{ended}; problems {len(hostile.problems)}")
    stalls = sorted(hostile.stalls_ms, reverse=True)
    longest = f"; the longest {stalls[:5]} ms" if stalls else ""
    lines.append(f"{'stalls over 20 ms':20}{len(stalls)}{longest}")
    return "\n".join(lines)
