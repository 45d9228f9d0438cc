"""``manage.py`` for one server's world, loaded once: each command runs in a fork of it.

To load the project costs half a second of CPU, a fork 0.02 s, and what runs in it is a process of its own
as before: it ends, its connections with it, and its exit code, stdout and stderr are its own.
"""

import gc
import json
import os
import subprocess
import sys
import tempfile
import threading

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
    """Serve commands; a fork comes out of here with its command run."""
    import django
    from django.core.management import BaseCommand, execute_from_command_line

    django.setup()
    BaseCommand.requires_system_checks = []  # the server has made them at its start
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        arguments, given = json.loads(line)
        with (
            tempfile.TemporaryFile("w+") as stdin,
            tempfile.TemporaryFile("w+") as stdout,
            tempfile.TemporaryFile("w+") as stderr,
        ):
            stdin.write(given)
            stdin.seek(0)
            child = os.fork()
            if not child:
                for number, file in enumerate((stdin, stdout, stderr)):
                    os.dup2(file.fileno(), number)
                sys.stdin = open(0, closefd=False)  # noqa: SIM115  without what the other has read ahead
                execute_from_command_line(["manage.py", *arguments])
                return
            _, status = os.waitpid(child, 0)
            outputs = []
            for file in (stdout, stderr):
                file.seek(0)
                outputs.append(file.read())
        print(json.dumps([os.waitstatus_to_exitcode(status), *outputs]), flush=True)


if __name__ == "__main__":
    main()
