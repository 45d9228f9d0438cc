"""An upstream that sends faster than its answer is read lets everybody else have their turn."""

import asyncio
import zlib
from collections.abc import AsyncIterator

import httpx
import pytest

from monitor.masking.known import NOTHING_KNOWN
from relay.turns import Turns
from relay.upstream.connection.transport import PIECE_BYTES
from relay.upstream.response import UpstreamResponse


class Flood(httpx.AsyncByteStream):
    """Pieces that are all there: nothing is waited for."""

    def __init__(self, piece: bytes, count: int) -> None:
        self.piece, self.count = piece, count

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self.count):
            yield self.piece


@pytest.mark.parametrize("size", [PIECE_BYTES, 4 * PIECE_BYTES])
async def test_others_run_between_two_pieces(size: int) -> None:
    """Each full piece is followed by a turn of the loop."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    response = UpstreamResponse(httpx.Response(200, stream=Flood(b"x" * size, 50)), 1 << 30, NOTHING_KNOWN)
    assert len(await response.read_all()) == 50 * size
    assert turns >= 50
    task.cancel()


async def test_small_pieces_cost_no_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes event by event is waited for anyway, as long as the turn is not over."""
    monkeypatch.setattr("relay.upstream.response.turns", Turns(*[lambda: 0.0] * 2))
    turns = 0

    def turned() -> None:
        nonlocal turns
        turns += 1

    response = UpstreamResponse(httpx.Response(200, stream=Flood(b"x" * 100, 50)), 1 << 30, NOTHING_KNOWN)
    asyncio.get_running_loop().call_soon(turned)
    assert len(await response.read_all()) == 5000
    assert turns == 0


@pytest.mark.parametrize("shown", [b"\n" * 30_000, b"data: {}\n\n" * 400_000])
async def test_what_unfolds_is_read_in_pieces_too(shown: bytes) -> None:
    """A few packed bytes are no more at once than plain ones, and others run between them."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    packer = zlib.compressobj()
    packed = [packer.compress(shown) + packer.flush(zlib.Z_SYNC_FLUSH) for _ in range(50)]

    class Packed(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            for piece in packed:
                yield piece

    headers = {"content-encoding": "deflate"}
    response = UpstreamResponse(httpx.Response(200, headers=headers, stream=Packed()), 1 << 30, NOTHING_KNOWN)
    sizes = []
    while sum(sizes) < 50 * len(shown):
        piece = await response.read()
        assert piece is not None
        sizes.append(len(piece))
    assert max(sizes) <= PIECE_BYTES
    assert turns >= 50 * len(shown) // PIECE_BYTES // 2
    task.cancel()
