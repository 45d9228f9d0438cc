"""What pools tell each other over the bus: marks, and accounts that were disabled or cleared.

Times are told as seconds from now: what the hosts' clocks say may differ.
"""

import msgspec
from msgspec import Struct

from accounts.marks import MarkCause


class HardMarked(Struct, frozen=True, tag="hard"):
    """A hard mark was set, for so many seconds from now; ``key`` blank is the whole account.

    ``model`` was asked; ``strikes`` is how many quota marks in a row it has had.
    """

    account_id: int
    key: str
    seconds: float
    cause: MarkCause
    reason: str
    status: int
    model: str
    strikes: int


class SoftMarked(Struct, frozen=True, tag="soft"):
    """A soft mark was set, for so many seconds from now."""

    account_id: int
    model: str
    seconds: float


class Disabled(Struct, frozen=True, tag="disabled"):
    """The account was disabled automatically."""

    account_id: int
    reason: str


class Cleared(Struct, frozen=True, tag="cleared"):
    """The account's marks were lifted."""

    account_id: int


News = HardMarked | SoftMarked | Disabled | Cleared

encode = msgspec.json.encode
decode = msgspec.json.Decoder(News).decode
