"""``make bench``: what an exchange costs the whole server, as a table."""

import argparse
import asyncio

from tests.bench.bench_server import measure, printed

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", type=float, default=1.0, help="times the number of requests")
    arguments = parser.parse_args()
    print(printed(asyncio.run(measure(arguments.scale))))
