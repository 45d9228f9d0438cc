"""Which exchanges of a campaign are answered in a server's accent, and in which one. PURE."""

import random
from collections.abc import Sequence

import msgspec

from relay.simulator.accents.catalogue import ACCENTS
from tests.soak.plan import Exchange

_DIALECTS = {"anthropic": "anthropic", "gemini": "gemini"}
_OWN = {("openai", "mistral"), ("gemini", "late_usage")}  # text in a list of parts, an event behind the end


def accented(exchanges: Sequence[Exchange], seed: int, share: float) -> list[Exchange]:
    """``exchanges``, of which a ``share`` asks for an accent of its upstream.

    The draws of the campaign itself are the same with and without. Two things nobody could judge: a stream
    that breaks off behind its own word that it is over, and what a client reads that is passed on as it is
    and is not of its own vendor's form.
    """
    chance = random.Random(f"{seed} accents")
    return [
        msgspec.structs.replace(one, accent=chance.choice(_spoken(one))) if chance.random() < share else one
        for one in exchanges
    ]


def _spoken(exchange: Exchange) -> list[str]:
    dialect = _DIALECTS.get(exchange.upstream, "responses" if exchange.form == "responses" else "chat")
    is_passed_on = exchange.upstream == exchange.form
    return [
        name
        for name, accent in ACCENTS.items()
        if dialect in accent.changes
        and not (accent.says_end_early and (exchange.strikes or is_passed_on))
        and not (is_passed_on and (exchange.form, name) in _OWN)
    ]
