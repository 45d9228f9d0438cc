"""Which exchanges of a campaign are answered in a server's accent, and in which one. PURE."""

import random
from collections.abc import Sequence

import msgspec

from proxyproject.faultlab.accents import spoken
from tests.soak.plan import Exchange

_DIALECTS = {"anthropic": "anthropic", "gemini": "gemini"}


def accented(exchanges: Sequence[Exchange], seed: int, share: float) -> list[Exchange]:
    """``exchanges``, of which a ``share`` asks for an accent of its upstream.

    The draws of the campaign itself are the same with and without.
    """
    chance = random.Random(f"{seed} accents")
    return [
        msgspec.structs.replace(one, accent=chance.choice(_spoken(one))) if chance.random() < share else one
        for one in exchanges
    ]


def _spoken(exchange: Exchange) -> list[str]:
    dialect = _DIALECTS.get(exchange.upstream, "responses" if exchange.form == "responses" else "chat")
    is_passed_on = exchange.upstream == exchange.form
    return spoken(dialect, exchange.form, is_struck=bool(exchange.strikes), is_passed_on=is_passed_on)
