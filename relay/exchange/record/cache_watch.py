"""Watches what upstream's prompt cache gives to one exchange, and says why where it gives too little."""

import logging
import time

from accounts.pool.leases import Lease
from monitor.record.cache_misses import TOLD
from relay.caching.footprint import Footprint, footprint_of
from relay.caching.kept import Kept, with_newest
from relay.caching.misses import CacheMiss, Found, miss_of
from relay.exchange.large_bodies import LARGE_BYTES, beside_the_loop
from relay.exchange.performing.remembering import answered, weigh_detour
from relay.exchange.record.recording import Recorder
from relay.exchange.runtime import Runtime
from relay.memory.memory_items import MemoryItem
from relay.neutral.usage import Usage
from relay.upstream.request import ClientCall, UpstreamRequest

logger = logging.getLogger(__name__)


class CacheWatch:
    """For one exchange."""

    def __init__(self, runtime: Runtime, call: ClientCall, recorder: Recorder, *, is_replay: bool) -> None:
        """Nothing is looked at yet. What is sent again (``is_replay``) is nobody's conversation."""
        self._agent = "" if is_replay else call.speaker.agent
        self._runtime = runtime
        self._call = call
        self._recorder = recorder
        self._kept: list[Kept] | None = None
        self._prints: tuple[object, Footprint, Footprint] | None = None  # of the body that they are of
        self._failed = ""  # the word for the last attempt's failure

    async def picks(self, lease: Lease) -> None:
        """An account was taken: what its cache, and the one of the session's own account, may hold."""
        self._failed = self._recorder.last_failure or self._failed
        await weigh_detour(self._runtime.memory, lease, self._call.session)
        if self._kept is None:
            self._kept = await self._runtime.memory.kept.of(self._agent)

    async def prepares(self, request: UpstreamRequest) -> None:
        """The request is ready; a large one is hashed beside the event loop."""
        size = self._call.weight
        if not self._agent or size < LARGE_BYTES:
            return
        try:
            asked, said = await beside_the_loop(size, lambda: self._footprints(request))
        except Exception:
            logger.exception("The cache of the request cannot be watched")
            self._agent = ""
        else:
            self._prints = request.body, asked, said

    def answers(
        self, lease: Lease, request: UpstreamRequest, usage: Usage, *, is_one: bool
    ) -> list[MemoryItem]:
        """The account has answered; what is to be remembered of it.

        ``is_one``: one request got the answer, so that its usage is that of one prompt.
        """
        items = answered(self._runtime.pool, lease, self._call.session, usage, time.time())
        lost = None
        if lease.stand_in_for:
            lost = self._recorder.detour(lease.cached_tokens_at_stake, usage.cache_read, lease.detour)
        if is_one and self._agent:
            try:
                self._compare(lease, request, usage, lost)
            except Exception:  # the client shall have the end of an answer that was paid for
                logger.exception("The cache of the request could not be compared")
        return items

    def _compare(self, lease: Lease, request: UpstreamRequest, usage: Usage, detour: int | None) -> None:
        kept = self._kept or []
        sent = None if usage.input_uncached is None else sum(_input(usage))
        if not kept and sent is not None and sent < request.facts.cache_minimum_tokens:
            return  # too short to be cached, and so was what came before it
        if self._prints is not None and self._prints[0] is request.body:
            _, asked, said = self._prints
        else:
            asked, said = self._footprints(request)
        now = Kept(
            asked=asked,
            said=said,
            account=lease.account.id,
            email=lease.account.email,
            at=lease.taken_at,
            held_tokens=_held(usage, asked.marks is not None, sent),
            tells=bool(usage.cache_read) or any(one.tells for one in kept if one.account == lease.account.id),
            changes=request.changes,
        )
        found = Found(
            read_tokens=usage.cache_read,
            input_tokens=sent,
            minimum_tokens=request.facts.cache_minimum_tokens,
            caches=asked.marks is not None or request.facts.cache_key,
            moved=lease.stand_in_reason or self._failed,
            told=usage.cache_miss,
            told_tokens=usage.cache_missed,
        )
        miss = miss_of(kept, now, found)
        if miss is not None:
            if miss.cause == "account" and detour is not None:  # the same loss, told once
                miss = CacheMiss(miss.cause, detour, miss.detail)
            elif detour:  # what the stand-in seemed to cost was lost for this
                self._recorder.detour(0, None, lease.detour)
            self._recorder.missed_cache(miss.cause, miss.lost_tokens, miss.detail)
            if miss.is_told:
                self._recorder.diagnosed(TOLD, True)
        self._runtime.memory.kept.keep(self._agent, with_newest(kept, now), now.at)

    def _footprints(self, request: UpstreamRequest) -> tuple[Footprint, Footprint]:
        """Of what upstream is asked, and of what the client said."""
        lasts = request.facts.cache_lasts_seconds
        asked = footprint_of(request.dialect.prompt(request.body), request.model, lasts)
        if request.body is self._call.body:
            return asked, asked
        return asked, footprint_of(self._call.dialect.prompt(self._call.body), self._call.model)


def _input(usage: Usage) -> tuple[int, int, int]:
    return usage.input_uncached or 0, usage.cache_read or 0, usage.cache_write or 0


def _held(usage: Usage, is_marked: bool, sent: int | None) -> int:
    """What the cache holds of a request that was answered: what it told, else all of it."""
    if is_marked or usage.cache_write:
        return (usage.cache_read or 0) + (usage.cache_write or 0)
    return sent or 0
