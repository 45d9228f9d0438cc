"""Embeddings: Gemini's two methods and OpenAI's one, from the accounts whose kinds have them.

Accounts are chosen, marked and rotated by the same rules as for generation. A mapping's fallbacks are not
used: the vectors of two models do not compare.
"""

import asyncio

import msgspec
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.facts.known_models import facts_for
from accounts.mapping import Target
from accounts.pool.leases import Lease, NoAccount, Want
from monitor.record.decision_words import Strategy
from relay.admission.model_name import checked_name
from relay.admission.request_body import parsed
from relay.dialects import embedding as wire
from relay.dialects.interface import Dialect
from relay.dialects.registry import upstream_dialect
from relay.engine import giving_up, policy
from relay.exchange.exchange import mark_account
from relay.exchange.service import Admission, Refused
from relay.neutral.conversation import Json
from relay.neutral.events import Usage
from relay.neutral.failures import BadRequest, CannotCarry, Failure, Kind, stumbled
from relay.short.short_exchange import Served, ShortExchange
from relay.upstream.address import google_path
from relay.upstream.request import ClientCall, UpstreamRequest, default_headers

EMBEDDING_KINDS = frozenset({"gemini", "vertex", "openai"})
"""Anthropic has no embeddings, and Code Assist's envelope has no method for them."""

VERTEX_AT_ONCE = 8
"""Vertex embeds one content a request; a list of them goes out so many at a time."""


async def embed(request: HttpRequest, dialect: Dialect, form: wire.Form, model: str) -> HttpResponseBase:
    """Answer an embedding request; ``model`` where the path says it."""
    admission = Admission(request, dialect)
    call: ClientCall | None = None
    try:
        admission.authenticate()
        call = _call(admission, model)
        target = _target(admission, call)
        requests = _requests(form, call)
    except Refused as refusal:
        return admission.refuse(refusal.failure, call)
    preview = wire.first_text(requests)[:200] if requests else ""
    exchange = ShortExchange(admission, call, target.model, preview)
    return await exchange.serve(_Embedding(exchange, target, form, requests).run())


def _call(admission: Admission, model: str) -> ClientCall:
    raw = admission.body()
    try:
        body = parsed(raw)
        model = checked_name(model or body.get("model"))
    except BadRequest as error:
        raise Refused(Failure(Kind.BAD_REQUEST, str(error), status=400)) from None
    no_session = ""  # no prompt cache is at stake: the accounts take turns
    return ClientCall(admission.dialect, body, raw, admission.headers, model, False, no_session)


def _target(admission: Admission, call: ClientCall) -> Target:
    """The upstream model, and the kinds that may embed with it."""
    targets = admission.runtime.pool.targets(call.model)
    if targets is None:
        message = f"The model {call.model!r} is neither mapped nor offered by an account."
        raise Refused(Failure(Kind.UNKNOWN_MODEL, message, status=404))
    target = targets[0]
    kinds = (target.kinds or EMBEDDING_KINDS) & EMBEDDING_KINDS
    if not kinds:
        message = f"{call.model!r} is mapped to accounts that have no embeddings ({_joined(target.kinds)})."
        raise Refused(Failure(Kind.BAD_REQUEST, message, status=400))
    return Target(target.model, kinds, target.pattern)


def _requests(form: wire.Form, call: ClientCall) -> list[Json]:
    """The texts in common form; empty where only OpenAI's own accounts can take them (token numbers)."""
    try:
        return wire.read(form, call.body)
    except CannotCarry:
        return []
    except BadRequest as error:
        raise Refused(Failure(Kind.BAD_REQUEST, str(error), status=400)) from None


