"""The data directory: for its owner alone, for one server at a time, for one migration at a time.

It holds the credentials' key and every prompt. Locks are the kernel's (``flock``): they end with their
process, however it ends.
"""

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class InUse(Exception):
    """Another process holds the lock; the text is what it says of itself."""


def claim(directory: Path) -> None:
    """Make ``directory``, or close it for all but its owner; SystemExit where it is somebody else's.

    One of root's with a group of ours is taken, if others cannot enter: so clusters mount volumes.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        found = directory.stat()
        if found.st_uid == os.geteuid():
            if stat.S_IMODE(found.st_mode) & 0o077:
                directory.chmod(0o700)
            return
    except OSError as error:
        raise SystemExit(f"The data directory {directory} cannot be made: {error.strerror}") from error
    if found.st_uid == 0 and not found.st_mode & stat.S_IRWXO:
        return
    raise SystemExit(
        f"The data directory {directory} belongs to another user (uid {found.st_uid}; this process runs as "
        f"uid {os.geteuid()}). Who owns it can read every key and prompt: run as that user, or set "
        "PROXY_DATA_DIR to a directory of your own."
    )


@contextmanager
def held(path: Path, *, waits: bool) -> Iterator[None]:
    """Hold the lock ``path`` inside; raises InUse where another process has it and this one does not wait."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX if waits else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InUse(os.pread(descriptor, 100, 0).decode("utf-8", "replace").strip()) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"process {os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)
