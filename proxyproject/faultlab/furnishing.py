"""What the lab's server finds when it starts, made in one process: tables, accounts, mappings and a key."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command

COMMAND = ("shell", "-v0", "-c", "from proxyproject.faultlab.furnishing import furnish; furnish()")
"""How it is run, behind ``prepare``: the program is loaded once, and not for each of four commands."""

_ACCOUNTS, _MAPPINGS, _KEY = "lab_accounts.json", "lab_mappings.json", "lab_key"


def prepare(
    data_dir: Path, accounts: Sequence[Mapping[str, Any]], mappings: Sequence[Mapping[str, Any]], key: str
) -> None:
    """Lays down for ``furnish`` what it shall import, as the import commands take it."""
    (data_dir / _ACCOUNTS).write_text(json.dumps(accounts))
    (data_dir / _MAPPINGS).write_text(json.dumps(mappings))
    (data_dir / _KEY).write_text(key)


def furnish() -> None:
    """Makes it all, in this process's data directory. CommandError when something cannot be imported."""
    data_dir = Path(settings.DATA_DIR)
    call_command("migrate", verbosity=0)
    call_command("import_accounts", str(data_dir / _ACCOUNTS))
    call_command("import_mappings", str(data_dir / _MAPPINGS))
    call_command("create_client_key", "lab", key=(data_dir / _KEY).read_text())
