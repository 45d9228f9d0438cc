"""``manage.py clear_cooldowns``: every account is usable again, in every running process."""

import time
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts.models import Account, AccountMark, lock_accounts
from accounts.processes.heartbeats import behind, live_process_ids
from accounts.revisions import Revision

WAIT_SECONDS: Final = 10.0
LOOK_SECONDS: Final = 0.1


class Command(BaseCommand):
    """Clears the cooldowns and returns when the running processes have taken it."""

    help = "Ends every account's cooldown; with --enable also enables what was disabled automatically."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether accounts that were disabled automatically are enabled too."""
        parser.add_argument(
            "--enable", action="store_true", help="also enable accounts that were disabled automatically"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Clears, then waits at most 10 s for the processes that run."""
        with transaction.atomic():
            lock_accounts()
            AccountMark.objects.all().delete()
            accounts = Account.objects.update(marks_cleared_at=timezone.now())
            enabled = (
                Account.objects.filter(enabled=False, disabled_automatically=True).update(
                    enabled=True, disabled_reason="", disabled_automatically=False
                )
                if options["enable"]
                else 0
            )
            revision = Revision.current()
        done = f"{accounts} accounts have no cooldown any more"
        self.stdout.write(f"{done}, {enabled} enabled." if options["enable"] else f"{done}.")
        self._wait_for_processes(revision)

    def _wait_for_processes(self, revision: int) -> None:
        waiting_ends_at = time.monotonic() + WAIT_SECONDS
        while late := behind(revision):
            if time.monotonic() >= waiting_ends_at:
                self.stderr.write(
                    f"{len(late)} of {len(live_process_ids())} running processes have not confirmed it within"
                    f" {WAIT_SECONDS:.0f} s. They will when they can reach the database, unless they have"
                    " just ended."
                )
                return
            time.sleep(LOOK_SECONDS)
