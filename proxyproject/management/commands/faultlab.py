"""``manage.py faultlab``: every fault through the real server over real sockets, against the contract."""

import asyncio
import os
import signal
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from proxyproject.faultlab.accents import accented
from proxyproject.faultlab.contract import ALL
from proxyproject.faultlab.page import faults_page
from proxyproject.faultlab.report import Reporter
from proxyproject.faultlab.run import CaseResult, accounts_for, mappings_for, run
from proxyproject.faultlab.selection import Selection
from proxyproject.faultlab.world import ENVIRONMENT, lab_world

NICENESS = 5
"""A lab beside a server that serves (``--report``) gives way to it."""


class Command(BaseCommand):
    """Makes a server of its own in a temporary data directory; yours is not touched."""

    help = "Prove what clients receive for every fault of an upstream; see docs/faults.md."
    requires_system_checks = ()  # it uses neither this data directory nor its database

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which part of the contract."""
        parser.add_argument("--dialect", choices=ALL, action="append", help="of the client; may be repeated")
        parser.add_argument("--upstream", choices=ALL, action="append", help="of the upstream")
        parser.add_argument("--fault", action="append", help="a fault's name, or a row as it is written")
        parser.add_argument("--write", type=Path, metavar="PAGE", help="write the page after a faultless run")
        parser.add_argument(
            "--accents",
            type=int,
            metavar="SEED",
            help="have each answer in a server's accent, drawn by this number (docs/simulator.md)",
        )
        parser.add_argument("--all", action="store_true", help="print the rows that were kept, too")
        parser.add_argument(
            "--report", type=Path, metavar="FOLDER", help="write progress and result there, as JSON"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Run, print, and fail on any difference."""
        faults = tuple(options["fault"] or ())
        selection = Selection(tuple(options["dialect"] or ()), tuple(options["upstream"] or ()), faults)
        chosen = selection.cases()
        if options["accents"] is not None:
            chosen = accented(chosen, options["accents"])
        if not chosen:
            raise CommandError(f"No row of the contract is about {', '.join(faults or ['this'])}.")
        reporter = Reporter(options["report"], selection) if options["report"] else None
        if reporter:
            signal.signal(signal.SIGTERM, _cancelled)
            os.nice(NICENESS)
            reporter.begin(len(chosen))
        with lab_world(accounts_for(chosen), ENVIRONMENT, mappings_for(chosen)) as lab:
            results = asyncio.run(run(lab, chosen, reporter.answered if reporter else lambda _: None))
        if reporter:
            reporter.end(results)
        self._print([result for result in results if options["all"] or result.differences])
        broken = sum(bool(result.differences) for result in results)
        if broken:
            raise CommandError(f"{broken} of {len(results)} exchanges were not as the contract says.")
        rows = len(selection.contracts())
        self.stdout.write(f"{len(results)} exchanges, {rows} rows of the contract: all as it says.")
        if options["write"]:
            options["write"].write_text(faults_page())

    def _print(self, results: Sequence[CaseResult]) -> None:
        for result in results:
            wanted, got = result.case.expected, result.answer
            told = f"{wanted.status} {wanted.ends}, {wanted.attempts} attempts, {wanted.outcome}"
            came = (
                f"{got.status} {got.ending}, {result.attempts or '-'} attempts, {result.outcome} {got.error}"
            )
            self.stdout.write(f"{'DIFFERENT' if result.differences else 'kept':9}  {result.case.title}")
            self.stdout.write(f"           expected  {told}\n           received  {came.rstrip()}")
            for difference in result.differences:
                self.stdout.write(f"           ! {difference}")


def _cancelled(number: int, frame: FrameType | None) -> None:
    """End in order: the lab's server is stopped and its data removed on the way out."""
    sys.exit(f"Cancelled (signal {number}).")
