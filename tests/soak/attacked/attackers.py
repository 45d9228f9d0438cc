"""``-m tests.soak.attacked.attackers URL SEED``: people without a key who want nobody else to be served.

They come from an address of their own (127.0.0.2) and attack until their stdin ends; then they tell as JSON
what each kind of attack got: HTTP statuses, ``closed`` (nothing was said) or ``refused`` (no connection), and
for those that hold a connection how long they could.
"""

import asyncio
import contextlib
import json
import random
import socket
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

SOURCE = "127.0.0.2"
_BIND_ADDRESS_NO_PORT = 24  # linux/in.h; socket has its name from Python 3.12 on
LARGE_BYTES = 90 * 1024 * 1024
BOMBS = (
    "bearer+", "sk-", "sk-ant-", "AKIA", "AIza", "ghp_", "xoxb-", "eyJ.", "key=", "api_key=%22", "password=",
    "a@", "%5C", "%22%5C", "0123456789abcdef", "://x:", "secret%3D+", "-----BEGIN+", "(", "%E3%81%82",
)  # fmt: skip
"""What a pattern that looks for secrets could lose its way in, repeated."""

RUBBISH = (
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    b"GET / HTTP/9.9\r\n\r\n",
    b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 7\r\n\r\nhello",
    b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
    b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n0\r\n",
    b"GET /v1/models HTTP/1.1\r\nhost: x\r\nx: \x00\x01\r\n\r\n",
    b"GET /v1/models HTTP/1.1\r\nhost: x\r\n" + b"".join(b"x-%d: y\r\n" % n for n in range(2000)) + b"\r\n",
    b"GET /v1/models HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 100_000 + b"\r\n\r\n",
    b"GET /" + b"a/" * 50_000 + b" HTTP/1.1\r\nhost: x\r\n\r\n",
    b"GET /v1/models HTTP/1.1\r\n" * 1000,
    b"\r\n" * 10_000,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
)  # fmt: skip

Got = Counter[str]


def from_source() -> socket.socket:
    """A socket that connects from SOURCE, whose port is chosen only then.

    A port that is taken beforehand is taken from everybody, for a minute behind its end too: a few hundred
    attacks a second would leave none for the honest clients and for the server's way to its upstream.
    """
    mine = socket.socket()
    mine.setblocking(False)
    mine.setsockopt(socket.IPPROTO_IP, _BIND_ADDRESS_NO_PORT, 1)
    mine.bind((SOURCE, 0))
    return mine


class Attack:
    """One connection at a time to ``host``:``port``; what comes of it is counted in ``got``."""

    def __init__(self, host: str, port: int, chance: random.Random, got: Got) -> None:
        self.host, self.port = host, port
        self.chance = chance
        self.got = got

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        with contextlib.ExitStack() as undone:
            mine = undone.enter_context(from_source())
            await asyncio.get_running_loop().sock_connect(mine, (self.host, self.port))
            streams = await asyncio.open_connection(sock=mine)
            undone.pop_all()
        return streams

    async def once(self, way: "Way") -> None:
        """One attack; whatever happens is its result."""
        try:
            reader, writer = await self._connected()
        except OSError:
            self.got["refused"] += 1
            await asyncio.sleep(0.5)
            return
        at = asyncio.get_running_loop().time()
        try:
            self.got[await way(self, reader, writer)] += 1
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            self.got["closed"] += 1
        finally:
            writer.transport.abort()
            seconds = asyncio.get_running_loop().time() - at
            self.got["longest seconds"] = max(self.got["longest seconds"], round(seconds))


Way = Callable[[Attack, asyncio.StreamReader, asyncio.StreamWriter], Awaitable[str]]


async def _answer(reader: asyncio.StreamReader) -> str:
    """The status that was told; ``closed`` where none was."""
    line = await reader.readline()
    parts = line.split()
    return parts[1].decode("latin-1") if len(parts) > 1 else "closed"


