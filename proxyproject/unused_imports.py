"""Modules that libraries import just in case and this server never uses: leaving them out saves 10 MB.

Each of the modules stands in a ``try: import … except ImportError`` of a library that does without. Where
``sys.modules`` says None, an import raises that error.
"""

import os
import sys

NEVER_USED = (
    "httpx._main",  # httpx's command line, which brings rich and pygments where those are installed
)
USED_WITH_POSTGRESQL = ("django.contrib.postgres.fields",)  # unfold's widgets for them; it loads psycopg


def leave_out(*, uses_postgresql: bool) -> None:
    """Keep those modules out of this process, unless they are there already."""
    # autobahn's native look at the few words that a page sends over its WebSocket: it parses C at each start.
    os.environ.setdefault("AUTOBAHN_USE_NVX", "0")
    for name in NEVER_USED if uses_postgresql else (*NEVER_USED, *USED_WITH_POSTGRESQL):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
