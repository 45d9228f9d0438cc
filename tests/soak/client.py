"""The clients of a campaign: they ask, read to the end, or go in the middle, a number of them at once."""

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence

import aiohttp
from msgspec import Struct

from proxyproject.faultlab.reading import read
from tests.soak.judge import Received, Way
from tests.soak.plan import Exchange

_OF_FORM = {"anthropic": {"anthropic-version": "2023-06-01"}}
"""What every client of a dialect sends."""

LEAVES_EARLY_BYTES = 200
"""A client that goes within so many bytes goes at once or soon, whatever comes."""


class Target(Struct, frozen=True):
    """A server to ask: its address, the headers that let one in, and how it calls an exchange's model.

    ``model`` is a template with ``{model}``, a name of its own for each exchange; ``client_seconds`` is how
    long a client waits for the end of an answer.
    """

    base_url: str
    headers: Mapping[str, str]
    model: str = "{model}"
    client_seconds: float = 120


async def ask_all(
    target: Target,
    exchanges: Sequence[Exchange],
    at_once: int,
    progress: Callable[[int], None] = lambda _: None,
) -> dict[int, Received]:
    """What each client received, by the exchange's number; ``progress`` is told ten times how many."""
    waiting = iter(exchanges)
    received: dict[int, Received] = {}
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=target.client_seconds)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:

        async def worker() -> None:
            for exchange in waiting:
                received[exchange.number] = await _asked(session, target, exchange)
                if len(received) % max(1, len(exchanges) // 10) == 0:
                    progress(len(received))

        await asyncio.gather(*(worker() for _ in range(at_once)))
    return received


async def _asked(session: aiohttp.ClientSession, target: Target, exchange: Exchange) -> Received:
    leaves = exchange.leaves_after_bytes
    if leaves is not None and leaves < LEAVES_EARLY_BYTES:
        return await _abandoned(session, target, exchange)
    body, status = bytearray(), 0
    try:
        async with _post(session, target, exchange) as response:
            status = response.status
            async for piece in response.content.iter_any():
                body += piece
                if leaves is not None and len(body) > leaves:
                    response.close()
                    return Received("left", None, len(body))
        way: Way = "complete"
    except TimeoutError:
        way = "hung"
    except aiohttp.ClientError:
        way = "dropped"
    if not status:
        return Received(way)
    answer = read(exchange.form, exchange.is_stream, status, bytes(body), is_complete=way == "complete")
    return Received(way, answer, len(body))


async def _abandoned(session: aiohttp.ClientSession, target: Target, exchange: Exchange) -> Received:
    """Asks, and goes at once or soon, whatever comes."""
    try:
        async with asyncio.timeout(random.Random(exchange.number).random() / 20):
            async with _post(session, target, exchange) as response:
                await response.read()
    except (TimeoutError, aiohttp.ClientError):
        pass
    return Received("left")


def _post(
    session: aiohttp.ClientSession, target: Target, exchange: Exchange
) -> "aiohttp.client._RequestContextManager":
    asked = exchange.request(target.model.format(model=exchange.model))
    headers = {**_OF_FORM.get(exchange.form, {}), **target.headers}
    return session.post(target.base_url + asked.path, json=asked.body, headers=headers)
