"""``manage.py create_client_key NAME``: a key for a client, printed once."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.keys.options import add_limit_options, limits_in
from accounts.models import ClientKey, digest


class Command(BaseCommand):
    """Creates a client key and prints it, and nothing else, on standard output."""

    help = "Creates a client key and prints it. It is not stored and cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        """The name, a value for those who bring their own, and what the key may do."""
        parser.add_argument("name", metavar="NAME", help="whose key it is")
        parser.add_argument("--key", metavar="VALUE", default="", help="its value, beginning with sk-")
        add_limit_options(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        """Creates the key; the same name with the same value again changes nothing."""
        name, value = options["name"], options["key"]
        there = ClientKey.objects.filter(name=name).first()
        if there is not None:
            if not value:
                raise CommandError(f"There is already a key named {name}; it cannot be shown again.")
            if there.sha256 != digest(value):
                raise CommandError(f"There is already a key named {name}, with another value.")
            self.stdout.write(value)
            return
        key = ClientKey(name=name, **limits_in(options))
        try:
            value = key.give_value(value)
            key.full_clean()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        key.save()
        self.stdout.write(value)
