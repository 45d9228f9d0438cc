"""A real server that speaks as S3 does (moto's), in a process of its own.

``with served_bucket() as bucket:`` gives an empty bucket: the settings that name it, and what lies in it.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tests.stores import end_with_parent

PROGRAM = """
import logging
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

logging.getLogger("werkzeug").setLevel(logging.ERROR)
application = DomainDispatcherApplication(create_backend_app)
server = make_server("127.0.0.1", 0, application, threaded=True)
print(server.server_port, flush=True)
server.serve_forever()
"""
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}


class Bucket:
    """One at a server that can be stopped for a while."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **CREDENTIALS},
            preexec_fn=end_with_parent,
        )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "moto's server did not start"
        self.endpoint = f"http://127.0.0.1:{int(line)}"
        httpx.put(f"{self.endpoint}/bodies", timeout=60).raise_for_status()

    @property
    def url(self) -> str:
        """What ``MONITOR_BODY_STORE`` is set to."""
        return f"s3://bodies/kept?endpoint={self.endpoint}"

    def keys(self) -> list[str]:
        """All that lie there, in order."""
        listed = httpx.get(f"{self.endpoint}/bodies?list-type=2", timeout=60).text
        return [part.partition("</Key>")[0] for part in listed.split("<Key>")[1:]]

    def freeze(self) -> None:
        """It takes connections and says nothing any more."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on."""
        self._process.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """It listens no more."""
        self._process.kill()
        self._process.wait()


@contextmanager
def served_bucket() -> Iterator[Bucket]:
    """An empty bucket, until the end of the block."""
    bucket = Bucket()
    try:
        yield bucket
    finally:
        bucket.end()
