"""One exchange: what the driver needs done for it, and what all of it shares.

It holds the account's lease, the request that is ready, and the encoder; every rule is elsewhere.
"""

import asyncio
import time
from functools import partial
from typing import Literal

from accounts.mapping import Target
from accounts.pool.leases import Lease
from accounts.snapshot import AccountView
from monitor.masking.known import NOTHING_KNOWN
from relay.dialects.interface import Decoder, Encoder
from relay.engine.commands import Around, LookAround, PickAccount, Picked
from relay.engine.continuing.continuation import Said
from relay.engine.facts import AttemptEnded, Committed, Fact, FellBack
from relay.engine.retrying.fallbacks import WHY_WORDS
from relay.engine.retrying.policy import EarnedMark, Heals
from relay.exchange.large_bodies import beside_the_loop
from relay.exchange.performing.hands import OpenAnswer
from relay.exchange.performing.healing import healed_request
from relay.exchange.performing.leasing import Leasing
from relay.exchange.performing.marking import disable_refused, mark_account
from relay.exchange.performing.picked import TRIED_BY_ANOTHER, picked
from relay.exchange.performing.remembering import Making, meet_session, recalled, taught
from relay.exchange.record.cache_watch import CacheWatch
from relay.exchange.record.recording import Recorder
from relay.exchange.response.answer_reader import decoder_for
from relay.exchange.response.answer_writer import AnswerWriter, Untold
from relay.exchange.runtime import Runtime
from relay.exchange.upstream_health import UpstreamWatch
from relay.memory.memory_items import MemoryItem
from relay.memory.refused_form_items import account_key
from relay.neutral.events import Chunk, StreamState
from relay.neutral.failures import BadRequest, CannotCarry, Failure, Kind
from relay.neutral.sliced_json import weight
from relay.upstream.connection.times import Times
from relay.upstream.request import (
    ClientCall,
    UpstreamRequest,
    asked_on,
    continued,
    prepare,
)
from relay.upstream.response import UpstreamResponse


