"""The turns of one conversation, and a request's neighbours in it. Blocking."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec
from django.db.models import Q

from monitor.history.listing.keyset import moment_of_id
from monitor.models import ASKED_BY_A_CLIENT, RequestLog
from monitor.record.outcome import FAILURES
from monitor.record.records import COUNTING_PATH

TURNS_ON_AXIS = 2_000
TURNS_LISTED = 100
WIDTH = 1000
LANE = 20
_COLUMNS = (
    "id", "agent", "outcome", "status", "client_model", "mapped_model", "account", "attempts", "duration_ms",
    "tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write", "cached_tokens_lost", "cost", "healed",
    "continued", "in_flight", "preview", "cache_miss", "cache_miss_tokens",
)  # fmt: skip


class TurnRow(msgspec.Struct, frozen=True):
    """One turn, with what of its row is shown."""

    id: str
    agent: str
    outcome: str | None
    status: int | None
    client_model: str
    mapped_model: str | None
    account: str | None
    attempts: int
    duration_ms: int | None
    tokens_in: int | None
    tokens_out: int | None
    tokens_cached: int | None
    tokens_cache_write: int | None
    cached_tokens_lost: int | None
    cost: Decimal | None
    healed: bool
    continued: bool
    in_flight: bool
    preview: str
    cache_miss: str = ""
    cache_miss_tokens: int | None = None
    has_moved: bool = False
    """Another account answered this agent's turn before."""

    @property
    def at(self) -> float:
        """When it was admitted, in epoch seconds."""
        return moment_of_id(self.id)

    @property
    def is_failure(self) -> bool:
        """The client did not get what it asked for."""
        return self.outcome in FAILURES

    @property
    def cached_percent(self) -> float | None:
        """The share of the input from the prompt cache; None where upstream did not tell it."""
        if self.tokens_cached is None:
            return None
        total = (self.tokens_in or 0) + self.tokens_cached + (self.tokens_cache_write or 0)
        return 100 * self.tokens_cached / total if total else None


class TurnBar(msgspec.Struct, frozen=True):
    """A turn on the time axis: a rectangle in a box of ``WIDTH``, as text without a locale's commas."""

    turn: TurnRow
    x: str
    y: int
    width: str
    tone: str


def latest_turns(conversation: str, before: str = "") -> tuple[list[TurnRow], bool]:
    """The last turns before the id ``before``, oldest first, and whether there are older ones."""
    within = Q(ASKED_BY_A_CLIENT, conversation=conversation, conversation__gt="")
    if before:
        within &= Q(id__lt=before)
    rows = RequestLog.objects.filter(within).exclude(path__regex=COUNTING_PATH).order_by("-id")
    found = list(rows.values_list(*_COLUMNS)[: TURNS_ON_AXIS + 1])
    answered: dict[str, str | None] = {}
    turns = []
    for values in reversed(found[:TURNS_ON_AXIS]):
        turn = TurnRow(*values)
        if turn.account:
            if answered.get(turn.agent, turn.account) != turn.account:
                turn = msgspec.structs.replace(turn, has_moved=True)
            answered[turn.agent] = turn.account
        turns.append(turn)
    return turns, len(found) > TURNS_ON_AXIS


def on_axis(turns: Sequence[TurnRow], lanes: Sequence[str], now: float) -> list[TurnBar]:
    """The turns in the lanes of their agents, from the first one's beginning to the last one's end.

    A turn in flight reaches to ``now``; one of an agent without a lane is drawn in the last.
    """
    if not turns or not lanes:
        return []
    at_lane = {agent: number for number, agent in enumerate(lanes)}
    spans = [(turn.at, now if turn.in_flight else turn.at + (turn.duration_ms or 0) / 1000) for turn in turns]
    begin, end = spans[0][0], max(until for _, until in spans)
    scale = WIDTH / max(end - begin, 0.001)
    return [
        TurnBar(
            turn,
            f"{(since - begin) * scale:.2f}",
            at_lane.get(turn.agent, len(lanes) - 1) * LANE,
            f"{max((until - since) * scale, 1.5):.2f}",
            _tone(turn),
        )
        for turn, (since, until) in zip(turns, spans, strict=True)
    ]


def neighbours(conversation: str, request_id: str) -> tuple[str, str]:
    """The ids of the request before and of the one after in its conversation; "" where there is none."""
    if not conversation:
        return "", ""
    others = RequestLog.objects.filter(ASKED_BY_A_CLIENT, conversation=conversation, conversation__gt="")
    before = others.filter(id__lt=request_id).order_by("-id").values_list("id", flat=True).first()
    after = others.filter(id__gt=request_id).order_by("id").values_list("id", flat=True).first()
    return before or "", after or ""


def _tone(turn: TurnRow) -> str:
    if turn.in_flight:
        return "running"
    if turn.is_failure:
        return "failed"
    if turn.healed or turn.continued:
        return "healed"
    return "retried" if turn.attempts > 1 else "plain"
