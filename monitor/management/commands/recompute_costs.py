"""``evenkeel recompute_costs``: price past exchanges again, or tell what would change."""

import time
from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from datetime import time as time_of_day
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from monitor.ledger.booking import Amounts, LedgerCell, dollars
from monitor.ledger.corrections import runs
from monitor.pricing.prices import price_list
from monitor.pricing.recomputing import add_up_days, preview, recompute, whole_hours


class Command(BaseCommand):
    """Without ``--apply`` it only tells what would change."""

    help = (
        "Prices the exchanges of closed hours again, by the prices that held when they were admitted, as they"
        " are known now. What the ledger said before is kept (--runs). Hours of which exchanges have been"
        " removed by retention stay as they are, and budgets go on with what they have counted."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """The span, and whether it is meant."""
        parser.add_argument("--since", metavar="MOMENT", help="a day or moment, like 2026-11-01")
        parser.add_argument("--until", metavar="MOMENT", help="the end of it (default: the running hour)")
        parser.add_argument("--apply", action="store_true", help="change it, not only tell")
        parser.add_argument("--runs", action="store_true", help="only list what was recomputed before")

    def handle(self, *args: Any, **options: Any) -> None:
        """Tells the change by key and model; CommandError for what is no moment."""
        if options["runs"]:
            self._tell_runs()
            return
        if not options["since"]:
            raise CommandError("Say from when on: --since 2026-11-01.")
        now = time.time()
        until = min(_moment(options["until"]) if options["until"] else now, now)
        hours = list(whole_hours(_moment(options["since"]), until))
        prices, made_at = price_list(), timezone.now()
        sums: dict[tuple[str, str], Amounts] = defaultdict(Amounts)
        changed = 0
        for hour in hours:
            change = recompute(hour, prices, made_at) if options["apply"] else preview(hour, prices)
            if change:
                changed += 1
                _add(sums, change)
        if options["apply"]:
            add_up_days(hours)
        for (key, model), amounts in sorted(sums.items()):
            priced = f", {-amounts.unpriced} more have a price" if amounts.unpriced else ""
            self.stdout.write(f"{key or '-'}  {model}  {dollars(amounts.cost_units):+.6f} US$" + priced)
        does = "Changed" if options["apply"] else "Would change"
        total = dollars(sum(amounts.cost_units for amounts in sums.values()))
        self.stdout.write(f"{does} {changed} of {len(hours)} hours: {total:+.6f} US$ in all.")

    def _tell_runs(self) -> None:
        for run in runs():
            sums = f"{dollars(run['before']):.6f} -> {dollars(run['after']):.6f} US$"
            self.stdout.write(f"{run['made_at']:%Y-%m-%d %H:%M:%S} UTC  {run['cells']} figures  {sums}")


def _add(sums: dict[tuple[str, str], Amounts], change: Mapping[LedgerCell, Amounts]) -> None:
    for cell, amounts in change.items():
        sums[cell.client_key, cell.model] = sums[cell.client_key, cell.model].plus(amounts)


def _moment(text: str) -> float:
    """A day or a moment in the server's time zone, in epoch seconds."""
    try:
        day = parse_date(text)
        moment = datetime.combine(day, time_of_day()) if day else parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError(f"{text} is no day and no moment, like 2026-11-01 or 2026-11-01T08:00.")
    zone = timezone.get_default_timezone()
    return (moment if timezone.is_aware(moment) else timezone.make_aware(moment, zone)).timestamp()
