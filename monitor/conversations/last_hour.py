"""The turns of one conversation in the last hour, for its limits. Blocking."""

from decimal import Decimal
from typing import Final

from monitor.history.keyset import moment_of_id
from monitor.history.queries import admitted_since
from monitor.models import RequestLog
from monitor.record.records import COUNTING_PATH

MOST_TURNS: Final = 10_000
"""Of more, the newest are read."""


def turns_since(conversation: str, at: float) -> list[tuple[float, Decimal | None, str]]:
    """(when it was admitted, its cost, its sub-agent or "") of each turn since ``at``, oldest first.

    What was refused at the door is none.
    """
    rows = (
        RequestLog.objects.filter(admitted_since(at), conversation=conversation, conversation__gt="")
        .filter(is_simulated=False, replay_of="")
        .exclude(path__regex=COUNTING_PATH)
        .exclude(in_flight=False, attempts=0)
        .order_by("-id")
        .values_list("id", "cost", "agent", "role")[:MOST_TURNS]
    )
    found = [(moment_of_id(id_), cost, agent if role == "sub" else "") for id_, cost, agent, role in rows]
    return found[::-1]
