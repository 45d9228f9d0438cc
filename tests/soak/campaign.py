"""Runs a campaign against a real server and judges every exchange: client, text, and row."""

import asyncio
import sqlite3
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from proxyproject.faultlab.contract import Expected
from proxyproject.faultlab.reading import HeardAnswer
from proxyproject.faultlab.world import KEY, Lab
from tests.soak.client import LEAVES_EARLY_BYTES, Target, ask_all
from tests.soak.judge import BAD, Received, is_whole, verdict
from tests.soak.plan import Exchange

ROWS_SECONDS = 60
PROBLEMS = (*BAD, "not as the contract", "rows", "outcome")


class Judged(Struct):
    """One exchange and what was wrong with it, by the names of ``PROBLEMS``."""

    exchange: Exchange
    answer: HeardAnswer | None
    problems: dict[str, str] = field(default_factory=dict)


class Report(Struct):
    """The whole campaign."""

    judged: list[Judged]
    seconds: float
    rows: int
    rss_bytes: list[int]
    tracebacks: int
    found: dict[str, list[dict[str, Any]]] = {}
    """All rows there are, by the model that the client named."""

    @property
    def broken(self) -> list[Judged]:
        """The exchanges with a problem."""
        return [one for one in self.judged if one.problems]


async def run(
    lab: Lab,
    exchanges: Sequence[Exchange],
    at_once: int,
    progress: Callable[[str], None] = lambda _: None,
    beside: Awaitable[object] | None = None,
) -> Report:
    """Every exchange, ``at_once`` at a time, in their order; rows are read when ``beside`` is over, too."""
    rss = [_rss_bytes(lab.process.pid)]
    begun_at = time.monotonic()

    def measured(count: int) -> None:
        rss.append(_rss_bytes(lab.process.pid))
        progress(f"{count} exchanges, {rss[-1] // 1_000_000} MB")

    received = await ask_all(Target(lab.base_url, {"x-api-key": KEY}), exchanges, at_once, measured)
    seconds = time.monotonic() - begun_at
    if beside is not None:
        await beside
    rows = await asyncio.to_thread(_rows, lab.data_dir / "proxy.sqlite3")
    verdicts = [judged(exchange, received[exchange.number], rows) for exchange in exchanges]
    log = (lab.data_dir / "logs" / "app.log").read_text()
    mine = sum(len(rows.get(exchange.model, ())) for exchange in exchanges)
    return Report(verdicts, seconds, mine, rss, log.count("Traceback"), rows)


def _rows(database: Path) -> dict[str, list[dict[str, Any]]]:
    """The rows by the model that the client named, once none is in flight."""
    ends_at = time.monotonic() + ROWS_SECONDS
    query = "SELECT client_model, in_flight, outcome, attempts, status FROM monitor_requestlog"
    while True:
        connection = sqlite3.connect(database, timeout=30)
        connection.row_factory = sqlite3.Row
        rows = [dict(row) for row in connection.execute(query)]
        connection.close()
        if not any(row["in_flight"] for row in rows) or time.monotonic() > ends_at:
            break
        time.sleep(0.1)
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["client_model"], []).append(row)
    return found


def judged(exchange: Exchange, received: Received, rows: dict[str, list[dict[str, Any]]]) -> Judged:
    """What is wrong with ``exchange``; ``rows`` are those of the campaign by client model."""
    answer = received.answer
    result = Judged(exchange, answer)
    problems, mine = result.problems, rows.get(exchange.model, [])
    has_left = received.way == "left"
    if not mine and has_left and (exchange.leaves_after_bytes or 0) < LEAVES_EARLY_BYTES:
        return result  # it went before its request was whole: there was no exchange
    if len(mine) != 1 or mine[0]["in_flight"]:
        problems["rows"] = f"{len(mine)} rows: {mine}"
        return result
    row, allowed = mine[0], exchange.allowed()
    name, why = verdict(exchange, received)
    if name in BAD:
        problems[name] = why
    elif answer is None:
        outcomes = {"client_closed"} | {expected.outcome for expected in allowed}
        if row["outcome"] not in outcomes:
            problems["outcome"] = f"{row['outcome']!r}, but the client left"
    elif not (fitting := [expected for expected in allowed if _fits(expected, answer, row["attempts"])]):
        problems["not as the contract"] = (
            f"{answer.status} {answer.ending}, {row['attempts']} attempts ({answer.error}), not {allowed}"
        )
    elif row["outcome"] not in {expected.outcome for expected in fitting} or row["status"] != answer.status:
        problems["outcome"] = f"{row['outcome']!r} {row['status']} instead of {fitting}"
    elif all(expected.ends == "whole" for expected in fitting) and not is_whole(exchange, answer):
        problems["pretended"] = f"{len(answer.text)} characters, calls {answer.calls}"
    return result


def _fits(expected: Expected, answer: HeardAnswer, attempts: int) -> bool:
    ending = "whole" if expected.ends == "own end" else expected.ends
    return (ending, expected.status, expected.attempts) == (answer.ending, answer.status, attempts)


def _rss_bytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def table(report: Report) -> str:
    """The campaign in numbers, by the first fault of each exchange."""
    columns = ("whole", "own end", "error event", "status", "left")
    counts: dict[str, Counter[str]] = {}
    for one in report.judged:
        strikes = one.exchange.strikes
        row = counts.setdefault(strikes[0].contract.name if strikes else "(none)", Counter())
        row["exchanges"] += 1
        row["problems"] += bool(one.problems)
        row["left" if one.answer is None else one.answer.ending] += 1
    total = sum(counts.values(), Counter())
    lines = [
        f"{'first fault':28}{'exchanges':>10}" + "".join(f"{c:>13}" for c in columns) + f"{'problems':>10}"
    ]
    for name, row in [*sorted(counts.items()), ("all", total)]:
        cells = "".join(f"{row[column]:>13}" for column in columns)
        lines.append(f"{name:28}{row['exchanges']:>10}{cells}{row['problems']:>10}")
    lines.append("")
    found = Counter(problem for one in report.judged for problem in one.problems)
    lines += [f"{problem:28}{found[problem]:>10}" for problem in PROBLEMS]
    lines.append(f"{'tracebacks':28}{report.tracebacks:>10}")
    megabytes = [rss // 1_000_000 for rss in report.rss_bytes]
    lines.append(f"{report.rows} rows, {report.seconds:.0f} s, server's memory {megabytes} MB")
    return "\n".join(lines)
