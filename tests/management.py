"""``manage.py`` for one server's world, loaded once: each command runs in a fork of it.

To load Django and the project costs 1.6 s of CPU, a fork 0.02 s, and what runs in it is a process of its own
as before: it ends, its connections with it, and its exit code, stdout and stderr are its own.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Management:
    """The loaded process: ``run`` commands, then ``end`` it."""

    def __init__(self, env: dict[str, str]) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.management"],
            cwd=ROOT,
            env={"DJANGO_SETTINGS_MODULE": "proxyproject.settings", **env},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, stdin: str | None = None) -> str:
        """What the command writes to stdout. CalledProcessError when it fails."""
        asked, told = self._process.stdin, self._process.stdout
        assert asked is not None
        assert told is not None
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
        self._process.communicate()


def main() -> None:
    """Serve commands; a fork comes out of here with its command run."""
    import django
    from django.core.management import execute_from_command_line

    django.setup()
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
