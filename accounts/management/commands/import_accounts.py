"""``manage.py import_accounts FILE``: accounts from a JSON list, or a folder of Antigravity Tools."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.import_files import BadImport
from accounts.importers import import_accounts


class Command(BaseCommand):
    """Imports accounts; nothing is written when an entry is bad."""

    help = (
        "Imports accounts from a JSON list of {email, kind, credential, base_url?, models?, priority?,"
        " max_in_flight?, enabled?, project?, location?}, from a list of {email, refresh_token}, or from a"
        " data folder of Antigravity Tools. The same file twice changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """One argument: where the accounts are."""
        parser.add_argument("file", metavar="FILE", help="a file, a folder, or - for standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        """Imports, and says what became of the entries."""
        try:
            result = import_accounts(options["file"])
        except BadImport as error:
            raise CommandError(f"Nothing was imported.\n{error}") from None
        self.stdout.write(f"Accounts: {result}.")
