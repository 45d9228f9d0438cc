"""The campaign against any server, judged by what the clients received; and the table of several servers.

``-m tests.soak.other_proxies.against --base-url http://127.0.0.1:4000 --form anthropic --upstream gemini``
starts the simulator on ``--simulator-port``, which is where that server must look for its upstream.
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence

from msgspec import Struct

from proxyproject.faultlab.contract import ALL
from relay.simulator.thread import SimulatorThread
from tests.soak.client import Target, ask_all
from tests.soak.judge import BAD, TOLD, verdict
from tests.soak.plan import FORMS, Exchange, campaign

CLIENT_SECONDS = 30
"""How long a client waits: several times what each server is told to wait for its upstream."""

COLUMNS = (*TOLD, *BAD)


class Outcome(Struct, frozen=True):
    """One server's campaign: how many of each verdict, in all and by first fault, and an example of each."""

    name: str
    counts: Counter[str]
    by_fault: dict[str, Counter[str]]
    examples: dict[str, list[str]]
    seconds: float


def against(
    name: str,
    target: Target,
    exchanges: Sequence[Exchange],
    at_once: int,
    progress: Callable[[int], None] = lambda _: None,
) -> Outcome:
    """Ask everything, and judge it."""
    begun_at = time.monotonic()
    received = asyncio.run(ask_all(target, exchanges, at_once, progress))
    outcome = Outcome(name, Counter(), {}, {}, time.monotonic() - begun_at)
    for exchange in exchanges:
        found, why = verdict(exchange, received[exchange.number])
        fault = exchange.strikes[0].contract.name if exchange.strikes else "(none)"
        outcome.counts[found] += 1
        outcome.by_fault.setdefault(fault, Counter())[found] += 1
        if found in BAD or (found == "status" and not exchange.strikes):
            way = "streamed" if exchange.is_stream else "collected"
            outcome.examples.setdefault(found, []).append(f"{way}, {exchange.prompt}: {why}")
    return outcome


def table(rows: dict[str, Counter[str]], first: str) -> str:
    """``rows`` as a Markdown table; a column that nobody needs is left out."""
    columns = [c for c in COLUMNS if c in TOLD[:3] or any(row[c] for row in rows.values())]
    lines = [f"| {first} | exchanges | " + " | ".join(columns) + " |", "|---" * (len(columns) + 2) + "|"]
    for name, row in rows.items():
        cells = [str(row[column] or "–") for column in columns]
        lines.append(f"| {name} | {row.total()} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def shares(rows: dict[str, Counter[str]]) -> str:
    """``rows`` in per cent of the exchanges whose client stayed, as docs/performance.md has them."""
    columns = [column for column in COLUMNS if column != "left"]
    lines = ["| server | stayed | " + " | ".join(columns) + " |", "|---" * (len(columns) + 2) + "|"]
    for name, row in rows.items():
        stayed = row.total() - row["left"]
        cells = [f"{100 * row[column] / stayed:.1f}" if row[column] else "–" for column in columns]
        lines.append(f"| {name} | {stayed} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def details(outcome: Outcome, examples: int) -> str:
    """One server's table by first fault, and a few examples of everything bad."""
    lines = [table(dict(sorted(outcome.by_fault.items())), "first fault"), ""]
    for found, whys in outcome.examples.items():
        lines += [f"{found}: {why[:400]}" for why in whys[:examples]]
    return "\n".join(lines)


def main() -> int:
    """Returns the exit code: 1 when a client was given anything bad."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.other_proxies.against", description=__doc__)
    parser.add_argument("--base-url", required=True)
    parser.add_argument("--form", choices=FORMS, default="anthropic", help="what the clients speak")
    parser.add_argument("--upstream", choices=ALL, default="gemini", help="what the server asks")
    parser.add_argument("--model", default="{model}", help="a template; {model} differs in each exchange")
    parser.add_argument("-H", "--header", action="append", default=[], help="'name: value', may be repeated")
    parser.add_argument("--simulator-port", type=int, default=9100, help="where its upstream is (9100)")
    parser.add_argument("--exchanges", type=int, default=10_000, help="streamed ones (10000)")
    parser.add_argument("--collected", type=int, default=1_000, help="and collected ones (1000)")
    parser.add_argument("--concurrency", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--leaving", type=float, default=0.05, help="share of clients that go (0.05)")
    parser.add_argument("--show", type=int, default=3, help="examples of each bad verdict (3)")
    asked = parser.parse_args()
    headers = {name.strip(): value.strip() for name, _, value in (h.partition(":") for h in asked.header)}
    exchanges = campaign(
        asked.seed, asked.exchanges, asked.collected, asked.leaving, (asked.form,), (asked.upstream,)
    )
    target = Target(asked.base_url.rstrip("/"), headers, asked.model, CLIENT_SECONDS)
    with SimulatorThread(port=asked.simulator_port):
        outcome = against(
            asked.base_url, target, exchanges, asked.concurrency, lambda n: print(n, flush=True)
        )
    print(details(outcome, asked.show))
    print(table({outcome.name: outcome.counts}, "server"))
    return int(any(outcome.counts[bad] for bad in BAD))


if __name__ == "__main__":
    sys.exit(main())
