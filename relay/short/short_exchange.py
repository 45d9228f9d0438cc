"""One exchange whose answer is one short document: counting and embedding.

It runs through the engine and the driver as every exchange: the document is an answer of one piece, and the
whole of it is the peek.
"""

import asyncio
import time
from collections.abc import Callable
from functools import partial

import msgspec
from django.http.response import HttpResponseBase

from accounts.mapping import Target
from accounts.pool.leases import Lease
from accounts.snapshot import AccountView
from relay.dialects.errors.refused_parameters import taken_back_words
from relay.dialects.registry import classify
from relay.engine.attempts import Engine
from relay.engine.commands import PickAccount, Picked
from relay.engine.healing.signatures import SignatureCache
from relay.engine.retrying.giving_up import FAULT
from relay.engine.retrying.policy import EarnedMark, Heals
from relay.exchange.admitting import Admission
from relay.exchange.large_bodies import LARGE_BYTES, beside_the_loop
from relay.exchange.performing.exchange_hands import ExchangeHands
from relay.exchange.performing.hands import OpenAnswer
from relay.exchange.performing.marking import disable_refused
from relay.exchange.performing.remembering import Making
from relay.exchange.response.responses import respond
from relay.exchange.served_exchange import ServedExchange
from relay.exchange.upstream_health import UpstreamWatch
from relay.memory.refused_form_items import account_key, refused_item
from relay.neutral.conversation import Json
from relay.neutral.events import BlockStart, BlockStop, Chunk, Event, Failed, Terminal, Usage
from relay.neutral.failures import Failure, Kind, stumbled
from relay.short.short_work import Asked, CannotAsk, Served, Work
from relay.upstream.address import headers_for
from relay.upstream.connection.times import Times
from relay.upstream.request import ClientCall, UpstreamRequest


class Document:
    """The answers to all POSTs of an attempt, which are here as a whole (see ``hands.OpenAnswer``)."""

    request_id = ""

    async def read(self) -> bytes | None:
        """There is no more than was read."""
        return None

    async def read_out(self) -> None:
        """Nothing is left."""

    async def close(self) -> None:
        """The connections were given back."""


class DocumentDecoder:
    """One document as the events of a whole answer (see ``relay.dialects.interface.Decoder``)."""

    def __init__(self, read: Callable[[], Served | Failure], used: Callable[[], Usage]) -> None:
        """``read`` makes the client's answer; ``used`` tells what was used where it makes none."""
        self._read = read
        self._used = used
        self._bent: list[str] = []

    @property
    def bent(self) -> list[str]:
        """What the work mended, once it has read the document."""
        return self._bent

    def feed(self, data: bytes) -> Chunk:
        """Nothing comes in pieces."""
        return Chunk(b"", [])

    def finish(self) -> Chunk:
        """All of it."""
        try:
            served = self._read()
        except Exception as error:
            served = stumbled("read", error)
        if isinstance(served, Failure):
            return Chunk(b"", [self._used(), Failed(served)])
        self._bent += served.bent
        return as_chunk(served)


def as_chunk(served: Served) -> Chunk:
    """A whole answer of one piece."""
    events: list[Event] = [BlockStart(0, "opaque"), BlockStop(0), served.usage, Terminal()]
    return Chunk(served.content, events)


