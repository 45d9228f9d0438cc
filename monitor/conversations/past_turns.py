"""A turn of the last hour, as the limits of conversations count it. PURE."""

from decimal import Decimal
from typing import NamedTuple


class PastTurn(NamedTuple):
    """When it was admitted, what it cost, its sub-agent or "", the client's name of a model, and the role."""

    at: float
    cost: Decimal | None
    sub_agent: str
    model: str
    role: str


class WhoseTurn(NamedTuple):
    """The turn, its conversation, and the id of its key."""

    conversation: str
    key_id: int | None
    turn: PastTurn
