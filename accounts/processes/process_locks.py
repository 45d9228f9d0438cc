"""Which server processes of this data directory have died: each holds a lock on a file of its own.

The kernel gives a lock back when its process ends, however it ends; so whoever can take the lock of another
process knows at once that it is dead, where a heartbeat has to be waited for. Processes on other machines
have data directories of their own: of them only the heartbeats tell.
"""

import contextlib
import fcntl
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

SUFFIX = ".lock"


class ProcessLock:
    """This process's file in ``directory``: ``hold`` it from before the first row until after the last."""

    def __init__(self, directory: Path, process_id: str) -> None:
        self._directory = directory
        self._path = directory / f"{process_id}{SUFFIX}"
        self._descriptor: int | None = None

    def hold(self) -> None:
        """Make the file and lock it; it gets its name only then, so nobody ever finds it unlocked."""
        if self._descriptor is not None:
            return
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, draft = tempfile.mkstemp(dir=self._directory)  # closed in child processes
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            Path(draft).rename(self._path)
        except OSError:
            os.close(descriptor)
            Path(draft).unlink()
            raise
        self._descriptor = descriptor

    def release(self) -> None:
        """This process writes nothing more."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            self._path.unlink(missing_ok=True)
            os.close(descriptor)

    def dead(self) -> set[str]:
        """The ids of processes that hold a file here no longer and have not removed it."""
        files = [path for path in self._directory.glob(f"*{SUFFIX}") if path != self._path]
        return {path.stem for path in files if _is_free(path)}

    def forget(self, process_ids: Iterable[str]) -> None:
        """Remove the files of dead processes, whose affairs are settled."""
        for process_id in process_ids:
            (self._directory / f"{process_id}{SUFFIX}").unlink(missing_ok=True)


def _is_free(path: Path) -> bool:
    """Whether nobody holds the file; a file system without locks says no, and the heartbeats decide."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDWR)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(descriptor)
        return True
    return False
