"""``manage.py serve`` with a ticker of 1 ms in its event loop, for ``bench_tails``.

``BENCH_TICKS`` names the file that each late tick goes to: when (``time.monotonic``), how late, how much of
that the loop's own thread computed, and how much all threads did, in milliseconds. Late for want of a core is
nobody's fault; what other threads compute keeps the loop waiting only where they hold the interpreter.
Whole garbage collections are made at SIGUSR2.
"""

import asyncio
import gc
import os
import signal
import sys
import time
from pathlib import Path
from typing import TextIO

from django.core.management import execute_from_command_line

TICK_SECONDS = 0.001
TOLD_SECONDS = 0.002


async def _tick(told: TextIO) -> None:
    while True:
        due, loop, threads = time.monotonic() + TICK_SECONDS, time.thread_time(), time.process_time()
        await asyncio.sleep(TICK_SECONDS)
        late = time.monotonic() - due
        if late > TOLD_SECONDS:
            loop, threads = time.thread_time() - loop, time.process_time() - threads
            told.write(
                f"{due:.4f} {late * 1e3:.2f} {min(late, loop) * 1e3:.2f} {min(late, threads) * 1e3:.2f}\n"
            )


def _start(ticking: set[asyncio.Task[None]]) -> None:
    told = Path(os.environ["BENCH_TICKS"]).open("a", buffering=1)  # noqa: SIM115  while the server runs
    ticking.add(asyncio.get_running_loop().create_task(_tick(told)))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "proxyproject.settings")
    from proxyproject.serving.lifecycle import lifecycle

    running: set[asyncio.Task[None]] = set()
    lifecycle.on_start(lambda: _start(running))
    signal.signal(signal.SIGUSR2, lambda *_: gc.collect())
    execute_from_command_line(["manage.py", *sys.argv[1:]])
