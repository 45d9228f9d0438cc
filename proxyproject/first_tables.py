"""A command on an installation that has never served makes the tables first, as ``serve`` would.

Who has no browser begins with ``createsuperuser`` or ``import_accounts``, and nothing has been migrated then.
"""

from collections.abc import Sequence

import django
from django.core.management import call_command, get_commands
from django.db import Error, connection

_OWN_APPS = ("accounts", "monitor")
_LOGINS = ("createsuperuser", "changepassword")


def make_tables(arguments: Sequence[str]) -> None:
    """Migrate a database that has no table at all, where the command of ``arguments`` needs them.

    ``arguments``: the command's name, then its own. A database that cannot be asked is the command's to
    complain about.
    """
    django.setup()
    if not _needs_tables(arguments):
        return
    try:
        is_empty = not connection.introspection.table_names()
    except Error:
        return
    if is_empty:
        call_command("migrate", verbosity=0)


def _needs_tables(arguments: Sequence[str]) -> bool:
    if not arguments or {"-h", "--help", "--version"} & set(arguments):
        return False
    return arguments[0] in _LOGINS or get_commands().get(arguments[0]) in _OWN_APPS
