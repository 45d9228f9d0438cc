"""What one short exchange asks and makes of the answers: the words that its parts share."""

from typing import Protocol

import msgspec

from accounts.snapshot import AccountView
from relay.engine.healing.signatures import SignatureCache
from relay.neutral.conversation import Json
from relay.neutral.events import Usage
from relay.neutral.failures import Failure
from relay.upstream.request import UpstreamRequest

POSTS_AT_ONCE = 8
"""Of several requests that make one attempt, so many go out at a time."""


class Asked(msgspec.Struct, frozen=True):
    """What one attempt asks of an account: the request as it is recorded, and path and body of each POST.

    ``at_once`` of them go out at a time; those that are in order end with the first that fails.
    """

    request: UpstreamRequest
    posts: tuple[tuple[str, Json], ...]
    at_once: int = POSTS_AT_ONCE


class Served(msgspec.Struct, frozen=True):
    """The answer: its JSON, what it cost, headers of its own, and the fields of upstream's that were bent."""

    content: bytes
    usage: Usage = Usage()
    headers: tuple[tuple[str, str], ...] = ()
    bent: tuple[str, ...] = ()


class CannotAsk(Exception):
    """The account cannot be asked this; ``failure`` is what becomes of the attempt that was not made."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Work(Protocol):
    """What is asked, and what is made of the answers."""

    def asked(
        self,
        account: AccountView,
        signatures: SignatureCache,
        refused: frozenset[str] = frozenset(),
        healed: UpstreamRequest | None = None,
    ) -> Asked:
        """For an account that has ``refused`` so much of a request's form; of the ``healed`` request, if any.

        Raises BadRequest, CannotCarry, or CannotAsk. It may run in another thread.
        """
        ...

    def understood(self, failure: Failure) -> Failure:
        """A failure of upstream's with what its words mean for this work."""
        ...

    def takes_back(self, name: str) -> bool:
        """Does the work itself ask without what ``name`` says was refused?"""
        ...

    def served(self, account: AccountView, asked: Asked, contents: list[bytes]) -> Served | Failure:
        """The client's answer, from the document of each POST."""
        ...

    def used(self, contents: list[bytes]) -> Usage:
        """What upstream told to have used in documents that became no answer. It raises nothing."""
        ...

    def refused(self, failure: Failure) -> Failure:
        """The failure that the client is told where nobody could be picked."""
        ...
