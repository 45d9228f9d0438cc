"""Clients of the processes' common Redis, by what ``REDIS_URL`` names: bounded in every way.

What is used of them is the same for one server, for a master that Sentinels know, and for a cluster.
"""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final, cast

from accounts.processes.redis_url import RedisAddress, redis_address

if TYPE_CHECKING:
    from redis import asyncio as redis_asyncio

ANSWER_SECONDS: Final = 0.5
"""How long Redis may take before it counts as away, for who can do without it."""

PATIENT_SECONDS: Final = 2.0
"""The same for a count and for what is remembered. A Redis on a busy host answers late: a share of a limit in
place of the count would move sessions to other accounts for seconds, and a signature that is not found goes
up as none. One that refuses is away at once."""

_CONNECTIONS: Final = 32
"""At a time; who comes then waits for one of them."""

_CONNECTIONS_OF_NODE: Final = 500
"""To each node of a cluster: there nobody waits, and one more than this is refused."""


def redis_errors(*others: type[Exception]) -> tuple[type[Exception], ...]:
    """What a client raises when Redis is away, or cannot be asked; and ``others``."""
    from redis.exceptions import RedisClusterException, RedisError

    return RedisError, RedisClusterException, OSError, *others


def was_never_reached(error: BaseException) -> bool:
    """Did no connection come about, so that Redis cannot have done what it was asked? In doubt: no."""
    from redis.asyncio.sentinel import MasterNotFoundError

    if isinstance(error, MasterNotFoundError):  # there was nobody to connect to
        return True
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ConnectionRefusedError | FileNotFoundError | socket.gaierror):
        return True
    return type(cause) is OSError and cause.errno is None  # asyncio's, of several addresses of one name


def what_redis_said(error: BaseException) -> str:
    """For the log: the error's kind, or what an operator has to know. Redis's own words are not repeated, for
    they may quote what it was told.
    """
    from redis.exceptions import AuthenticationError, NoPermissionError

    if any(
        isinstance(one, AuthenticationError | NoPermissionError)
        for one in (error, error.__cause__, error.__context__)
    ):
        return "it refuses the user or the password of REDIS_URL"
    text = str(error)
    if "'maxmemory'" in text:
        return "its maxmemory is reached, and it may remove nothing"
    if "read only replica" in text:
        return "it is a replica that nobody may write to"
    return type(error).__name__


class Patience:
    """How long a Redis is waited for: as long as its client does, but briefly once it did not answer.

    So a Redis that is frozen holds up who asks at first, and hardly anybody until it answers again.
    """

    def __init__(self) -> None:
        """It answers, as far as is known."""
        self._answers = True

    @asynccontextmanager
    async def asking(self) -> AsyncIterator[None]:
        """Around a question; raises ``redis_errors``."""
        try:
            async with asyncio.timeout(None if self._answers else ANSWER_SECONDS):
                yield
        except redis_errors():
            self._answers = False
            raise
        self._answers = True


def redis_client(url: str, answer_seconds: float = ANSWER_SECONDS) -> "redis_asyncio.Redis":
    """For questions that somebody waits for; it connects with its first one, and raises ``redis_errors``.

    ``answer_seconds``: how long one may wait for an answer, and for a connection that is free.
    """
    from redis import asyncio as redis_asyncio  # 6 MB, for those who have a Redis
    from redis.asyncio.cluster import ClusterNode
    from redis.asyncio.sentinel import SentinelConnectionPool
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    class BlockingSentinelPool(SentinelConnectionPool, redis_asyncio.BlockingConnectionPool):
        """The Sentinels say where to; who finds no connection free waits for one."""

    address = redis_address(url)
    waits: dict[str, Any] = {"max_connections": _CONNECTIONS, "timeout": answer_seconds}
    bounds = _bounds(answer_seconds)
    if address.kind == "one":
        one = redis_asyncio.BlockingConnectionPool.from_url(url, **waits, **bounds)
        return redis_asyncio.Redis.from_pool(one)
    options = _options(address)
    pool: Any
    if address.kind == "sentinel":
        pool = cast(Any, BlockingSentinelPool)(
            address.master, _sentinel(address), **waits, **bounds, **options
        )
        return redis_asyncio.Redis.from_pool(pool)
    nodes = [ClusterNode(host, port) for host, port in address.nodes]
    options |= {"retry": Retry(NoBackoff(), 1), "max_connections": _CONNECTIONS_OF_NODE}
    return cast("redis_asyncio.Redis", redis_asyncio.RedisCluster(startup_nodes=nodes, **bounds, **options))


def messages_client(url: str) -> "redis_asyncio.Redis":
    """For messages: to publish, and to listen without an end."""
    from redis import asyncio as redis_asyncio

    address = redis_address(url)
    if address.kind == "one":
        return redis_asyncio.Redis.from_url(url)
    options = _options(address)
    if address.kind == "sentinel":
        return cast("redis_asyncio.Redis", _sentinel(address).master_for(address.master, **options))
    return redis_asyncio.Redis.from_pool(redis_asyncio.ConnectionPool(**_any_node(address, options)))


def channels_host(url: str) -> str | dict[str, Any]:
    """The same as a host of Channels' layer."""
    address = redis_address(url)
    if address.kind == "one":
        return url
    options = _options(address)
    if address.kind == "sentinel":
        return {
            "sentinels": list(address.nodes),
            "master_name": address.master,
            "sentinel_kwargs": _of_sentinels(address),
            **options,
        }
    return _any_node(address, options)


def _bounds(answer_seconds: float = ANSWER_SECONDS) -> dict[str, Any]:
    """How long each step may take. A host that is there takes a connection at once, however busy it is."""
    return {"socket_timeout": answer_seconds, "socket_connect_timeout": ANSWER_SECONDS}


def _options(address: RedisAddress) -> dict[str, Any]:
    """What each connection is told: user, password, database, TLS."""
    from redis.asyncio.connection import parse_url

    options: dict[str, Any] = dict(parse_url(address.url))
    del options["host"]
    if options.pop("connection_class", None) is not None:
        options["ssl"] = True
    return options


def _sentinel(address: RedisAddress) -> Any:
    from redis.asyncio.sentinel import Sentinel

    return cast(Any, Sentinel)(list(address.nodes), sentinel_kwargs=_of_sentinels(address))


def _of_sentinels(address: RedisAddress) -> dict[str, Any]:
    """How each is asked: once, for the next one knows as much. By itself the client pauses for seconds."""
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    return {**_bounds(), "retry": Retry(NoBackoff(), 0), **dict(address.login)}


def _any_node(address: RedisAddress, options: dict[str, Any]) -> dict[str, Any]:
    from accounts.processes.any_node import AnyNode, AnyNodeOverTLS

    is_tls = options.pop("ssl", False)
    connection_class = AnyNodeOverTLS if is_tls else AnyNode
    return {"connection_class": connection_class, "nodes": address.nodes, **options}
