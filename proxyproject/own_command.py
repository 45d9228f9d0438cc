"""How this program starts itself again: the server of the demo, a worker, a run of the fault lab."""

import sys
from pathlib import Path


def own_command(*arguments: str) -> list[str]:
    """The command line of this program with ``arguments``, for this Python and from this folder.

    ``-P`` keeps the folder out of the imports: a folder ``monitor`` there is not ours. What ``manage.py`` has
    started stays with it, for its environment may name other settings.
    """
    if Path(sys.argv[0]).name == "manage.py":
        return [sys.executable, sys.argv[0], *arguments]
    return [sys.executable, "-P", "-m", "proxyproject", *arguments]
