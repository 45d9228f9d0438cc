"""``python -m tests.soak``: the campaign and its table; exit code 1 when anything was lost or untrue."""

import argparse
import asyncio
import contextlib
import itertools
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("PROXY_DATA_DIR", tempfile.mkdtemp(prefix="evenkeel-soak-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proxyproject.settings")

from proxyproject.faultlab.world import ENVIRONMENT, lab_world
from tests.soak.accents import accented
from tests.soak.attacked import hostile
from tests.soak.campaign import run, table
from tests.soak.plan import accounts, campaign, mappings

TIMEOUTS = {
    "RELAY_PEEK_TIMEOUT_SECONDS": "4",
    "RELAY_IDLE_TIMEOUT_SECONDS": "4",
    "RELAY_THINKING_TIMEOUT_SECONDS": "4",
}
"""Long enough for a hundred at once on one busy core, short enough for thousands."""


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--exchanges", type=int, default=10_000, help="streamed ones (10000)")
    parser.add_argument("--collected", type=int, default=1_000, help="and collected ones (1000)")
    parser.add_argument("--continued", type=int, default=1_000, help="and such as are continued (1000)")
    parser.add_argument("--concurrency", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--leaving", type=float, default=0.05, help="share of clients that go (0.05)")
    parser.add_argument("--accented", type=float, default=0.3, help="share that is answered in accents (0.3)")
    parser.add_argument("--hostile", action="store_true", help="under attack, with a broken upstream beside")
    parser.add_argument(
        "--minutes", type=float, default=0, help="campaign behind campaign for so long (0: one)"
    )
    parser.add_argument("--show", type=int, default=20, help="how many problems to show (20)")
    parser.add_argument("--keep", default="", help="a folder for the rows and the log of each campaign")
    options = parser.parse_args()
    ends_at = time.monotonic() + 60 * options.minutes
    is_bad = False
    for seed in itertools.count(options.seed):
        print(f"seed {seed}", flush=True)
        is_bad = _one_campaign(options, seed) or is_bad
        if time.monotonic() >= ends_at:
            return is_bad
    raise AssertionError("there are always more seeds")


def _one_campaign(options: argparse.Namespace, seed: int) -> bool:
    """Run and show it; True when anything was lost or untrue."""
    drawn = campaign(seed, options.exchanges, options.collected, options.leaving, continued=options.continued)
    exchanges = accented(drawn, seed, options.accented)
    environment = ENVIRONMENT | TIMEOUTS | (hostile.ENVIRONMENT if options.hostile else {})
    problems: list[str] = []
    with lab_world(accounts(exchanges), environment, mappings(exchanges)) as lab:
        if options.hostile:
            broken = hostile.broken_exchanges(seed, len(exchanges) // 4)
            came = asyncio.run(
                hostile.run_hostile(lab, exchanges, broken, options.concurrency, seed, _progress)
            )
            report, problems = came.report, came.problems
        else:
            report = asyncio.run(run(lab, exchanges, options.concurrency, _progress))
        if options.keep:
            kept = _kept(lab.data_dir, Path(options.keep) / str(seed))
            print(f"rows and log are kept in {kept}")
    print(table(report))
    if options.hostile:
        print(hostile.hostile_table(came))
    for one in report.broken[: options.show]:
        print(f"{one.exchange.form} from {one.exchange.upstream}: {one.exchange.prompt}\n  {one.problems}")
    for problem in problems[: options.show]:
        print(problem)
    return bool(report.broken or report.tracebacks or problems)


def _kept(data_dir: Path, folder: Path) -> Path:
    """A copy of what tells why an exchange ended as it did, which goes with the server otherwise."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(data_dir / "logs" / "app.log", folder)
    with (
        contextlib.closing(sqlite3.connect(data_dir / "proxy.sqlite3")) as rows,
        contextlib.closing(sqlite3.connect(folder / "proxy.sqlite3")) as copy,
    ):
        rows.backup(copy)
    return folder


def _progress(line: str) -> None:
    print(line, flush=True)


sys.exit(main())
