"""What pools tell each other over the bus: marks, and accounts that were disabled or cleared."""

import msgspec
from msgspec import Struct

from accounts.pool.account_state import Mark


class HardMarked(Struct, frozen=True, tag="hard"):
    """A hard mark was set; ``model`` blank is the whole account."""

    account_id: int
    model: str
    mark: Mark


class SoftMarked(Struct, frozen=True, tag="soft"):
    """A soft mark was set, until that time in epoch seconds."""

    account_id: int
    model: str
    until: float


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
