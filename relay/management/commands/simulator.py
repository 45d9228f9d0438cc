"""``manage.py simulator``: the scriptable upstream as a process of its own."""

import asyncio
import signal
from argparse import ArgumentParser
from typing import Any

import uvloop
from django.core.management.base import BaseCommand

from relay.simulator import Prose, Simulator


class Command(BaseCommand):
    """Runs until SIGINT or SIGTERM; prints the address as its first line."""

    help = "Run the simulated upstream (all dialects, faults on request; see docs/simulator.md)."
    requires_system_checks = ()  # it needs nothing of this project's configuration

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The address and how much the model says by default."""
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
        parser.add_argument("--events", type=int, default=Prose().events, help="text events in an answer")
        parser.add_argument("--words", type=int, default=Prose().words, help="words in an event")
        parser.add_argument("--delay-ms", type=float, default=0, help="milliseconds between events")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve until told to stop."""
        shape = Prose(options["events"], options["words"], options["delay_ms"] / 1000)
        simulator = Simulator(host=options["host"], port=options["port"], shape=shape)
        uvloop.run(self._serve(simulator))

    async def _serve(self, simulator: Simulator) -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        self.stdout.write(await simulator.start())
        self.stdout.flush()
        await stopped.wait()
        await simulator.stop()
