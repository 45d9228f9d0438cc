"""A client of the processes' common Redis, for questions that somebody waits for: bounded in every way."""

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from redis import asyncio as redis_asyncio

ANSWER_SECONDS: Final = 0.5
"""How long Redis may take before it counts as away."""

_CONNECTIONS: Final = 32
"""At a time; who comes then waits for one of them."""


def redis_client(url: str) -> "redis_asyncio.Redis":
    """A client for ``url``; it connects with its first question. Its errors are RedisError and OSError."""
    from redis import asyncio as redis_asyncio  # 6 MB, for those who have a Redis

    pool = redis_asyncio.BlockingConnectionPool.from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=ANSWER_SECONDS,
        socket_timeout=ANSWER_SECONDS,
        socket_connect_timeout=ANSWER_SECONDS,
    )
    return redis_asyncio.Redis.from_pool(pool)