async def _dripped(data: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    """A byte a second until something is said."""
    answer = asyncio.ensure_future(_answer(reader))
    try:
        for byte in data:
            writer.write(bytes([byte]))
            await writer.drain()
            done, _ = await asyncio.wait([answer], timeout=1.0)
            if done:
                return answer.result()
        return await answer
    finally:
        answer.cancel()


async def drips_head(attack: Attack, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    """A head that never ends."""
    return await _dripped(b"POST /v1/messages HTTP/1.1\r\nhost: x\r\n" + b"x: y\r\n" * 1000, reader, writer)


async def drips_body(attack: Attack, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    """A body that never ends, with a key or without, or on the login page."""
    path = attack.chance.choice((b"/v1/messages", b"/v1/chat/completions", b"/admin/login/"))
    key = attack.chance.choice((b"", b"x-api-key: sk-none\r\n"))
    writer.write(b"POST %b HTTP/1.1\r\nhost: x\r\n%bcontent-length: 100000\r\n\r\n{" % (path, key))
    return await _dripped(b"a" * 1000, reader, writer)


async def large_body(attack: Attack, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    """90 MiB without a key, as fast as they are taken."""
    writer.write(b"POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % LARGE_BYTES)
    answer = asyncio.ensure_future(_answer(reader))
    piece, sent = b"x" * 65_536, 0
    try:
        while sent < LARGE_BYTES and not answer.done():
            writer.write(piece)
            sent += len(piece)
            await writer.drain()
            await asyncio.sleep(0)
        attack.got["most MiB taken"] = max(attack.got["most MiB taken"], sent >> 20)
        return await answer
    finally:
        answer.cancel()


async def masking_bomb(attack: Attack, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    """A query in which secrets seem to be without an end."""
    bomb = "".join(attack.chance.choices(BOMBS, k=attack.chance.choice((1, 1, 2))))
    query = bomb * (attack.chance.choice((1_000, 7_000, 60_000)) // len(bomb))
    method = attack.chance.choice(
        ("GET /v1/models", "POST /v1/messages", "GET /admin/login/", "GET /nowhere")
    )
    head = f"{method}?q={query} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    writer.write(head.encode())
    return await _answer(reader)


async def wrong_key(attack: Attack, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    """A key that nobody has, in one of the places where keys stand."""
    key = f"sk-{attack.chance.getrandbits(128):032x}" * attack.chance.choice((1, 1, 100))
    place = attack.chance.choice(("authorization: Bearer ", "x-api-key: ", "x-goog-api-key: "))
    body = b'{"model":"m","messages":[{"role":"user","content":"%b"}]}' % (b"bearer " * 500)
    path = attack.chance.choice(("/v1/messages", "/v1beta/models/m:generateContent", "/v1/responses"))
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\n{place}{key}\r\ncontent-length: {len(body)}\r\n"
    writer.write(head.encode() + b"connection: close\r\n\r\n" + body)
    return await _answer(reader)


async def rubbish(attack: Attack, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    """What is no HTTP, or too much of it."""
    writer.write(attack.chance.choice(RUBBISH))
    writer.write_eof()
    return await _answer(reader)


async def wrong_password(attack: Attack, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    """A guess on the login page, with the token that the page wants."""
    token = "a" * 32
    form = f"csrfmiddlewaretoken={token}&username=admin&password={attack.chance.random()}&next=/admin/"
    head = (
        "POST /admin/login/ HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n"
        f"cookie: csrftoken={token}\r\ncontent-type: application/x-www-form-urlencoded\r\n"
        f"content-length: {len(form)}\r\n\r\n{form}"
    )
    writer.write(head.encode())
    return await _answer(reader)


ATTACKS: dict[str, tuple[Way, int, float]] = {
    "heads that drip": (drips_head, 60, 0.0),
    "bodies that drip": (drips_body, 30, 0.0),
    "large bodies": (large_body, 3, 0.5),
    "masking bombs": (masking_bomb, 6, 0.2),
    "wrong keys": (wrong_key, 6, 0.1),
    "rubbish": (rubbish, 4, 0.2),
    "wrong passwords": (wrong_password, 2, 0.5),
}
"""What is done, by how many at a time, and the longest pause between two of one attacker."""


async def attack_until(stop: Awaitable[object], base_url: str, seed: int) -> dict[str, dict[str, int]]:
    """Attack until ``stop`` is done; what each kind got."""
    place = urlsplit(base_url)
    told: dict[str, Got] = {name: Counter() for name in ATTACKS}

    async def attacker(name: str, number: int) -> None:
        way, _, pause_seconds = ATTACKS[name]
        chance = random.Random(f"{seed} {name} {number}")
        attack = Attack(place.hostname or "", place.port or 80, chance, told[name])
        while True:
            await attack.once(way)
            await asyncio.sleep(chance.random() * pause_seconds)

    tasks = [
        asyncio.create_task(attacker(name, number))
        for name, (_, count, _) in ATTACKS.items()
        for number in range(count)
    ]
    await stop
    for task in tasks:
        task.cancel()
    for ended in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(ended, Exception):
            raise ended
    return {name: dict(got) for name, got in told.items()}


async def _main(base_url: str, seed: int) -> None:
    print(json.dumps(await attack_until(asyncio.to_thread(sys.stdin.read), base_url, seed)))


if __name__ == "__main__":
    asyncio.run(_main(sys.argv[1], int(sys.argv[2])))