class ExchangeHands:
    """The driver's hands for one client call."""

    def __init__(
        self,
        runtime: Runtime,
        call: ClientCall,
        targets: tuple[Target, ...],
        recorder: Recorder,
        form: Literal["sse", "array", "responses"],
        wants_usage: bool,
        only: int | None = None,
    ) -> None:
        """``form`` is how the client wants its stream. With ``only`` that account is asked, and no other."""
        self.headers: tuple[tuple[str, str], ...] = ()
        """What the answer's headers say besides."""
        self.call = call
        self._only = only
        self._leasing = Leasing(runtime, call, recorder, only)
        self.recorder = recorder
        self._writer = AnswerWriter(call, recorder.row.id, int(recorder.row.started_at), form, wants_usage)
        self.account_email, self.mapped_model = "", targets[0].model
        self._runtime = runtime
        self._watch = UpstreamWatch(runtime.health)
        self._cache = CacheWatch(runtime, call, recorder, is_replay=only is not None)
        self._targets = targets
        self._lease: Lease | None = None
        self._last_lease: Lease | None = None
        self._request: UpstreamRequest | None = None
        self._next_leg: UpstreamRequest | None = None
        self._is_healed = False
        self._decoder: Decoder | None = None
        self._bent: dict[str, None] = {}  # the fields of upstream's answers that were not of their types
        self._to_remember: list[MemoryItem] = []
        self._has_learned = False
        self._settling: asyncio.Future[None] | None = None
        self._known = NOTHING_KNOWN

    @property
    def encoder(self) -> Encoder:
        """Who says it to the client."""
        return self._writer.encoder

    @property
    def is_same_dialect(self) -> bool:
        """Do upstream's bytes pass through to the client?"""
        return self._request is not None and self._request.is_same_dialect

    def begins(self) -> None:
        """The exchange is on its way."""
        if not self.call.is_stream:
            self.recorder.converts_to_stream()

    # --- what the driver asks ---------------------------------------------------------------------
    async def pick(self, command: PickAccount) -> Picked | Failure:
        """Take an account; make the request ready, unless it stays the healed one."""
        target = self._targets[command.target]
        self.release()
        await meet_session(self._runtime, self.call)
        left_to_others = set[int]()  # who try an upstream that was free to be asked a moment ago
        while True:
            lease = await self._leased(command, target)
            if isinstance(lease, Failure):
                return lease
            request = await self._ready_for(lease, target.model)
            if isinstance(request, Failure):
                self.release()
                return request
            if self._watch.admits(lease.account, target.model):
                break
            self.release()
            if lease.account.id in left_to_others:
                return TRIED_BY_ANOTHER
            left_to_others.add(lease.account.id)
        unseen = await self._continue(request, command.continues) if command.continues else 0
        sent = self._next_leg or request
        self.recorder.prepared(sent)
        return picked(self.call, target, lease.account, sent, unseen)

    async def _leased(self, command: PickAccount, target: Target) -> Lease | Failure:
        """A slot on an account that offers the target."""
        lease = await self._leasing.take(command, target)
        if isinstance(lease, Failure):
            return lease
        self._lease = self._last_lease = lease
        self.account_email, self.mapped_model = lease.account.email, target.model
        return lease

    async def _ready_for(self, lease: Lease, model: str) -> UpstreamRequest | Failure:
        """The request for the account, or why there can be none."""
        self._next_leg = None
        await self._cache.picks(lease)
        try:
            memory, account = self._runtime.memory, lease.account
            request = await recalled(memory, self.call, lambda: self._making(account, model))
        except (BadRequest, CannotCarry) as error:
            code = error.code if isinstance(error, CannotCarry) else ""
            return Failure(Kind.BAD_REQUEST, str(error), status=400, reason=code)
        await self._cache.prepares(request)
        self._request = request
        return request

    async def _continue(self, request: UpstreamRequest, said: Said) -> int:
        """Make the request for the rest ready; how many trailing characters it could not include."""
        work = partial(asked_on, request, said)
        self._next_leg, unseen = await beside_the_loop(weight(request.content), work)
        return unseen

    async def open(self) -> OpenAnswer | Failure:
        """Send what is ready."""
        lease, request = self._ready()
        self._watch.asks()
        times = Times(asyncio.get_running_loop().time())
        self.recorder.sending(times)
        opened = await self._runtime.upstream.open(lease.account, self._next_leg or request, times)
        if isinstance(opened, UpstreamResponse):
            self._known = opened.known
            self.recorder.knows(opened.known)
        elif opened.kind is Kind.CREDENTIALS:
            disable_refused(self._runtime.pool, lease.account, opened.message)
        return opened

    def decoder(self) -> Decoder:
        """For what the account answers."""
        lease, request = self._ready()
        kind, seed = lease.account.kind, self.recorder.row.id
        decoder = self._decoder = decoder_for(
            self.call, request, kind, seed, self._known, self._runtime.settings.max_event_bytes
        )
        return decoder

    async def encode(self, chunk: Chunk, is_spliced: bool) -> bytes:
        """The client's bytes; what the answer teaches is remembered before its end goes out.

        A large whole answer is put together beside the event loop. Raises Untold.
        """
        is_forwarded = self.is_same_dialect and not is_spliced
        named = self.recorder.upstreams_id
        write = partial(self._writer.write, chunk, named, is_forwarded=is_forwarded)
        try:
            piece = await beside_the_loop(self._writer.weight(chunk), write)
        except Untold:
            self._runtime.in_flight.answers[self.recorder.row.id] = self.encoder.state
            raise
        if self.encoder.state.terminal and self._writer.gap is None:
            self.learn(self.encoder.state)
            self.recorder.changed(self.encoder.left_out)
        return piece

    def unsayable(self) -> Failure | None:
        """Why the answer could not be told to its end; upstream's own errors are the engine's business."""
        return self._writer.gap

    def look_around(self, command: LookAround) -> Around:
        """Who else could be asked for the target."""
        target, pool = self._targets[command.target], self._runtime.pool
        scope = self._leasing.scope(target)
        seconds = pool.nearest_free_seconds(target.model, scope)
        return Around(
            at=0.0,
            another_is_free=self._only is None and pool.another_is_free(target.model, scope, command.besides),
            all_are_marked=seconds is None or seconds > 0,
            nearest_free_seconds=seconds,
        )

    def turn(self, seconds: float) -> float | None:
        """Ask the budget of the upstream that failed."""
        return self._watch.turn(seconds)

    async def heal(self, how: Heals, parameter: str = "") -> tuple[str, ...]:
        """Heal a copy of the body that upstream refused, for the next attempt."""
        lease, request = self._ready()
        session, now = self.call.session, time.time()
        work = partial(healed_request, request, how, parameter, lease.account, session, now)
        healed = await beside_the_loop(weight(request.content), work)
        if healed is None:
            return ()
        self._runtime.memory.remember(healed.forgotten)
        self._to_remember += healed.remembered
        self._request, self._is_healed = healed.request, True
        return healed.changes

    async def ask_on(self, token: str) -> None:
        """The next leg of a long answer."""
        leg = self._next_leg or self._ready()[1]
        self._next_leg = await beside_the_loop(weight(leg.content), lambda: continued(leg, token))

    def mark(self, account: int, model: str, mark: EarnedMark) -> None:
        """Tell the pool."""
        mark_account(self._runtime.pool, account, model, mark, self._last_lease)

    def note(self, fact: Fact) -> None:
        """Put it on record; a commit keeps the heal for later requests."""
        self.recorder.note(fact)
        self._watch.note(fact)
        if isinstance(fact, AttemptEnded) and self._decoder is not None and self._decoder.bent:
            self._bent.update(dict.fromkeys(self._decoder.bent))
            self.recorder.diagnosed("bent", ", ".join(self._bent))
        elif isinstance(fact, FellBack):
            self.recorder.diagnosed("fell_back", f"{fact.model}: {WHY_WORDS[fact.why]}")
            self.recorder.diagnosed("fell_back_on", fact.why)
        elif isinstance(fact, Committed) and self._to_remember:
            self._runtime.memory.remember(self._to_remember)
            self._to_remember = []

    def release(self) -> None:
        """Give the slot back."""
        lease, self._lease = self._lease, None
        if lease is not None:
            lease.release()

    def leave(self) -> None:
        """Give everything back."""
        self.release()
        self._watch.leaves()

    # --- what the answer teaches --------------------------------------------------------------------
    def learn(self, state: StreamState) -> None:
        """Remember the answer's signatures; tell the pool that the account answered. Once."""
        if self._has_learned or self._request is None:
            return
        self._has_learned = True
        items, lease = taught(self.call, state, self._request, time.time()), self._lease
        if lease is not None:
            items += self._cache.answers(lease, self._request, state.usage, is_one=self._next_leg is None)
        self._settling = self._runtime.memory.remember(items)

    def settling(self) -> "asyncio.Future[None] | None":
        """What the answer has taught, on its way to where the other processes look for it."""
        settling, self._settling = self._settling, None
        return settling

    def _making(self, account: AccountView, model: str) -> Making:
        """Makes the request for ``account``."""
        if (kept := self._healed_for(account, model)) is not None:
            return lambda _: kept
        call, memory, now = self.call, self._runtime.memory, time.time()
        healed = (found := memory.healed_session(call.session)) and found.copied()
        refused = memory.refusals.of(account_key(account), model)
        key = self._runtime.cache_key(call.session)
        return lambda signatures: prepare(call, account, model, signatures, healed, now, refused, key)

    def _healed_for(self, account: AccountView, model: str) -> UpstreamRequest | None:
        """The healed request, where dialect and model are the same."""
        kept = self._request
        return kept if kept and self._is_healed and kept.fits(account, model, self.call) else None

    def _ready(self) -> tuple[Lease, UpstreamRequest]:
        if self._lease is None or self._request is None:
            raise RuntimeError("the driver asked for an upstream before an account was picked")
        return self._lease, self._request
