"""The engine's only clock: the time of the last reply.

PURE. Every command of an exchange is asked through it, so its time is always that of the last reply; and
here stands which command gets which reply.
"""

from collections.abc import Generator
from typing import Any, overload

from relay.engine.commands import (
    Allowed,
    Around,
    Broke,
    CloseUpstream,
    Command,
    ContinueUpstream,
    Data,
    Deliver,
    Done,
    Ended,
    Heal,
    Healed,
    LookAround,
    MarkAccount,
    Note,
    Opened,
    OpenUpstream,
    PickAccount,
    Picked,
    Read,
    Reply,
    Settle,
    Sleep,
    SpendRetry,
    TimedOut,
    Unavailable,
    Unsayable,
)


class ReplyClock:
    """``at`` is in seconds since admission."""

    at = 0.0

    @overload
    def ask(self, command: PickAccount) -> Generator[Command, Reply, Picked | Unavailable]: ...
    @overload
    def ask(self, command: OpenUpstream) -> Generator[Command, Reply, Opened | Broke | TimedOut]: ...
    @overload
    def ask(self, command: Read) -> Generator[Command, Reply, Data | Ended | Broke | TimedOut]: ...
    @overload
    def ask(self, command: Settle) -> Generator[Command, Reply, Ended]: ...
    @overload
    def ask(self, command: LookAround) -> Generator[Command, Reply, Around]: ...
    @overload
    def ask(self, command: SpendRetry) -> Generator[Command, Reply, Allowed]: ...
    @overload
    def ask(self, command: Heal) -> Generator[Command, Reply, Healed]: ...
    @overload
    def ask(self, command: Deliver) -> Generator[Command, Reply, Done | Unsayable]: ...
    @overload
    def ask(
        self, command: Sleep | CloseUpstream | MarkAccount | ContinueUpstream | Note
    ) -> Generator[Command, Reply, Done]: ...

    def ask(self, command: Command) -> Generator[Command, Reply, Any]:
        """Yield ``command``; the reply, whose time is taken."""
        reply = yield command
        self.at = reply.at
        return reply
