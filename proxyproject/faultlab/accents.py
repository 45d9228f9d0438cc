"""Which server's accent a case of the lab is answered in. PURE.

Two things nobody could judge: a stream that breaks off behind its own word that it is over, and what a client
reads that is passed on as it is and is not of its own vendor's form.
"""

import random
from collections.abc import Sequence

from msgspec.structs import replace

from proxyproject.faultlab.run import Case
from relay.simulator.accents.catalogue import ACCENTS

_OWN = {("openai", "mistral"), ("gemini", "late_usage")}  # text in a list of parts, an event behind the end
_DIALECTS = {"anthropic": "anthropic", "gemini": "gemini", "openai": "chat"}


def spoken(dialect: str, client: str, *, is_struck: bool, is_passed_on: bool) -> list[str]:
    """The accents of ``dialect`` (as the simulator names it) that ``client`` can be answered in.

    ``is_struck``: a fault may end the stream. ``is_passed_on``: the client reads upstream's own form.
    """
    return [
        name
        for name, accent in ACCENTS.items()
        if dialect in accent.changes
        and not (accent.says_end_early and (is_struck or is_passed_on))
        and not (is_passed_on and (client, name) in _OWN)
    ]


def accented(chosen: Sequence[Case], seed: int) -> list[Case]:
    """``chosen``, each with an accent of its upstream; the same for the same ``seed``."""
    chance = random.Random(f"{seed} accents")  # noqa: S311  no secret
    return [replace(case, accent=chance.choice(_spoken(case))) for case in chosen]


def _spoken(case: Case) -> list[str]:
    """Where no prompt reaches the fault, none reaches the accent."""
    if case.contract.name == "invalid_grant":
        return [""]
    is_struck, is_passed_on = case.contract.name != "ok", case.client == case.upstream
    return spoken(_DIALECTS[case.upstream], case.client, is_struck=is_struck, is_passed_on=is_passed_on)
