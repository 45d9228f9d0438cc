"""A request body in memory, in the place of the temporary file that Twisted would write it to."""

from typing import Final

SMALL_BYTES: Final = 1024
"""An object of its own for each smaller piece would take many times what is in it."""


class BodyChunks:
    """A request body as it arrives, joined once when it is read; Twisted would write it to a file."""

    def __init__(self) -> None:
        self._chunks: list[bytes | bytearray] = []
        self._length_bytes = 0
        self.closed = False

    def write(self, data: bytes) -> None:
        """Take one more piece."""
        self._length_bytes += len(data)
        if len(data) >= SMALL_BYTES:
            self._chunks.append(data)
        elif self._chunks and type(self._chunks[-1]) is bytearray:
            self._chunks[-1] += data
        else:
            self._chunks.append(bytearray(data))

    def tell(self) -> int:
        """How many bytes have arrived."""
        return self._length_bytes

    def seek(self, offset: int, whence: int = 0) -> None:
        """Do nothing: Twisted and daphne rewind before their only read."""

    def read(self, size: int = -1) -> bytes:
        """Give the whole body, once, whatever ``size`` says; what is given is no longer held here."""
        body = b"".join(self._chunks)
        self._chunks = []
        return body

    def close(self) -> None:
        """Let go of what arrived."""
        self._chunks = []
        self.closed = True
