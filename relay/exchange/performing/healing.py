"""One heal of a refused request: what is sent next, and what is to be remembered of it.

PURE but for the shape of the items.
"""

import msgspec

from accounts.snapshot import AccountView
from relay.dialects.errors.refused_parameters import PAIRS
from relay.engine.retrying.policy import Heals
from relay.memory.memory_items import MemoryItem
from relay.memory.refused_form_items import refused_item
from relay.neutral.conversation import digest
from relay.upstream.placed_signatures import signatures_in
from relay.upstream.request import UpstreamRequest, healed_with, taken_back


class HealedRequest(msgspec.Struct, frozen=True):
    """``changes`` in words; ``forgotten`` at once, ``remembered`` when the request was answered."""

    request: UpstreamRequest
    changes: tuple[str, ...]
    forgotten: list[MemoryItem] = []
    remembered: list[MemoryItem] = []


def healed_request(
    request: UpstreamRequest, how: Heals, parameter: str, account: AccountView, session: str, now: float
) -> HealedRequest | None:
    """``request``, healed; None where it holds nothing of what was refused. ``now`` in epoch seconds."""
    if how == "parameter":
        taken = taken_back(request, parameter)
        if taken is None:
            return None
        # A broken history is its conversation's: no other request to the account is touched for it.
        of_session = MemoryItem("pairs", session, "", now) if parameter == PAIRS else None
        remembered = [of_session or refused_item(account, request.model, parameter, now)]
        return HealedRequest(taken, taken.changes[len(request.changes) :], [], remembered)
    dialect, body = request.dialect, request.body
    healed = dialect.drop_blocks(body) if how == "drop_block" else dialect.heal(body, request.facts)
    if healed is None or not healed.changes:
        return None
    if how == "drop_block":
        remembered = [MemoryItem("drop", session, "", now)]
    else:
        remembered = [MemoryItem("block", session, block, now) for block in healed.blocks]
        remembered += [MemoryItem("prompt", session, healed.prompt_turn, now)] if healed.prompt_turn else []
    refused = signatures_in(dialect, body)
    return HealedRequest(
        healed_with(request, healed),
        healed.changes,
        [MemoryItem("forget", session, digest(signature), now, value=signature) for signature in refused],
        remembered,
    )
