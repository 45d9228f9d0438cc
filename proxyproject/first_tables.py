"""A command on an installation that has never served makes the tables first, as ``serve`` would.

Who has no browser begins with ``createsuperuser`` or ``import_accounts``, and nothing has been migrated then.
"""

from collections.abc import Sequence
from pathlib import Path

import django
from django.core.management import call_command, find_commands
from django.db import Error, connection

_PACKAGES = ("accounts", "monitor")
_LOGINS = ("createsuperuser", "changepassword")


def make_tables(arguments: Sequence[str]) -> None:
    """Migrate a database that has no table at all, where the command of ``arguments`` needs them.

    ``arguments``: the command's name, then its own. A database that cannot be asked is the command's to
    complain about.
    """
    if not _needs_tables(arguments):
        return
    django.setup()
    try:
        is_empty = not connection.introspection.table_names()
    except Error:
        return
    if is_empty:
        call_command("migrate", verbosity=0)


def _needs_tables(arguments: Sequence[str]) -> bool:
    if not arguments or {"-h", "--help", "--version"} & set(arguments):
        return False
    root = Path(__file__).resolve().parent.parent  # asked of the folders: no other command waits for Django
    own = (find_commands(str(root / package / "management")) for package in _PACKAGES)
    return arguments[0] in _LOGINS or any(arguments[0] in names for names in own)
