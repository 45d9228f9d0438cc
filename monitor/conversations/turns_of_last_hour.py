"""The turns of the last hour, for the limits of conversations. Blocking."""

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Final

from django.db.models import Q, QuerySet

from monitor.conversations.past_turns import PastTurn, WhoseTurn
from monitor.history.listing.keyset import moment_of_id
from monitor.history.queries import admitted_since
from monitor.models import ASKED_BY_A_CLIENT, RequestLog
from monitor.record.records import COUNTING_PATH

_COUNTS = Q(path__contains="count", path__regex=COUNTING_PATH)
"""The word first: SQLite has no regular expressions of its own, and asks Python for each row."""

MOST_LATELY: Final = 20_000
"""Of all conversations so many turns are looked at."""


def turns_since(conversation: str, at: float, most: int) -> list[PastTurn]:
    """Each turn since ``at``, oldest first; of more than ``most`` the newest.

    What was refused at the door is none.
    """
    return [one.turn for one in turns_of_conversation(conversation, at, most)]


def turns_lately(key_ids: list[int], models: list[str], at: float) -> list[WhoseTurn]:
    """The turns since ``at`` of these keys, and of who asked one of these upstream models, oldest first.

    Of a turn in flight it is not on record yet which model it asks: it is among them.
    """
    within = Q(client_key_id__in=key_ids)
    if models:
        within |= Q(mapped_model__in=models) | Q(in_flight=True)
    return _whose(within & Q(conversation__gt=""), at, MOST_LATELY)


def turns_of_key(key_id: int, names: Collection[str], at: float) -> list[WhoseTurn]:
    """The turns since ``at`` of the key that had these ``names``, oldest first; they are indexed."""
    return _whose(Q(client_key_id=key_id, client_key__in=names, conversation__gt=""), at, MOST_LATELY)


def turns_of_key_in(key_id: int, conversations: Sequence[str], at: float) -> list[WhoseTurn]:
    """The key's turns in these conversations since ``at``, oldest first."""
    within = Q(client_key_id=key_id, conversation__in=conversations, conversation__gt="")
    return _whose(within, at, MOST_LATELY)


def turns_of_conversation(conversation: str, at: float, most: int) -> list[WhoseTurn]:
    """The turns of one conversation since ``at``, oldest first; of more than ``most`` the newest."""
    return _whose(Q(conversation=conversation, conversation__gt=""), at, most)


def _whose(within: Q, at: float, most: int) -> list[WhoseTurn]:
    rows = _rows(within, at).values_list("conversation", "client_key_id", *_COLUMNS)[:most]
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
