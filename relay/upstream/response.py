"""The bytes of one upstream's answer as they come: unpacked, and bounded in number.

Whatever upstream sends is data: what cannot be unpacked, and what does not end, raises ``BrokenAnswer``.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import cast

import httpx

from monitor.masking.known import KnownSecrets
from relay.neutral.packed import BadPacking, unpacker
from relay.turns import turns
from relay.upstream.connection.transport import PIECE_BYTES, AnswerBytes

CLOSE_SECONDS = 1.0
"""What a finished answer may take to end its transfer, so that the connection can be used again."""

MAX_REQUEST_ID_CHARACTERS = 200


class BrokenAnswer(Exception):
    """The bytes are no answer; the text says why, and holds nothing of upstream's."""


class AnswerTooLarge(BrokenAnswer):
    """The answer is larger than the setting allows."""

    def __init__(self, max_bytes: int) -> None:
        super().__init__(f"the answer is larger than RELAY_MAX_ANSWER_BYTES ({max_bytes})")


class UpstreamResponse:
    """An open answer. ``read`` gives what came together; after it raised, it must not be called again."""

    def __init__(
        self, response: httpx.Response, max_bytes: int, known: KnownSecrets, read_bytes: int = 0
    ) -> None:
        """Take over an answer whose headers are here; of its body at most ``max_bytes`` are read.

        ``known`` is the credential that it must not repeat; ``read_bytes`` of the answer came in others.
        """
        self.known = known
        self._response = response
        self._unturned_bytes = 0
        self._max_bytes = max_bytes
        self._left_bytes = max_bytes - read_bytes
        stream = cast(httpx.AsyncByteStream, response.stream)
        # Nobody was asked to pack; who does it all the same is unpacked.
        coding = response.headers.get("content-encoding", "").strip().lower()
        is_plain = coding in ("", "identity")
        self._next: Callable[[], Awaitable[bytes | None]]
        if is_plain and isinstance(stream, AnswerBytes):
            self._next = stream.read
        else:
            pieces = aiter(stream) if is_plain else _unpacked(stream, coding, max_bytes)
            self._next = lambda: anext(pieces, None)
        told = response.headers.get("request-id") or response.headers.get("x-request-id") or ""
        self.request_id = known.mask_text(told[:MAX_REQUEST_ID_CHARACTERS])

    async def read(self) -> bytes | None:
        """The next bytes, None at an orderly end; raises BrokenAnswer, or what the library makes of a cut.

        Behind so much others go first: where more is there already, reading would not wait, and nobody else
        would run.
        """
        if self._unturned_bytes >= PIECE_BYTES:
            self._unturned_bytes = 0
            await asyncio.sleep(0)
        piece = await self._next()
        if piece is not None:
            self._unturned_bytes += len(piece)
            self._left_bytes -= len(piece)
            if self._left_bytes < 0:
                raise AnswerTooLarge(self._max_bytes)
        return piece

    async def read_all(self) -> bytes:
        """The rest of it; raises as ``read`` does."""
        pieces: list[bytes] = []
        while (piece := await self.read()) is not None:
            pieces.append(piece)
            await turns.wait()
        return b"".join(pieces)

    async def read_what_comes(self, seconds: float) -> bytes:
        """As much of the rest as can be had within ``seconds``; raises nothing."""
        pieces: list[bytes] = []
        with contextlib.suppress(Exception):
            async with asyncio.timeout(seconds):
                while (piece := await self.read()) is not None:
                    pieces.append(piece)
        return b"".join(pieces)

    async def read_out(self) -> None:
        """Read what comes after the terminal event and throw it away: it can no longer fail anything."""
        with contextlib.suppress(Exception):
            async with asyncio.timeout(CLOSE_SECONDS):
                while await self.read() is not None:
                    pass
        await self.close()

    async def close(self) -> None:
        """Give the connection back, or cut it when the answer is not at its end."""
        with contextlib.suppress(Exception):  # nobody needs to know any more
            await self._response.aclose()


async def _unpacked(stream: httpx.AsyncByteStream, coding: str, max_bytes: int) -> AsyncIterator[bytes]:
    """``stream`` without its Content-Encoding, in pieces of bounded size; raises BrokenAnswer."""
    limit_bytes = max_bytes
    try:
        unpacking = unpacker(coding)
        async for packed in stream:
            max_bytes -= len(packed)
            if max_bytes < 0:
                raise AnswerTooLarge(limit_bytes)
            for unpacked in unpacking.feed(packed):
                for start in range(0, len(unpacked), PIECE_BYTES):
                    yield unpacked[start : start + PIECE_BYTES]
    except BadPacking:
        raise BrokenAnswer(
            "the answer is not what its Content-Encoding says, or nobody asked for it"
        ) from None
