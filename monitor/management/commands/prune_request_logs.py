"""``manage.py prune_request_logs``: remove history by age and size, or tell what would go."""

import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.template.defaultfilters import filesizeformat

from monitor.retention import pruner
from monitor.retention.bounds import MOST_DAYS
from monitor.retention.pruner import Limits


class Command(BaseCommand):
    """Removes what the running server would remove within the hour."""

    help = (
        "Removes requests that are older than --days, and the oldest bodies beyond --bytes. A running server"
        " does so by itself once an hour."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Limits other than the configured ones, and whether to look only."""
        parser.add_argument("--dry-run", action="store_true", help="only tell what would be removed")
        parser.add_argument(
            "--days",
            type=float,
            default=settings.ENVIRONMENT.monitor_retention_days,
            help="keep requests this long (0: for ever; default: MONITOR_RETENTION_DAYS, %(default)s)",
        )
        parser.add_argument(
            "--bytes",
            type=int,
            default=settings.ENVIRONMENT.monitor_retention_bytes,
            help="keep this much (0: any amount; default: MONITOR_RETENTION_BYTES, %(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Plans, tells, and removes unless it is a dry run; CommandError for what is no limit."""
        if not 0 <= options["days"] <= MOST_DAYS or options["bytes"] < 0:
            raise CommandError("--days (a century at most) and --bytes are numbers from 0 on; 0 is no limit.")
        pruning = pruner.planned(Limits(options["days"], options["bytes"]), time.time())
        does = "Would remove" if options["dry_run"] else "Removing"
        self.stdout.write(
            f"{does} {pruning.requests} requests and {pruning.bodies} bodies,"
            f" about {filesizeformat(pruning.freed_bytes)}; about {filesizeformat(pruning.kept_bytes)} stay."
        )
        if options["dry_run"]:
            return
        rows = 0
        for removed in pruner.prune(pruning):
            rows += removed
            self._progress(f"\r{rows} rows removed")
        self._progress("\n")
        if rows and connection.vendor == "sqlite":
            self.stdout.write(
                "New requests will use the space again; to make the file smaller, stop the server and run"
                f" VACUUM on {connection.settings_dict['NAME']}."
            )

    def _progress(self, text: str) -> None:
        if self.stdout.isatty():
            self.stdout.write(text, ending="")
