"""What the holder of a key is shown of it: limits, what is used and left, and the last thirty days. PURE."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from accounts.keys.limits import ConversationLimits
from monitor.export.formats import spreadsheet_cell
from monitor.ledger.booking import Amounts, dollars
from relay.limits.conversations.conversation_rule import Share
from relay.limits.conversations.conversation_standing import ConversationStanding
from relay.limits.standing import Standing, moment

DAYS = 30
_NUMBERS = (
    "requests", "unpriced", "tokens_in", "tokens_out", "tokens_cached", "tokens_cache_write",
    "tokens_estimated",
)  # fmt: skip


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What the key may do, beside what is counted."""

    expires_at: float = 0.0
    allowed_models: tuple[str, ...] = ()
    refused_models: tuple[str, ...] = ()
    highest_effort: str = ""
    requests_at_a_time: int = 0
    conversation: ConversationLimits | None = None


class Hour(msgspec.Struct, frozen=True):
    """What the key used of one model in one hour."""

    hour: datetime
    model: str
    usage: Amounts


class KeyUsage(msgspec.Struct, frozen=True, kw_only=True):
    """One key's own figures; nothing in it is another key's or an account's."""

    name: str
    shown_as: str
    at: float
    time_zone: str
    rules: Rules
    standings: tuple[Standing, ...]
    hours: tuple[Hour, ...]
    conversations: tuple[ConversationStanding, ...] = ()
    """What each has had of its limits within the last hour, the latest first."""

    @property
    def total(self) -> Amounts:
        """The thirty days together."""
        return Amounts().plus(*(hour.usage for hour in self.hours))

    @property
    def by_model(self) -> list[tuple[str, Amounts]]:
        """The thirty days by model, the dearest first."""
        hours: dict[str, list[Amounts]] = {}
        for hour in self.hours:
            hours.setdefault(hour.model, []).append(hour.usage)
        sums = [(name, Amounts().plus(*parts)) for name, parts in hours.items()]
        return sorted(sums, key=lambda pair: (-pair[1].cost_units, -pair[1].tokens, pair[0]))


def as_json(usage: KeyUsage) -> dict[str, Any]:
    """For programs: money as decimal text in dollars, moments as RFC 3339."""
    rules = usage.rules
    return {
        "object": "usage",
        "key": {
            "name": usage.name,
            "shown_as": usage.shown_as,
            "expires_at": moment(rules.expires_at) if rules.expires_at else None,
            "allowed_models": rules.allowed_models,
            "refused_models": rules.refused_models,
            "highest_effort": rules.highest_effort or None,
            "requests_at_a_time": rules.requests_at_a_time or None,
        },
        "at": moment(usage.at),
        "time_zone": usage.time_zone,
        "limits": [limit_row(standing) for standing in usage.standings],
        "conversation_limits": [limit_of_conversation(*one) for one in of_conversations(rules)],
        "conversations": [conversation_row(one) for one in usage.conversations],
        "days": DAYS,
        "total": numbers(usage.total),
        "models": [{"model": name, **numbers(sums)} for name, sums in usage.by_model],
        "hours": [
            {"hour": utc(hour.hour), "model": hour.model, **numbers(hour.usage)} for hour in usage.hours
        ],
    }


def as_csv(usage: KeyUsage) -> str:
    """The hours as a table; no text in it can be taken for a formula by a spreadsheet."""
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerow(["hour", "model", *_NUMBERS, "cost_usd"])
    for hour in usage.hours:
        writer.writerow([utc(hour.hour), spreadsheet_cell(hour.model), *numbers(hour.usage).values()])
    return table.getvalue()


def limit_row(standing: Standing) -> dict[str, Any]:
    """A limit with what is used and left of it, and when it begins anew."""
    limit, reset = standing.limit, standing.resets_at
    is_money = limit.measure == "usd"
    told = [limit.amount, standing.used, standing.left]
    most, used, left = (f"{dollars(n):.10f}" if is_money else n for n in told)
    return {
        "measure": limit.measure,
        "period": limit.period,
        "limit": most,
        "used": used,
        "left": left,
        "resets_at": None if reset is None else moment(reset),
    }


def of_conversations(rules: Rules) -> list[tuple[str, int]]:
    """Of what each conversation may have within an hour: (measure, how much)."""
    limits = rules.conversation or ConversationLimits()
    told = (("turns", limits.turns), ("usd", limits.units), ("sub_agents", limits.agents))
    return [(measure, most) for measure, most in told if most]


def limit_of_conversation(measure: str, most: int) -> dict[str, Any]:
    """As the key's holder reads it."""
    return {
        "measure": measure,
        "period": "hour",
        "limit": f"{dollars(most):.10f}" if measure == "usd" else most,
    }


def conversation_row(standing: ConversationStanding) -> dict[str, Any]:
    """What one conversation has had."""
    return {
        "conversation": standing.conversation,
        "last_turn_at": moment(standing.last_at) if standing.last_at else None,
        "limited_by": standing.limited_by,
        "name": standing.name,
        "limits": [share_row(share) for share in standing.shares],
    }


def share_row(share: Share) -> dict[str, Any]:
    """A limit with what is used and left of it, and from when on there is more, where none is left."""
    told = (share.used, max(0, share.most - share.used))
    used, left = (f"{dollars(n):.10f}" if share.measure == "usd" else n for n in told)
    return limit_of_conversation(share.measure, share.most) | {
        "used": used,
        "left": left,
        "free_at": moment(share.free_at) if share.is_spent else None,
    }


def numbers(usage: Amounts) -> dict[str, Any]:
    """The figures of some hours."""
    return {name: getattr(usage, name) for name in _NUMBERS} | {
        "cost_usd": f"{dollars(usage.cost_units):.10f}"
    }


def utc(at: datetime) -> str:
    """RFC 3339."""
    return moment(at.timestamp())


def with_the_ledger(standings: Sequence[Standing], booked: Sequence[Amounts]) -> tuple[Standing, ...]:
    """The standings, each budget with what the ledger has in its window: one number wherever one looks."""
    return tuple(
        msgspec.structs.replace(one, used=part_of(usage, one.limit.measure)) if one.is_budget else one
        for one, usage in zip(standings, booked, strict=True)
    )


def part_of(usage: Amounts, measure: str) -> int:
    """Of all that was used, what a limit of that measure counts."""
    return {"requests": usage.requests, "tokens": usage.spent_tokens, "usd": usage.cost_units}[measure]
