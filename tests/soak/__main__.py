"""``python -m tests.soak``: the campaign and its table; exit code 1 when anything was lost or untrue."""

import argparse
import asyncio
import os
import sys
import tempfile

os.environ.setdefault("PROXY_DATA_DIR", tempfile.mkdtemp(prefix="evenkeel-soak-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proxyproject.settings")

from proxyproject.faultlab.world import ENVIRONMENT, lab_world
from tests.soak.accents import accented
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
    parser.add_argument("--show", type=int, default=20, help="how many problems to show (20)")
    options = parser.parse_args()
    drawn = campaign(
        options.seed, options.exchanges, options.collected, options.leaving, continued=options.continued
    )
    exchanges = accented(drawn, options.seed, options.accented)
    with lab_world(accounts(exchanges), ENVIRONMENT | TIMEOUTS, mappings(exchanges)) as lab:
        report = asyncio.run(run(lab, exchanges, options.concurrency, lambda line: print(line, flush=True)))
    print(table(report))
    for one in report.broken[: options.show]:
        print(f"{one.exchange.form} from {one.exchange.upstream}: {one.exchange.prompt}\n  {one.problems}")
    return 1 if report.broken or report.tracebacks else 0


sys.exit(main())
