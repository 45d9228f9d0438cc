"""``manage.py create_database``: the role and the database that ``DATABASE_URL`` names, on PostgreSQL."""

import getpass
import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import Error, connection

ADMIN_URL = "DATABASE_ADMIN_URL"


class Command(BaseCommand):
    """Makes what is missing, says what it did, and tries whether ``DATABASE_URL`` leads there."""

    help = (
        "Makes the role and the database that DATABASE_URL names, where they are missing. The URL of a user "
        f"who may do so comes from the environment ({ADMIN_URL}) or from standard input."
    )
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        """Run again it changes nothing. CommandError says what is in the way."""
        if connection.vendor != "postgresql":
            raise CommandError("DATABASE_URL is not set: SQLite needs no role and no database.")
        told = connection.settings_dict
        if not told["USER"] or not told["NAME"]:
            raise CommandError("DATABASE_URL must name a user and a database.")
        self._create(_admin_url(), str(told["USER"]), str(told["PASSWORD"]), str(told["NAME"]))
        self._try()
        self.stdout.write("DATABASE_URL leads there. Next: manage.py migrate")

    def _create(self, admin_url: str, *wanted: str) -> None:
        import psycopg  # only where the database is PostgreSQL

        from proxyproject.postgresql.creating import create

        try:
            with psycopg.connect(admin_url, autocommit=True, connect_timeout=10) as admin:
                for done in create(admin, *wanted):
                    self.stdout.write(done)
        except psycopg.ProgrammingError as error:
            if error.sqlstate is None:  # libpq's words on a URL that it cannot read repeat it
                raise CommandError("The URL of the user who may do so cannot be read.") from None
            raise CommandError(str(error).strip()) from None
        except psycopg.Error as error:
            raise CommandError(str(error).strip()) from None

    def _try(self) -> None:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT has_schema_privilege('public', 'CREATE')")
                [may_create] = cursor.fetchone()
        except Error as error:
            raise CommandError(f"DATABASE_URL does not lead there: {str(error).strip()}") from None
        if not may_create:
            name, role = connection.settings_dict["NAME"], connection.settings_dict["USER"]
            raise CommandError(
                f"{role} may make no tables in the database {name}: it belongs to another. "
                f'As its owner: GRANT CREATE ON SCHEMA public TO "{role}"'
            )


def _admin_url() -> str:
    url = os.environ.get(ADMIN_URL, "")
    if not url and sys.stdin.isatty():
        url = getpass.getpass("URL of a user who may make roles and databases (it is not shown): ")
    elif not url:
        url = sys.stdin.readline()
    if not url.strip().startswith(("postgresql://", "postgres://")):
        raise CommandError(f"{ADMIN_URL} or standard input must have a URL that begins with postgresql://")
    return url.strip()
