"""The lines of ``app.log`` that tell of one exchange, found by its request id, in bounded time."""

from pathlib import Path

BLOCK_BYTES = 1 << 20
SEARCH_BYTES = 128 << 20
"""How much of the log is read, newest first: about a tenth of a second."""
LINES_LIMIT = 500


def log_lines(folder: Path, request_id: str, not_before: float) -> tuple[list[str], bool]:
    """The lines in order, and whether everything that may hold one was read.

    ``folder`` holds ``app.log*``; files last written before ``not_before`` (epoch seconds) hold none.
    """
    files = []
    for path in folder.glob("app.log*"):
        try:
            stat = path.stat()
        except OSError:
            continue
        if not path.name.endswith(".lock") and stat.st_mtime >= not_before:
            files.append((stat.st_mtime, stat.st_size, path))
    left = SEARCH_BYTES
    found: list[str] = []
    for _, size, path in sorted(files, reverse=True):
        if left <= 0:
            return found, False
        found = _lines_in(path, request_id.encode(), max(0, size - left)) + found
        left -= size
    return found[:LINES_LIMIT], left >= 0 and len(found) <= LINES_LIMIT


def _lines_in(path: Path, needle: bytes, start: int) -> list[str]:
    lines: list[str] = []
    try:
        with path.open("rb") as file:
            file.seek(start)
            rest = b""
            while block := file.read(BLOCK_BYTES):
                whole, _, rest = (rest + block).rpartition(b"\n")
                if needle in whole:
                    lines += [
                        line.decode("utf-8", "replace") for line in whole.split(b"\n") if needle in line
                    ]
            if needle in rest:
                lines.append(rest.decode("utf-8", "replace"))
    except OSError:
        pass
    return lines
