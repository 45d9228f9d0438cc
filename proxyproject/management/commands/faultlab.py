"""``manage.py faultlab``: every fault through the real server over real sockets, against the contract."""

import asyncio
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from django.core.management.base import BaseCommand, CommandError

from proxyproject.faultlab.contract import ALL, CONTRACTS
from proxyproject.faultlab.page import faults_page
from proxyproject.faultlab.run import Result, accounts_for, cases, run
from proxyproject.faultlab.ways import Form
from proxyproject.faultlab.world import ENVIRONMENT, lab_world


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
        parser.add_argument("--all", action="store_true", help="print the rows that were kept, too")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run, print, and fail on any difference."""
        wanted = options["fault"]
        contracts = [c for c in CONTRACTS if not wanted or c.spec in wanted or c.name in wanted]
        ways = [
            (cast(Form, client), upstream)
            for client in options["dialect"] or ALL
            for upstream in options["upstream"] or ALL
        ]
        chosen = list(cases(contracts, ways))
        if not chosen:
            raise CommandError(f"No row of the contract is about {', '.join(wanted or ['this'])}.")
        with lab_world(accounts_for(chosen), ENVIRONMENT) as lab:
            results = asyncio.run(run(lab, chosen))
        self._print([result for result in results if options["all"] or result.differences])
        broken = sum(bool(result.differences) for result in results)
        if broken:
            raise CommandError(f"{broken} of {len(results)} exchanges were not as the contract says.")
        self.stdout.write(f"{len(results)} exchanges, {len(contracts)} rows of the contract: all as it says.")
        if options["write"]:
            options["write"].write_text(faults_page())

    def _print(self, results: Sequence[Result]) -> None:
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
