"""``python -m tests.soak.budget_run``: 20 keys with budgets on 2 workers; exit code 1 when one was wrong."""

import argparse
import os
import sys
import tempfile
import time

os.environ.setdefault("PROXY_DATA_DIR", tempfile.mkdtemp(prefix="evenkeel-soak-"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proxyproject.settings")

from tests.running_server import ServerWorld
from tests.served.keys.test_key_limits import made_key, wait_until_known
from tests.served.processes.several import several
from tests.soak.budgets import budgets, run, table


def main() -> int:
    """Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.budget_run", description=__doc__)
    parser.add_argument("--exchanges", type=int, default=5_000)
    parser.add_argument("--keys", type=int, default=20)
    parser.add_argument("--concurrency", type=int, default=100)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    drawn = budgets(options.seed, options.keys, options.exchanges)
    servers = ServerWorld()
    try:
        with several(servers, options.workers) as world:
            keys = {name: made_key(world, name, *budget.arguments) for name, budget in drawn.items()}
            wait_until_known(world, keys[next(reversed(keys))])
            begun_at = time.monotonic()
            found = run(world, keys, drawn, options.exchanges, options.concurrency)
            seconds = time.monotonic() - begun_at
            log = world.server.log_text
    finally:
        servers.clean()
    print(table(drawn, found))
    problems = [f"{name}: {problem}" for name, came in found.items() for problem in came.problems]
    print(*problems[:20], sep="\n")
    away, tracebacks = log.count("Redis does not count"), log.count("Traceback")
    print(
        f"{options.exchanges} exchanges in {seconds:.0f} s, {tracebacks} tracebacks; Redis away {away} times"
    )
    return bool(problems or tracebacks)


sys.exit(main())