class ShortHands(ExchangeHands):
    """The driver's hands for a short exchange. ``sets_marks``: do failures say anything of the account?"""

    def __init__(
        self,
        admission: Admission,
        call: ClientCall,
        target: Target,
        preview: str,
        work: Work,
        *,
        sets_marks: bool,
    ) -> None:
        """Its row is visible from here on; ``preview`` is the beginning of what was sent."""
        recorder = admission.recorder(call, preview)
        super().__init__(admission.runtime, call, (target,), recorder, "sse", wants_usage=True)
        self._work = work
        self._sets_marks = sets_marks
        self._watch = UpstreamWatch(admission.runtime.health, judges=sets_marks)
        self._asked: Asked | None = None
        self._contents: list[bytes] = []
        self._served: Served | Failure | None = None  # of documents that are large
        self._used: Usage | None = None  # for documents that are no answer
        self._taken_back: frozenset[str] = frozenset()

    def begins(self) -> None:
        """It was no stream that was asked for, and none is."""

    async def pick(self, command: PickAccount) -> Picked | Failure:
        """Take an account that can be asked."""
        try:
            picked = await super().pick(command)
        except CannotAsk as cannot:
            self.release()
            return cannot.failure
        return self._work.refused(picked) if isinstance(picked, Failure) else picked

    async def open(self) -> OpenAnswer | Failure:
        """Send every POST; the first one that fails is the attempt's failure.

        What others of them told to have used is paid: then that failure is told in a document.
        """
        lease, request = self._ready()
        self._watch.asks()
        times = Times(asyncio.get_running_loop().time())
        self.recorder.sending(times)
        self._contents, self._used = [], None
        all_posts, at_once = (self._asked.posts, self._asked.at_once) if self._asked else ((), 1)
        for start in range(0, len(all_posts), at_once):
            posts = all_posts[start : start + at_once]
            read_bytes = sum(map(len, self._contents))
            answers = await asyncio.gather(
                *(self._post(lease, request, times, *post, read_bytes) for post in posts)
            )
            self._contents += [answer for answer in answers if isinstance(answer, bytes)]
            failed = next((answer for answer in answers if isinstance(answer, Failure)), None)
            if failed is not None:
                failure = self._work.understood(failed)
                if not request.is_same_dialect:
                    failure = msgspec.structs.replace(failure, body=b"")
                self._served = failure
                return await self._document() if self._contents else failure
        self._served = await self._made_aside()
        return await self._document()

    async def _document(self) -> Document:
        """The document; where it is no answer, with what was used for it."""
        if isinstance(self._served, Failure):
            size = sum(map(len, self._contents))
            self._used = await beside_the_loop(size, partial(self._work.used, self._contents))
        return Document()

    def decoder(self) -> DocumentDecoder:
        """What makes the client's answer of the documents."""
        lease, asked = self._lease, self._asked
        if lease is None or asked is None:
            raise RuntimeError("a document was read before an account was picked")
        account, contents, made, used = lease.account, self._contents, self._served, self._used

        def read() -> Served | Failure:
            served = self._work.served(account, asked, contents) if made is None else made
            if isinstance(served, Served):
                self.headers = served.headers
            return served

        def use() -> Usage:
            return self._work.used(contents) if used is None else used

        self._decoder = decoder = DocumentDecoder(read, use)
        return decoder

    async def encode(self, chunk: Chunk, is_spliced: bool) -> bytes:
        """The document as it was made."""
        lease = self._lease
        if lease is not None and self._sets_marks:
            self._runtime.pool.note_success(lease.account.id, self.mapped_model, began_at=lease.taken_at)
        return chunk.raw

    async def heal(self, how: Heals, parameter: str = "") -> tuple[str, ...]:
        """Ask without what was refused: as the work knows, or as for every exchange."""
        if how != "parameter" or not self._work.takes_back(parameter):
            return await super().heal(how, parameter)
        lease, request = self._ready()
        self._taken_back |= {parameter}
        self._to_remember.append(refused_item(lease.account, request.model, parameter, time.time()))
        return (taken_back_words(parameter),)

    def mark(self, account: int, model: str, mark: EarnedMark) -> None:
        """A counter that fails says nothing of the account's answers."""
        if self._sets_marks:
            super().mark(account, model, mark)

    async def serve(self, engine: Engine, admitted_at: float) -> HttpResponseBase:
        """The response; the row is ended whatever happens."""
        try:
            served = ServedExchange(self._runtime, self, engine, admitted_at, "sse")
            served.start()
        except Exception:
            self.recorder.refused(FAULT, 500)
            raise
        return await respond(served)

    def _making(self, account: AccountView, model: str) -> Making:
        healed = self._healed_for(account, model)
        refused = self._runtime.memory.refusals.of(account_key(account), model) | self._taken_back

        def make(signatures: SignatureCache) -> UpstreamRequest:
            self._asked = self._work.asked(account, signatures, refused, healed)
            return self._asked.request

        return make

    async def _made_aside(self) -> Served | Failure | None:
        """The answer out of large documents, made in a thread: others go on meanwhile. None of small ones."""
        lease, asked, contents = self._lease, self._asked, self._contents
        size = sum(map(len, contents))
        if lease is None or asked is None or size < LARGE_BYTES:
            return None
        try:
            return await beside_the_loop(size, partial(self._work.served, lease.account, asked, contents))
        except Exception as error:
            return stumbled("read", error)

    async def _post(
        self,
        lease: Lease,
        request: UpstreamRequest,
        times: Times,
        path: str,
        body: Json,
        read_bytes: int,
    ) -> bytes | Failure:
        sent = headers_for(lease.account, request.dialect, request.headers)
        answer = await self._runtime.upstream.post_json(lease.account, path, body, sent, times, read_bytes)
        if isinstance(answer, Failure):
            if answer.kind is Kind.CREDENTIALS:
                disable_refused(self._runtime.pool, lease.account, answer.message)
            return answer
        status, headers, content = answer
        return content if status == 200 else classify(request.dialect, status, headers, content)
