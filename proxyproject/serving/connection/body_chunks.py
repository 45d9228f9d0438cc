"""A request body in memory, in the place of the temporary file that Twisted would write it to."""

from io import BytesIO


class BodyChunks:
    """A request body as it arrives; Twisted would write it to a file.

    Each piece is copied when it comes, and nothing when it is read: to join 50 MB takes 10 to 40 ms. An
    object for each small piece would take many times what is in it.
    """

    def __init__(self) -> None:
        self._body = BytesIO()
        self.closed = False

    def write(self, data: bytes) -> None:
        """Take one more piece."""
        self._body.write(data)

    def tell(self) -> int:
        """How many bytes have arrived."""
        return self._body.tell()

    def seek(self, offset: int, whence: int = 0) -> None:
        """Do nothing: Twisted and daphne rewind before their only read."""

    def read(self, size: int = -1) -> bytes:
        """Give the whole body, once, whatever ``size`` says; what is given is no longer held here."""
        body = self._body.getvalue()  # the very bytes that were written to, not a copy
        self._body = BytesIO()
        return body

    def close(self) -> None:
        """Let go of what arrived."""
        self._body = BytesIO()
        self.closed = True
