"""``manage.py`` for one server's world, loaded once: it runs each command in turn, as often as asked.

To load the project costs half a second of CPU, and a fork for each command a tenth; the command itself takes
less. What a command opened is closed behind it: its connections, and what it has logged is written.
"""

import contextlib
import io
import json
import logging
import subprocess
import sys
import threading
import traceback

from tests import loaded_python


class Management:
    """The loaded process: ``run`` commands, then ``end`` it."""

    def __init__(self, env: dict[str, str]) -> None:
        self._lock = threading.Lock()
        env = {"DJANGO_SETTINGS_MODULE": "proxyproject.settings", **env}
        self._process = loaded_python.start("-m", "tests.management", env=env, talks=True)

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """What the command writes to stdout. CalledProcessError when it fails."""
        asked, told = self._process.stdin, self._process.stdout
        with self._lock:
            asked.write(json.dumps([arguments, stdin or ""]) + "\n")
            asked.flush()
            answer = told.readline()
        assert answer, "the process that runs manage.py's commands has died"
        code, output, errors = json.loads(answer)
        if code:
            raise subprocess.CalledProcessError(code, arguments, output, errors)
        return str(output)

    def end(self) -> None:
        """Nothing more will be run."""
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def main() -> None:
    """Serve commands, until nobody asks for any."""
    import django
    from django.core.management import BaseCommand

    django.setup()
    BaseCommand.requires_system_checks = []  # the server has made them at its start
    asked, told = sys.stdin, sys.stdout
    for line in asked:
        arguments, given = json.loads(line)
        print(json.dumps(_done(arguments, given)), file=told, flush=True)


def _done(arguments: list[str], given: str) -> tuple[int, str, str]:
    """Run one command, with ``given`` as its stdin: its exit code, stdout and stderr."""
    from django.core.management import execute_from_command_line
    from django.db import connections

    code, output, errors = 0, io.StringIO(), io.StringIO()
    sys.stdin = io.StringIO(given)
    with contextlib.redirect_stdout(output), contextlib.redirect_stderr(errors):
        try:
            execute_from_command_line(["manage.py", *arguments])
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
        except Exception:
            traceback.print_exc()
            code = 1
    connections.close_all()
    for handler in logging.getLogger().handlers:
        handler.flush()
    return code, output.getvalue(), errors.getvalue()


if __name__ == "__main__":
    main()
