"""Why a request read less from upstream's prompt cache than it could have. PURE.

The request before it says what was to be read. The first thing that is different explains it: the account,
then the parts of the prompt in the order in which caches compare them, then the time that passed. Where
nothing is, it is upstream's side. What is not known is not guessed: a counter that was not told says nothing.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from relay.caching.footprint import Footprint, common_turns
from relay.caching.kept import Kept, nearest

LOOKBACK_PIECES: Final = 20
"""How far before a mark Claude looks for what it has cached."""

SLACK_SHARE: Final = 0.1
"""Caches are read in steps (OpenAI's of 128 tokens), and counts differ a little: so much less is no miss."""

REGIONS_TOLD: Final = {
    "model_changed": "model",
    "system_changed": "system",
    "tools_changed": "tools",
    "messages_changed": "turn",
    "input_changed": "turn",
    "context_compacted": "history",
    "text_format_changed": "settings",
    "reasoning_effort_changed": "settings",
    "verbosity_changed": "settings",
    "service_tier_changed": "settings",
    "prompt_cache_key_changed": "settings",
}
"""Upstream's own words for it (Claude's ``diagnostics.cache_miss_reason``, the ``reason`` in OpenAI's
``prompt_cache_diagnostics``), in ours."""

_SYSTEM_OR_TURN: Final = "input_changed"
"""OpenAI's input holds the system prompt too: where it was not compared, either may be meant."""


_CHOOSES_THE_ACCOUNT: Final = ("model", "system", "history")
"""An account is chosen by these and the first turn: who changes them may come to another one."""


class Found(msgspec.Struct, frozen=True):
    """What upstream told of the new request: None = not told.

    ``minimum_tokens``: a shorter prefix is never cached. ``caches``: it is known that this upstream caches
    and counts. ``moved`` says why another account was asked; ``told`` is upstream's own word for a miss, and
    ``told_tokens`` what it says that cost.
    """

    read_tokens: int | None
    input_tokens: int | None
    minimum_tokens: int
    caches: bool
    moved: str = ""
    told: str = ""
    told_tokens: int | None = None


class CacheMiss(msgspec.Struct, frozen=True):
    """``cause`` is one of monitor.record.cache_misses.CAUSES, ``detail`` what exactly, in a few words.

    ``is_told``: it is upstream's own word.
    """

    cause: str
    lost_tokens: int
    detail: str = ""
    is_told: bool = False


def miss_of(kept: Sequence[Kept], now: Kept, found: Found) -> CacheMiss | None:
    """Why ``now`` read less than it could have; None where it did not, or where that is not known."""
    if found.input_tokens is None:
        return None
    before = nearest(kept, now)
    if before is None:
        return _told_alone(found, found.input_tokens)
    read = found.read_tokens
    if read is None and before.tells:  # who tells what is read leaves the count out where there is none
        read = 0
    if read is None or not (found.caches or before.tells):
        return None
    lost = min(before.held_tokens, found.input_tokens) - read
    if before.held_tokens < found.minimum_tokens or lost <= found.input_tokens * SLACK_SHARE:
        return None
    if lost < min(found.minimum_tokens, before.held_tokens // 2):
        return None
    cause, detail = _reason(before, now, found)
    if cause == "upstream" and before.asked.count > before.asked.kept:
        return None  # what is not compared may have changed
    if cause == "upstream" and found.told in REGIONS_TOLD:
        return _in_its_words(found.told, lost)
    return CacheMiss(cause, lost, detail)


def _told_alone(found: Found, input_tokens: int) -> CacheMiss | None:
    """What upstream says, where there is nothing here to compare with: after a restart, in a new session.

    It compares what was asked, whatever was read: so what was read all the same was not lost.
    """
    if found.told not in REGIONS_TOLD or found.told == _SYSTEM_OR_TURN:
        return None
    if found.told_tokens is None or found.read_tokens is None:
        return None
    lost = min(found.told_tokens, input_tokens - found.read_tokens)
    if lost < found.minimum_tokens or lost <= input_tokens * SLACK_SHARE:
        return None
    return _in_its_words(found.told, lost)


def _in_its_words(told: str, lost: int) -> CacheMiss:
    cause = REGIONS_TOLD[told]
    detail = told.removesuffix("_changed") if cause == "settings" else ""
    return CacheMiss(cause, lost, detail, is_told=True)


def _reason(before: Kept, now: Kept, found: Found) -> tuple[str, str]:
    if before.account != now.account:
        begins_otherwise = _changed(before.said, now.said)
        if not found.moved and begins_otherwise is not None and begins_otherwise[0] in _CHOOSES_THE_ACCOUNT:
            return begins_otherwise
        if not found.moved and before.asked.model != now.asked.model:  # a mapping leads elsewhere
            return "server", f"model: {before.asked.model} → {now.asked.model}"
        return "account", f"{before.email} → {now.email}{': ' if found.moved else ''}{found.moved}"
    changed = _changed(before.asked, now.asked)
    if changed is not None:
        if _is_the_clients(before, now, changed[0]):
            return changed
        return "server", _server_changes(before, now) or ": ".join(filter(None, changed))
    if before.asked.marks and not now.asked.marks:
        return "unmarked", ""
    seconds = now.at - before.at
    if seconds > before.asked.lasts_seconds:
        return "expired", f"{seconds:.0f} s"
    if before.asked.marks and now.asked.marks:
        reached = _reached(before.asked.marks, now.asked.marks)
        if before.asked.marks[-1] not in reached and (found.read_tokens or not reached):
            return "lookback", f"{now.asked.marks[-1] - before.asked.marks[-1]}"
    return "upstream", ""


def _changed(before: Footprint, now: Footprint) -> tuple[str, str] | None:
    """The first part that is not what it was, and what of it; None where the one begins with the other."""
    if before.model != now.model:
        return "model", f"{before.model} → {now.model}"
    if before.tools != now.tools:
        return "tools", "reordered" if before.same_tools == now.same_tools else ""
    if before.system != now.system:
        return "system", ""
    common = common_turns(before, now)
    if common < before.kept:
        return _turns_changed(before, now, common)
    if before.settings != now.settings:
        names = [
            n for n in {**before.settings, **now.settings} if before.settings.get(n) != now.settings.get(n)
        ]
        return "settings", ", ".join(sorted(names))
    return None


def _turns_changed(before: Footprint, now: Footprint, common: int) -> tuple[str, str]:
    """From the turn with that index on."""
    if common == 0 and now.count < before.count:
        return "history", f"{before.count} → {now.count}"
    rest = {now.turn(index) for index in range(common + 1, now.kept)}
    goes_back = not any(before.turn(index) in rest for index in range(common + 1, before.kept))
    if common and goes_back and before.count - common > 1:
        return "fork", f"{common + 1}"
    return "turn", f"{common + 1}"


def _is_the_clients(before: Kept, now: Kept, part: str) -> bool:
    """Did the client itself change that part?"""
    changed = _changed(before.said, now.said)
    return changed is not None and (changed[0] == part or {changed[0], part} <= {"turn", "fork", "history"})


def _server_changes(before: Kept, now: Kept) -> str:
    """What this server did now, and had not done before, or the other way round."""
    news = [change for change in now.changes if change not in before.changes]
    gone = [change for change in before.changes if change not in now.changes]
    return "; ".join(news or [f"no longer: {change}" for change in gone])


def _reached(before: Sequence[int], now: Sequence[int]) -> set[int]:
    """The marks of ``before`` that a mark of ``now`` finds."""
    return {written for written in before for mark in now if 0 <= mark - written < LOOKBACK_PIECES}
