"""The beginning of a response as it was sent, with times, and the size and hash of all of it. PURE.

It is filled while the stream runs, so that a long answer holds no more memory than what is kept of it.
"""

import hashlib

# What is kept beyond the cap, so that a secret that lies across the cap is seen whole when it is masked;
# the longest kind, a PEM private key of 4096 bits, has 3.3 kB.
MASKING_MARGIN_BYTES = 4096


class Transcript:
    """Takes the pieces of one response in order; its parts go into a ``BodyRecord``."""

    __slots__ = ("_hash", "_kept_bytes", "_limit_bytes", "chunks", "total_bytes")

    def __init__(self, cap_bytes: int) -> None:
        self._limit_bytes = cap_bytes + MASKING_MARGIN_BYTES
        self._kept_bytes = 0
        self._hash = hashlib.sha256()
        self.chunks: list[tuple[int, bytes]] = []
        self.total_bytes = 0

    def add(self, offset_ms: int, data: bytes) -> None:
        """A piece that was sent ``offset_ms`` after admission."""
        self.total_bytes += len(data)
        self._hash.update(data)
        room = self._limit_bytes - self._kept_bytes
        if room > 0:
            self.chunks.append((offset_ms, data[:room]))
            self._kept_bytes += min(room, len(data))

    def sha256(self) -> str:
        """The hash of everything so far, in hex."""
        return self._hash.hexdigest()
