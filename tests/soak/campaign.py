"""Runs a campaign against a real server and judges every exchange: client, text, and row."""

import asyncio
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import aiohttp
from msgspec import Struct, field

from proxyproject.faultlab.contract import Expected
from proxyproject.faultlab.reading import Answer, read
from proxyproject.faultlab.world import KEY, Lab
from relay.simulator.prose import answer_text, read_counters, tag_of
from tests.soak.plan import BIG_BYTES, Exchange

CLIENT_SECONDS = 120
ROWS_SECONDS = 60
PROBLEMS = ("truncated", "lost or doubled", "mixed", "unreadable", "not as the contract", "rows", "outcome")


class Judged(Struct):
    """One exchange and what was wrong with it, by the names of ``PROBLEMS``."""

    exchange: Exchange
    answer: Answer | None
    problems: dict[str, str] = field(default_factory=dict)


class Report(Struct):
    """The whole campaign."""

    judged: list[Judged]
    seconds: float
    rows: int
    rss_bytes: list[int]
    tracebacks: int

    @property
    def broken(self) -> list[Judged]:
        """The exchanges with a problem."""
        return [one for one in self.judged if one.problems]


async def run(
    lab: Lab, exchanges: Sequence[Exchange], at_once: int, progress: Callable[[str], None] = lambda _: None
) -> Report:
    """Every exchange, ``at_once`` at a time, in their order."""
    waiting = iter(exchanges)
    answers: dict[int, Answer | None] = {}
    rss = [_rss_bytes(lab.process.pid)]
    begun_at = time.monotonic()
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=CLIENT_SECONDS)
    async with aiohttp.ClientSession(lab.base_url, connector=connector, timeout=timeout) as session:

        async def worker() -> None:
            for exchange in waiting:
                answers[exchange.number] = await _asked(session, exchange)
                if len(answers) % max(1, len(exchanges) // 10) == 0:
                    rss.append(_rss_bytes(lab.process.pid))
                    progress(f"{len(answers)} exchanges, {rss[-1] // 1_000_000} MB")

        await asyncio.gather(*(worker() for _ in range(at_once)))
    seconds = time.monotonic() - begun_at
    rows = await asyncio.to_thread(_rows, lab.data_dir / "proxy.sqlite3")
    verdicts = [judged(exchange, answers[exchange.number], rows) for exchange in exchanges]
    log = (lab.data_dir / "logs" / "app.log").read_text()
    return Report(verdicts, seconds, sum(map(len, rows.values())), rss, log.count("Traceback"))


async def _asked(session: aiohttp.ClientSession, exchange: Exchange) -> Answer | None:
    """The answer as the client read it; None when the client left before its end."""
    asked = exchange.request()
    body, is_complete = bytearray(), True
    leaves = exchange.leaves_after_bytes
    if leaves is not None and leaves < 200:
        return await _abandoned(session, exchange)
    async with session.post(asked.path, json=asked.body, headers={"x-api-key": KEY}) as response:
        try:
            async for piece in response.content.iter_any():
                body += piece
                if leaves is not None and len(body) > leaves:
                    response.close()
                    return None
        except aiohttp.ClientError:
            is_complete = False
    return read(exchange.form, exchange.is_stream, response.status, bytes(body), is_complete=is_complete)


async def _abandoned(session: aiohttp.ClientSession, exchange: Exchange) -> None:
    """Asks, and goes at once or soon, whatever comes."""
    asked = exchange.request()
    try:
        async with asyncio.timeout(random.Random(exchange.number).random() / 20):
            async with session.post(asked.path, json=asked.body, headers={"x-api-key": KEY}) as response:
                await response.read()
    except (TimeoutError, aiohttp.ClientError):
        pass


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


def judged(exchange: Exchange, answer: Answer | None, rows: dict[str, list[dict[str, Any]]]) -> Judged:
    """What is wrong with ``exchange``; ``rows`` are those of the campaign by client model."""
    verdict = Judged(exchange, answer)
    problems, mine = verdict.problems, rows.get(exchange.model, [])
    has_left = answer is None
    if not mine and has_left and (exchange.leaves_after_bytes or 0) < 200:
        return verdict  # it went before its request was whole: there was no exchange
    if len(mine) != 1 or mine[0]["in_flight"]:
        problems["rows"] = f"{len(mine)} rows: {mine}"
        return verdict
    row, allowed = mine[0], exchange.allowed()
    if answer is None:
        outcomes = {"client_closed"} | {expected.outcome for expected in allowed}
        if row["outcome"] not in outcomes:
            problems["outcome"] = f"{row['outcome']!r}, but the client left"
        return verdict
    fitting = [expected for expected in allowed if _fits(expected, answer, row["attempts"])]
    if answer.ending == "cut":
        problems["truncated"] = f"{len(answer.text)} characters, and then nothing"
    elif answer.ending == "broken":
        problems["unreadable"] = answer.why
    elif not fitting:
        problems["not as the contract"] = (
            f"{answer.status} {answer.ending}, {row['attempts']} attempts ({answer.error}), not {allowed}"
        )
    elif row["outcome"] not in {expected.outcome for expected in fitting} or row["status"] != answer.status:
        problems["outcome"] = f"{row['outcome']!r} {row['status']} instead of {fitting}"
    else:
        _judge_text(exchange, answer, fitting, problems)
    return verdict


def _fits(expected: Expected, answer: Answer, attempts: int) -> bool:
    ending = "whole" if expected.ends == "own end" else expected.ends
    return (ending, expected.status, expected.attempts) == (answer.ending, answer.status, attempts)


def _judge_text(
    exchange: Exchange, answer: Answer, fitting: list[Expected], problems: dict[str, str]
) -> None:
    said = answer.text
    counters = read_counters(said)
    if any(tag != tag_of(exchange.prompt) for _, tag in counters):
        problems["mixed"] = f"another prompt's tag in {counters}"
    if exchange.asked == "tool":
        wanted = ["weather"] * (fitting[0].ends == "whole")
        if [name for _, name, _ in answer.calls[:1]] != wanted:
            problems["lost or doubled"] = f"calls {answer.calls}"
        return
    whole = answer_text(exchange.prompt, exchange.shape)
    if any(f"big_event={BIG_BYTES}" == strike.spec for strike in exchange.strikes) and "big " in said:
        begin, extra = said.find("big "), len(said) - len(whole)
        said = said[:begin] + said[begin + extra :]
    is_right = any(
        said == whole if expected.ends == "whole" else whole.startswith(said) for expected in fitting
    )
    if not is_right:
        problems["lost or doubled"] = f"{len(said)} of {len(whole)} characters; {counters}"


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
