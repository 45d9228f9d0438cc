"""The turns of one conversation in the last hour, for its limits. Blocking."""

from decimal import Decimal

from django.db.models import Q

from monitor.history.listing.keyset import moment_of_id
from monitor.history.queries import admitted_since
from monitor.models import RequestLog
from monitor.record.records import COUNTING_PATH

_COUNTS = Q(path__contains="count", path__regex=COUNTING_PATH)
"""The word first: SQLite has no regular expressions of its own, and asks Python for each row."""


def turns_since(conversation: str, at: float, most: int) -> list[tuple[float, Decimal | None, str]]:
    """(when it was admitted, its cost, its sub-agent or "") of each turn since ``at``, oldest first.

    Of more than ``most`` the newest. What was refused at the door is none.
    """
    rows = (
        RequestLog.objects.filter(admitted_since(at), conversation=conversation, conversation__gt="")
        .filter(Q(in_flight=True) | Q(attempts__gt=0), is_simulated=False, replay_of="")
        .exclude(_COUNTS)
        .order_by("-id")
        .values_list("id", "cost", "agent", "role")[:most]
    )
    found = [(moment_of_id(id_), cost, agent if role == "sub" else "") for id_, cost, agent, role in rows]
    return found[::-1]
