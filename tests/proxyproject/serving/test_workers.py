"""Several worker processes: started, passed signals, replaced; whatever moment a signal chooses."""

import subprocess
import sys
from pathlib import Path

import pytest

PARENT = """
import os, signal, socket, subprocess, sys
from pathlib import Path
from proxyproject.serving.workers import Workers

really_start, started = subprocess.Popen, []

def start(*arguments, **more):
    started.append(really_start(*arguments, **more))
    if len(started) == int(sys.argv[2]):
        os.kill(os.getpid(), signal.SIGTERM)
    return started[-1]

subprocess.Popen = start
with socket.socket() as listener:
    listener.bind(("127.0.0.1", 0))
    command = [sys.executable, "-c", sys.argv[3]]
    code = Workers(command, [listener], 2, Path(sys.argv[1])).run(print, lambda: print("listens"))
print("left", sum(process.returncode is None for process in started))
sys.exit(code)
"""

WAITS = "import signal; signal.pause()"
STOPS = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); signal.pause()"


def run(data_dir: Path, signal_at: int, worker: str) -> subprocess.CompletedProcess[str]:
    """Two workers, and a SIGTERM to their parent while it starts the one of this number (0: none)."""
    return subprocess.run(
        [sys.executable, "-c", PARENT, str(data_dir), str(signal_at), worker],
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.outside
@pytest.mark.parametrize("signal_at", [1, 2])
@pytest.mark.parametrize("worker", [WAITS, STOPS])
def test_a_stop_that_comes_while_a_worker_is_started_reaches_it(
    tmp_path: Path, signal_at: int, worker: str
) -> None:
    """Every worker is told, none is left, and one that did not know signals yet is no failure."""
    done = run(tmp_path, signal_at, worker)
    assert (done.returncode, done.stdout, done.stderr) == (0, "left 0\n", "")


@pytest.mark.outside
def test_workers_that_cannot_start_end_the_server(tmp_path: Path) -> None:
    """A worker that dies right after its start would die again: the others are stopped, the code is its."""
    first_one = f"import os; os.mkdir({str(tmp_path / 'mark')!r})"  # the second one fails at it
    done = run(tmp_path, 0, f"import os\ntry:\n  {first_one}\nexcept OSError: os._exit(3)\n{WAITS}")
    assert done.returncode == 3
    assert "ended with 3 soon after its start" in done.stdout
    assert done.stdout.endswith("left 0\n")
