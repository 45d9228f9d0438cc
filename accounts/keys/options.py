"""What a client key may do, as options of a command."""

import argparse
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

_FIELDS = (
    "owner", "note", "expires_at", "allowed_models", "refused_models", "kinds", "groups", "networks",
    "highest_effort",
    "requests_per_minute", "tokens_per_minute", "max_in_flight",
    "usd_per_day", "usd_per_week", "usd_per_month", "usd_in_total",
    "tokens_per_day", "tokens_per_week", "tokens_per_month", "tokens_in_total",
    "conversation_turns_per_hour", "conversation_usd_per_hour", "conversation_agents_per_hour",
)  # fmt: skip


def add_limit_options(parser: CommandParser) -> None:
    """One option for each thing; without it there is no limit."""
    add = parser.add_argument
    add("--owner", metavar="WHO", help="whose it is, in your own words")
    add("--note", metavar="TEXT")
    add(
        "--expires-at",
        type=_moment,
        metavar="TIME",
        help="from then on it is refused: 2026-12-31, or 2026-12-31T18:00 (the server's time zone)",
    )
    for name, what in (("--allow-model", "allowed_models"), ("--refuse-model", "refused_models")):
        add(
            name,
            action="append",
            dest=what,
            metavar="PATTERN",
            help="may be given several times; * is anything",
        )
    add("--kind", action="append", dest="kinds", metavar="KIND", help="of the accounts that may serve it")
    add("--group", action="append", dest="groups", metavar="GROUP", help="of the accounts that may serve it")
    add("--network", action="append", dest="networks", metavar="CIDR", help="that it may be used from")
    add("--highest-effort", metavar="LEVEL", help="minimal, low, medium, high, xhigh or max")
    add("--requests-per-minute", type=int, metavar="N")
    add("--requests-at-a-time", type=int, dest="max_in_flight", metavar="N")
    add("--tokens-per-minute", type=int, metavar="N")
    for period in ("per-day", "per-week", "per-month", "in-total"):
        add(f"--tokens-{period}", type=int, metavar="N", help="input, cached or not, and output")
        add(f"--usd-{period}", type=_dollars, metavar="DOLLARS", help="a budget; days are the server's")
    for what, kind in (("turns", int), ("usd", _dollars), ("agents", int)):
        add(f"--conversation-{what}-per-hour", type=kind, metavar="N", help="of each of its conversations")


def limits_in(options: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a key that the options give."""
    return {name: options[name] for name in _FIELDS if options.get(name) is not None}


def _moment(text: str) -> datetime:
    try:
        moment = parse_datetime(text if "T" in text or " " in text else f"{text}T00:00")
    except ValueError:
        moment = None
    if moment is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no date or time")
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _dollars(text: str) -> Decimal:
    try:
        return Decimal(text.removeprefix("$"))
    except InvalidOperation:
        raise argparse.ArgumentTypeError(f"{text!r} is no amount of dollars") from None
