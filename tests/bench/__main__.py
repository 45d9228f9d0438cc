"""``make bench``: what an exchange costs the whole server, or who waits for whom, as a table."""

import argparse
import asyncio

from tests.bench import bench_tails
from tests.bench.bench_server import measure, printed

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="times the number of requests")
    parser.add_argument("--tails", action="store_true", help="who waits while something large happens")
    arguments = parser.parse_args()
    if arguments.tails:
        asyncio.run(bench_tails.measure())
    else:
        print(printed(asyncio.run(measure(arguments.scale))))
