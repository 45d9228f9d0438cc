"""``evenkeel rotate_client_key NAME``: a new value for a key, printed once."""

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import ClientKey


class Command(BaseCommand):
    """Gives a client key a new value and prints it, and nothing else, on standard output."""

    help = "Gives a client key a new value and prints it; the old one stays valid for a while."

    def add_arguments(self, parser: CommandParser) -> None:
        """The name, how long both values are valid, and a value for those who bring their own."""
        parser.add_argument("name", metavar="NAME", help="whose key it is")
        parser.add_argument(
            "--overlap-hours",
            type=float,
            default=24.0,
            help="how long the old value stays valid (default: 24; 0: it ends at once)",
        )
        parser.add_argument("--key", metavar="VALUE", default="", help="the new value, beginning with sk-")

    def handle(self, *args: Any, **options: Any) -> None:
        """Replaces the value; CommandError where there is no such key."""
        key = ClientKey.objects.filter(name=options["name"]).first()
        if key is None:
            raise CommandError(f"There is no key named {options['name']}.")
        hours = options["overlap_hours"]
        if not 0 <= hours <= 24 * 90:
            raise CommandError("--overlap-hours is a number from 0 to 2160 (90 days).")
        try:
            value = key.rotate(timedelta(hours=hours), options["key"])
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        self.stdout.write(value)
