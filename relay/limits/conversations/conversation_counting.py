"""Lets a conversation's turns in, as far as key and mapping allow for one: as the rows on record say.

The rows are those of all processes, and are there after a restart; what runs counts from its beginning, and
what it costs from its end. So a limit is passed by at most what was in flight when it was reached.
"""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from accounts.keys.limits import MOST_TURNS, ConversationLimits
from accounts.loaded.client_keys import CallerKey
from accounts.mapping import Target
from monitor.conversations.past_turns import PastTurn
from monitor.conversations.turns_of_last_hour import turns_since
from relay.limits.conversations.conversation_rule import HOUR_SECONDS, Verdict, judged
from relay.limits.conversations.conversation_standing import counted
from relay.limits.key_counter import KeyCounter
from relay.limits.looking import looked_up
from relay.neutral.failures import Failure, Kind
from relay.speakers.speaker import Speaker

logger = logging.getLogger(__name__)

RETRY_SECONDS: Final = 5.0
"""How long after a failed look the store is left alone."""
REFUSED_SECONDS: Final = 15.0
"""How long a refusal holds without another look, if nothing is free before. A runaway asks again at once; and
a turn that was in flight, and then was none, stands in nobody's way for longer."""
MOST_REFUSED: Final = 1_000
"""Of conversations that are refused so many are remembered."""

_Limited = tuple[str, ConversationLimits, Target | None]
"""Whose limits they are, in words, and the mapping's target where they are a mapping's."""
_Who = tuple[int, tuple[_Limited, ...], str, str]
"""A key's id, the limits, the conversation, and its sub-agent."""
Router = Callable[[str, str], Sequence[Target] | None]
"""The targets of (the client's model, the agent's role) now."""


class ConversationGate:
    """One process's door for conversations."""

    def __init__(self, router: Router, now: Callable[[], float] = time.time) -> None:
        """``router`` tells which mapping a turn went by, ``now`` the time in epoch seconds."""
        self._router = router
        self._now = now
        self._unread_until = 0.0
        self._refused: OrderedDict[_Who, tuple[float, Failure]] = OrderedDict()

    async def verdict(
        self, caller: CallerKey | None, target: Target, speaker: Speaker, counter: KeyCounter | None
    ) -> Verdict:
        """May the conversation of ``speaker`` have one more turn with the key of ``caller`` at ``target``?

        Where that is not known, the setting for keys' limits says so (``counter``).
        """
        limited = _limited(caller, target)
        if caller is None or not limited:
            return Verdict()
        sub_agent = speaker.agent if speaker.role == "sub" else ""
        who, asked_at = (caller.id, limited, speaker.conversation, sub_agent), self._now()
        verdict = self._remembered(who, asked_at)
        if verdict is None:
            turns = await self._turns(speaker.conversation, asked_at)
            if turns is None:
                return _unknown(caller.name, counter)
            verdict = self._judged(limited, turns, sub_agent, asked_at)
            if verdict.refusal is not None:
                self._remember(who, asked_at, verdict.refusal)
        if said := verdict.warning or (verdict.refusal.message if verdict.refusal is not None else ""):
            logger.warning("%s (conversation %s)", said, speaker.conversation)
        return verdict

    def _judged(
        self, limited: tuple[_Limited, ...], turns: Sequence[PastTurn], sub_agent: str, now: float
    ) -> Verdict:
        """The first refusal, or all warnings."""
        warnings = []
        for name, limits, target in limited:
            own = turns if target is None else by_mapping(turns, target, self._router)
            verdict = judged(limits, name, [counted(turn) for turn in own], sub_agent, now)
            if verdict.refusal is not None:
                return verdict
            if len(turns) >= MOST_TURNS:  # which of those before them were the mapping's is not known
                return judged(ConversationLimits(), name, [counted(turn) for turn in turns], "", now)
            warnings.append(verdict.warning)
        return Verdict(" ".join(filter(None, warnings)))

    async def _turns(self, conversation: str, asked_at: float) -> list[PastTurn] | None:
        """The turns of the last hour; None where they cannot be read now."""
        if 0 < self._unread_until - asked_at <= RETRY_SECONDS:  # more: a clock was set back
            return None

        def look() -> list[PastTurn]:
            return turns_since(conversation, asked_at - HOUR_SECONDS, MOST_TURNS)

        try:
            return await looked_up(look)
        except Exception as error:
            self._unread_until = self._now() + RETRY_SECONDS
            logger.warning("A conversation's last hour cannot be read: %s", type(error).__name__)
            return None

    def _remembered(self, who: _Who, now: float) -> Verdict | None:
        at, refusal = self._refused.get(who, (0.0, None))
        if refusal is None:
            return None
        left = (refusal.retry_after_seconds or 0.0) - (now - at)
        if not 0 <= now - at < REFUSED_SECONDS or left <= 0:
            del self._refused[who]
            return None
        return Verdict(refusal=msgspec.structs.replace(refusal, retry_after_seconds=max(left, 1.0)))

    def _remember(self, who: _Who, now: float, refusal: Failure) -> None:
        self._refused[who] = (now, refusal)
        if len(self._refused) > MOST_REFUSED:
            self._refused.popitem(last=False)


def _limited(caller: CallerKey | None, target: Target) -> tuple[_Limited, ...]:
    """Who limits the conversation: the key, the mapping, both, or nobody."""
    found: list[_Limited] = []
    if caller is not None and caller.limits is not None and caller.limits.conversation is not None:
        found.append((f"The client key {caller.name!r}", caller.limits.conversation, None))
    if target.conversation is not None:
        found.append((f"The mapping {target.pattern!r}", target.conversation, target))
    return tuple(found)


def by_mapping(turns: Sequence[PastTurn], target: Target, router: Router) -> list[PastTurn]:
    """Those of the turns that go by the mapping of ``target``, as the mappings are now."""
    goes: dict[tuple[str, str], bool] = {}
    for model, role in {(turn.model, turn.role) for turn in turns}:
        first = (router(model, role) or (None,))[0]
        goes[model, role] = first is not None and (first.pattern, first.role) == (target.pattern, target.role)
    return [turn for turn in turns if goes[turn.model, turn.role]]


def _unknown(name: str, counter: KeyCounter | None) -> Verdict:
    if counter is None or counter.counts.is_open:
        return Verdict()
    message = f"What this conversation has had with the client key {name!r} is not known now."
    return Verdict(refusal=Failure(Kind.NO_ACCOUNT, message, 503, retry_after_seconds=RETRY_SECONDS))
