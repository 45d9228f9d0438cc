"""Content-Encodings, taken off in slices: what a few packed bytes unfold to stays small, and work linear.

PURE. A body may have several members or frames, one behind the other (RFC 1952, 2.2; RFC 8878, 3.1).
"""

import zlib
from collections.abc import Iterator
from typing import Protocol

import zstandard

DEFLATE_SLICE_BYTES = 4096
"""deflate makes at most 1,032 bytes of one: a slice gives some 4 MiB."""

ZSTD_SLICE_BYTES = 128
"""zstd makes 128 KiB of four bytes."""

ZSTD_WINDOW_BYTES = 8 * 1024 * 1024
"""What a decoder should support, and a server not exceed (RFC 9659)."""

MAX_MEMBERS = 1000
"""Nobody needs so many; each costs a decoder, also one that unfolds to nothing."""


class BadPacking(Exception):
    """The bytes are not what their Content-Encoding says, or it is none that is taken."""


class Unpacker(Protocol):
    """One body as it arrives. ``is_whole``: at the end of a member; else more is due."""

    is_whole: bool

    def feed(self, packed: bytes) -> Iterator[bytes]:
        """What ``packed`` unfolds to, in pieces of bounded size; raises BadPacking."""
        ...


def unpacker(coding: str) -> Unpacker:
    """For ``coding``, a name in lower case; raises BadPacking for one that is not taken."""
    match coding:
        case "gzip" | "x-gzip":
            return _Members(16 + zlib.MAX_WBITS)
        case "deflate":
            return _Members(zlib.MAX_WBITS)
        case "zstd":
            return _Frames()
        case _:
            raise BadPacking(coding)


class _Members:
    def __init__(self, wbits: int) -> None:
        self.is_whole = False
        self._wbits = wbits
        self._member = zlib.decompressobj(wbits)
        self._left = MAX_MEMBERS

    def feed(self, packed: bytes) -> Iterator[bytes]:
        for start in range(0, len(packed), DEFLATE_SLICE_BYTES):
            yield from self._slice(packed[start : start + DEFLATE_SLICE_BYTES])

    def _slice(self, rest: bytes) -> Iterator[bytes]:
        while rest:
            if self._member.eof:
                self._left -= 1
                if not self._left:
                    raise BadPacking("too many members")
                self._member = zlib.decompressobj(self._wbits)
            try:
                piece = self._member.decompress(rest)
            except zlib.error as error:
                raise BadPacking(str(error)) from None
            self.is_whole, rest = self._member.eof, self._member.unused_data
            if piece:
                yield piece


class _Frames:
    def __init__(self) -> None:
        self.is_whole = True  # the library does not say
        decompressor = zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW_BYTES)
        self._frames = decompressor.decompressobj(read_across_frames=True)

    def feed(self, packed: bytes) -> Iterator[bytes]:
        for start in range(0, len(packed), ZSTD_SLICE_BYTES):
            try:
                piece = self._frames.decompress(packed[start : start + ZSTD_SLICE_BYTES])
            except zstandard.ZstdError as error:
                raise BadPacking(str(error)) from None
            if piece:
                yield piece
