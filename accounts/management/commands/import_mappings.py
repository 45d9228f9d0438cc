"""``manage.py import_mappings FILE``: model mappings from a JSON list."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.import_files import BadImport
from accounts.importers import import_mappings


class Command(BaseCommand):
    """Imports model mappings; nothing is written when an entry is bad."""

    help = (
        "Imports model mappings from a JSON list of {pattern, target, kinds?, fallbacks?, priority?,"
        " continuation?, tool_safe?, role?, conversation_turns_per_hour? …}. The same file twice"
        " changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """One argument: where the mappings are."""
        parser.add_argument("file", metavar="FILE", help="a file, or - for standard input")

    def handle(self, *args: Any, **options: Any) -> None:
        """Imports, and says what became of the entries."""
        try:
            result = import_mappings(options["file"])
        except BadImport as error:
            raise CommandError(f"Nothing was imported.\n{error}") from None
        self.stdout.write(f"Mappings: {result}.")
