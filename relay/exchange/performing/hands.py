"""What the driver needs done for an exchange: the interface of its hands, and of an open answer."""

import asyncio
from typing import Literal, Protocol

from relay.dialects.interface import Decoder
from relay.engine.commands import Around, LookAround, PickAccount, Picked
from relay.engine.facts import Fact
from relay.engine.retrying.policy import EarnedMark
from relay.neutral.events import Chunk
from relay.neutral.failures import Failure


class OpenAnswer(Protocol):
    """Upstream's answer, whose headers are here (``relay.upstream.response.UpstreamResponse``)."""

    request_id: str

    async def read(self) -> bytes | None:
        """The next bytes, None at an orderly end."""
        ...

    async def read_out(self) -> None:
        """Throw the rest away."""
        ...

    async def close(self) -> None:
        """Be done with it."""
        ...


class Hands(Protocol):
    """What the driver needs done that is not waiting for upstream's bytes."""

    async def pick(self, command: PickAccount) -> Picked | Failure:
        """Take an account and make its request ready (``at`` is the driver's to fill in)."""
        ...

    async def open(self) -> OpenAnswer | Failure:
        """Send the request that is ready."""
        ...

    def decoder(self) -> Decoder:
        """A fresh decoder for the response that was opened."""
        ...

    async def encode(self, chunk: Chunk, is_spliced: bool) -> bytes:
        """The client's bytes for ``chunk``; raises Untold where none could be made of the first."""
        ...

    def settling(self) -> "asyncio.Future[None] | None":
        """What is best done before the piece that was just encoded goes out."""
        ...

    def unsayable(self) -> Failure | None:
        """What of the answer the client's dialect could not say, and told as an error."""
        ...

    def look_around(self, command: LookAround) -> Around:
        """Who else could be asked."""
        ...

    def turn(self, seconds: float) -> float | None:
        """In how many seconds it is a retry's turn, which is reserved; None for none within ``seconds``."""
        ...

    async def heal(self, how: Literal["strip", "drop_block", "parameter"], parameter: str) -> tuple[str, ...]:
        """Heal the request that was refused; what was changed."""
        ...

    async def ask_on(self, token: str) -> None:
        """Make the next leg ready."""
        ...

    def mark(self, account: int, model: str, mark: EarnedMark) -> None:
        """Mark an account."""
        ...

    def note(self, fact: Fact) -> None:
        """Put a fact on record."""
        ...

    def release(self) -> None:
        """Give the account's slot back."""
        ...

    def leave(self) -> None:
        """The exchange is over, wherever it stood: give back the slot, and what a retry had reserved."""
        ...
