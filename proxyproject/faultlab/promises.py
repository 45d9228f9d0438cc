"""What can be promised for a fault: a row of the contract, and the usual promises by name. PURE."""

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from proxyproject.faultlab.ways import Asked

Ends = Literal["whole", "own end", "status", "error event"]
"""``whole``: every character, and the protocol's own end. ``own end``: as far as the model meant to go, with
its own reason. ``status``: an HTTP error. ``error event``: what came of the answer, then one error event."""


Switch = Literal["", "continuation", "tool_safe"]
"""A switch of the mapping (accounts/models.py has both)."""

ALL = ("anthropic", "gemini", "openai")
"""The dialects."""


class Expected(Struct, frozen=True):
    """What the client receives, and what the row says."""

    ends: Ends
    status: int
    attempts: int
    outcome: str


class Contract(Struct, frozen=True):
    """One row: a fault as it is written, and its four expectations.

    ``upstreams`` and ``clients`` are the dialects for which it holds; ``strikes_account``: the whole account
    is marked by it, not one model of it; ``kind``: of accounts, where it is not the upstream's usual one;
    ``switch``: of the mapping, where it has one on.
    """

    spec: str
    says: str
    stream_once: Expected
    stream_always: Expected
    collected_once: Expected
    collected_always: Expected
    upstreams: tuple[str, ...] = ALL
    clients: tuple[str, ...] = ALL
    asked: Asked = "plain"
    strikes_account: bool = False
    kind: str = ""
    switch: Switch = ""

    def expected(self, *, is_stream: bool, always: bool) -> Expected:
        """The expectation of one case."""
        if is_stream:
            return self.stream_always if always else self.stream_once
        return self.collected_always if always else self.collected_once

    @property
    def name(self) -> str:
        """The fault's name in the simulator's catalogue."""
        return self.spec.partition("=")[0].partition("@")[0]

    @property
    def label(self) -> str:
        """The fault as it is written, and the mapping's switch."""
        return f"{self.spec} ({self.switch})" if self.switch else self.spec


_WHOLE = Expected("whole", 200, 1, "ok")
_RETRIED = Expected("whole", 200, 2, "retried")
HEALED = Expected("whole", 200, 2, "healed")


def unharmed(spec: str, says: str, asked: Asked = "plain") -> Contract:
    """It harms nobody: the whole answer, at the first attempt."""
    return Contract(spec, says, _WHOLE, _WHOLE, _WHOLE, _WHOLE, asked=asked)


def retried(spec: str, status: int, says: str, outcome: str = "error", *, strikes: bool = False) -> Contract:
    """It strikes before a byte of the answer: another attempt, and an HTTP status when there is none left."""
    failed = Expected("status", status, 3, outcome)
    return Contract(spec, says, _RETRIED, failed, _RETRIED, failed, strikes_account=strikes)


def broken(spec: str, says: str, status: int = 502, asked: Asked = "plain") -> Contract:
    """It strikes in the middle: a stream tells it; a collected answer was promised to nobody yet."""
    told = Expected("error event", 200, 1, "interrupted")
    failed = Expected("status", status, 3, "error")
    return Contract(spec, says, told, told, _RETRIED, failed, asked=asked)


def continued(spec: str, says: str, status: int = 502) -> Contract:
    """It strikes in the middle of plain text, and the mapping continues: twice at most."""
    whole = Expected("whole", 200, 2, "continued")
    told = Expected("error event", 200, 3, "interrupted")
    plain = broken(spec, says, status)
    return replace(plain, stream_once=whole, stream_always=told, switch="continuation")


def final(spec: str, status: int, says: str) -> Contract:
    """The request's own fault: nothing is tried again."""
    failed = Expected("status", status, 1, "error")
    return Contract(spec, says, failed, failed, failed, failed)


def answered(spec: str, outcome: str, says: str) -> Contract:
    """An answer, though not the one that was hoped for; it is never asked for again."""
    given = Expected("own end", 200, 1, outcome)
    return Contract(spec, says, given, given, given, given)


def only(upstreams: tuple[str, ...], contract: Contract, clients: tuple[str, ...] = ALL) -> Contract:
    """``contract``, where it holds only for some upstreams, and perhaps only for some clients."""
    return replace(contract, upstreams=upstreams, clients=clients)
