"""Lets a conversation's turns in, as far as its key allows for one conversation: as the rows on record say.

The rows are those of all processes, and are there after a restart; what runs counts from its beginning, and
what it costs from its end. So a limit is passed by at most what was in flight when it was reached.
"""

import asyncio
import logging
import time
from collections.abc import Callable

from django.db import connection

from accounts.loaded.client_keys import CallerKey
from monitor.conversations.last_hour import turns_since
from monitor.ledger.booking import units_of
from relay.limits.conversation_rule import HOUR_SECONDS, Turn, Verdict, judged
from relay.limits.key_counter import KeyCounter
from relay.neutral.failures import Failure, Kind
from relay.speakers.speaker import Speaker

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
"""How long an admission waits for the rows; a store that hangs counts as away."""


async def conversation_verdict(
    caller: CallerKey | None,
    speaker: Speaker,
    counter: KeyCounter | None,
    now: Callable[[], float] = time.time,
) -> Verdict:
    """May the conversation of ``speaker`` have one more turn with the key of ``caller``?

    Where that is not known, the setting for keys' limits says so (``counter``).
    """
    limits = caller.limits.conversation if caller is not None and caller.limits is not None else None
    if caller is None or limits is None:
        return Verdict()
    asked_at = now()
    try:
        async with asyncio.timeout(LOOK_SECONDS):
            turns = await asyncio.to_thread(_read, speaker.conversation, asked_at - HOUR_SECONDS)
    except Exception as error:
        logger.warning("A conversation's last hour cannot be read: %s", type(error).__name__)
        if counter is None or counter.counts.is_open:
            return Verdict()
        message = f"What this conversation has had with the client key {caller.name!r} is not known now."
        return Verdict(refusal=Failure(Kind.NO_ACCOUNT, message, 503, retry_after_seconds=5))
    sub_agent = speaker.agent if speaker.role == "sub" else ""
    verdict = judged(limits, caller.name, turns, sub_agent, asked_at)
    if said := verdict.warning or (verdict.refusal.message if verdict.refusal is not None else ""):
        logger.warning("%s (conversation %s)", said, speaker.conversation)
    return verdict


def _read(conversation: str, at: float) -> list[Turn]:
    try:
        return [Turn(when, units_of(cost), agent) for when, cost, agent in turns_since(conversation, at)]
    finally:
        connection.close()