class _Embedding:
    """One request on its way: attempts until an account has embedded the texts, or none is left."""

    def __init__(
        self, exchange: ShortExchange, target: Target, form: wire.Form, requests: list[Json]
    ) -> None:
        self.exchange = exchange
        self.pool = exchange.runtime.pool
        self.target = target
        self.form = form
        self.requests = requests
        self.failures: list[Failure] = []
        self.tried: frozenset[int] = frozenset()
        self.soft_marks: dict[int, policy.Mark] = {}

    async def run(self) -> Served | Failure:
        """The answer, or the failure that the client is told."""
        stay_on: int | None = None
        while True:
            lease = await self.pool.acquire(
                Want(
                    model=self.target.model,
                    kinds=self.target.kinds,
                    session=self.exchange.call.session,
                    tried=self.tried,
                    stay_on=stay_on,
                    admission=not self.failures,
                )
            )
            if isinstance(lease, NoAccount):
                return self._given_up(_nobody(lease, self.target.kinds))
            try:
                served = await self._asked(lease)
                if isinstance(served, Served):
                    self._answered(lease)
                    self.exchange.attempt_over(lease, None, policy.Decision(retry=False))
                    return served
                decision = self._decided(lease, served)
                self.exchange.attempt_over(lease, served, decision)
            except (BadRequest, CannotCarry) as error:
                return Failure(Kind.BAD_REQUEST, str(error), status=400)
            finally:
                lease.release()
            if not decision.retry:
                if policy.is_final(served):
                    return served
                return self._given_up(None, is_budget_spent=decision.strategy is Strategy.BUDGET_SPENT)
            stay_on = None if decision.rotate else lease.account.id
            await asyncio.sleep(decision.delay_seconds)

    def _answered(self, lease: Lease) -> None:
        """Now that this account answers, the others that failed the same request are marked."""
        self.pool.note_success(lease.account.id, self.target.model, began_at=lease.taken_at)
        for account, mark in self.soft_marks.items():
            if account != lease.account.id:
                mark_account(self.pool, account, self.target.model, mark, lease.taken_at)

    def _decided(self, lease: Lease, failure: Failure) -> policy.Decision:
        self.failures.append(failure)
        self.tried |= {lease.account.id}
        soft = policy.soft_mark(failure)
        if soft is not None:
            self.soft_marks[lease.account.id] = soft
        mark = policy.hard_mark(failure)
        if mark is not None:
            mark_account(self.pool, lease.account.id, self.target.model, mark, lease.taken_at)
        model, kinds = self.target.model, self.target.kinds
        seconds = self.pool.nearest_free_seconds(model, kinds)
        decision = policy.decide(
            failure,
            len(self.failures) - 1,
            is_healed=True,
            another_is_free=self.pool.another_is_free(model, kinds, self.tried),
            all_are_marked=mark is not None and (seconds is None or seconds > 0),
            scale=self.exchange.runtime.settings.backoff_scale,
        )
        if policy.asks_the_budget(decision, failure) and not self.exchange.may_retry():
            return policy.Decision(retry=False, strategy=Strategy.BUDGET_SPENT)
        return decision

    def _given_up(self, refusal: Failure | None, *, is_budget_spent: bool = False) -> Failure:
        if not self.failures and refusal is not None:
            return refusal
        told = giving_up.told(self.failures, refusal, is_budget_spent=is_budget_spent)
        message = giving_up.message(len(self.failures), told)
        return msgspec.structs.replace(told, message=message, body=b"")

    async def _asked(self, lease: Lease) -> Served | Failure:
        """One attempt in the words of the account's kind; raises CannotCarry."""
        kind = lease.account.kind
        changes: list[str] = []
        asks = self._asks(lease, changes)
        dialect = upstream_dialect(kind)
        is_same = (self.form == "embeddings") == (kind == "openai")
        bodies = [body for _, body in asks]
        request = UpstreamRequest(
            dialect=dialect,
            is_same_dialect=is_same,
            model=self.target.model,
            facts=facts_for(self.target.model, kind),
            body=bodies[0],
            content=msgspec.json.encode(bodies[0] if len(bodies) == 1 else bodies),
            headers=default_headers(dialect),
            changes=tuple(changes),
            thinks_unseen=False,
            has_thinking=False,
        )
        self.exchange.attempt_begins(lease, request)
        at_once = asyncio.Semaphore(VERTEX_AT_ONCE)

        async def post(path: str, body: Json) -> bytes | Failure:
            async with at_once:
                return await self.exchange.post(lease, path, body, request)

        answers = await asyncio.gather(*(post(path, body) for path, body in asks))
        contents = [answer for answer in answers if isinstance(answer, bytes)]
        for answer in answers:
            if isinstance(answer, Failure):
                return answer if is_same else msgspec.structs.replace(answer, body=b"")
        if is_same and not (self.form == "batchEmbedContents" and kind == "vertex"):
            return Served(contents[0], Usage(input_uncached=wire.tokens_told(contents[0])))
        return self._translated(contents, kind)

    def _asks(self, lease: Lease, changes: list[str]) -> list[tuple[str, Json]]:
        """Path and body of each request upstream: one, but for a list of texts on Vertex."""
        account, model = lease.account, self.target.model
        if account.kind == "openai" and self.form == "embeddings":
            return [("/v1/embeddings", {**self.exchange.call.body, "model": model})]
        if not self.requests:
            raise CannotCarry(wire.TOKENS_REFUSED)
        if account.kind == "openai":
            return [("/v1/embeddings", wire.openai_body(self.requests, model, changes))]
        if account.kind == "vertex" or self.form == "embedContent":
            path = google_path(account, model, "embedContent")
            is_vertex = account.kind == "vertex"
            return [(path, wire.gemini_single(request, model, is_vertex)) for request in self.requests]
        path = google_path(account, model, "batchEmbedContents")
        return [(path, wire.gemini_batch(self.requests, model))]

    def _translated(self, contents: list[bytes], kind: str) -> Served | Failure:
        try:
            is_openai = kind == "openai"
            vectors = wire.vectors_of_openai(contents[0]) if is_openai else wire.vectors_of_gemini(contents)
        except Exception as error:
            where = stumbled("read", error).where
            return Failure(Kind.GARBAGE, "upstream's answer holds no vectors", where=where)
        if len(vectors.values) != len(self.requests):
            return Failure(Kind.GARBAGE, "upstream answered another number of vectors than there are texts")
        call = self.exchange.call
        wants_base64 = call.body.get("encoding_format") == "base64"
        try:
            told = wire.answer(self.form, vectors, call.model, wants_base64)
        except Exception as error:
            return stumbled("told", error)
        return Served(msgspec.json.encode(told), Usage(input_uncached=vectors.tokens))


def _nobody(refusal: NoAccount, kinds: frozenset[str]) -> Failure:
    """Why nobody can be asked; that no such account has the model is the request's own fault."""
    if refusal.reason == "model":
        message = f"No account with embeddings ({_joined(kinds)}) offers this model. {refusal.message}"
        return Failure(Kind.BAD_REQUEST, message, status=400)
    return Failure(
        Kind.NO_ACCOUNT, refusal.message, refusal.status, refusal.reason, refusal.retry_after_seconds
    )


def _joined(kinds: frozenset[str]) -> str:
    return ", ".join(sorted(kinds))
