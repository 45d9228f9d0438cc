"""A connection to whichever node of a cluster answers: messages reach all of them, wherever they are told."""

import random
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from redis.asyncio.connection import Connection, SSLConnection

if TYPE_CHECKING:
    _Base = Connection
else:
    _Base = object


class _AnyNode(_Base):
    """Tries one after the other, beginning with any."""

    def __init__(self, *, nodes: Sequence[tuple[str, int]], **options: Any) -> None:
        self._nodes = list(nodes)
        super().__init__(**options)

    async def _connect(self) -> None:
        shuffled = random.sample(self._nodes, len(self._nodes))
        for number, (host, port) in enumerate(shuffled, 1):
            self.host, self.port = host, port
            try:
                await super()._connect()  # type: ignore[no-untyped-call]  # redis-py has no types there
            except (OSError, TimeoutError):
                if number == len(shuffled):
                    raise
            else:
                return


class AnyNode(_AnyNode, Connection):
    """Over TCP."""


class AnyNodeOverTLS(_AnyNode, SSLConnection):
    """Over TLS."""
