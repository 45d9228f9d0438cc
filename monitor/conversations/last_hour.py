"""The turns of the last hour, for the limits of conversations. Blocking."""

from decimal import Decimal
from typing import Final, NamedTuple

from django.db.models import Q, QuerySet

from monitor.history.listing.keyset import moment_of_id
from monitor.history.queries import admitted_since
from monitor.models import ASKED_BY_A_CLIENT, RequestLog
from monitor.record.records import COUNTING_PATH

_COUNTS = Q(path__contains="count", path__regex=COUNTING_PATH)
"""The word first: SQLite has no regular expressions of its own, and asks Python for each row."""

MOST_LATELY: Final = 20_000
"""Of all conversations so many turns are looked at."""


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


def turns_since(conversation: str, at: float, most: int) -> list[PastTurn]:
    """Each turn since ``at``, oldest first; of more than ``most`` the newest.

    What was refused at the door is none.
    """
    within = Q(conversation=conversation, conversation__gt="")
    return [_turn(*row) for row in _rows(within, at).values_list(*_COLUMNS)[:most]][::-1]


def turns_lately(key_ids: list[int], models: list[str], at: float) -> list[WhoseTurn]:
    """The turns since ``at`` of these keys, and of who asked one of these upstream models, oldest first."""
    within = Q(client_key_id__in=key_ids) | Q(mapped_model__in=models)
    columns = ("conversation", "client_key_id", *_COLUMNS)
    rows = _rows(within & Q(conversation__gt=""), at).values_list(*columns)[:MOST_LATELY]
    return [WhoseTurn(conversation, key_id, _turn(*rest)) for conversation, key_id, *rest in rows][::-1]


_COLUMNS = ("id", "cost", "agent", "client_model", "role")


def _rows(within: Q, at: float) -> QuerySet[RequestLog]:
    return (
        RequestLog.objects.filter(admitted_since(at), within)
        .filter(Q(in_flight=True) | Q(attempts__gt=0), ASKED_BY_A_CLIENT)
        .exclude(_COUNTS)
        .order_by("-id")
    )


def _turn(id_: str, cost: Decimal | None, agent: str, model: str, role: str) -> PastTurn:
    return PastTurn(moment_of_id(id_), cost, agent if role == "sub" else "", model, role)
