"""Embeddings: Gemini's two methods and OpenAI's one, from the accounts whose kinds have them.

Accounts are chosen, marked and rotated by the same rules as for generation. A mapping's fallbacks are not
used: the vectors of two models do not compare.
"""

import msgspec
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.facts.known_models import facts_for
from accounts.mapping import Target
from accounts.snapshot import AccountView
from relay.admission.model_name import checked_name
from relay.admission.request_body import parsed
from relay.dialects.embeddings import embedding as wire
from relay.dialects.embeddings.embedding_answers import (
    answer,
    passed_on,
    tokens_told,
    vectors_in,
    wanted,
)
from relay.dialects.embeddings.embedding_batches import GEMINI_LIMIT, OPENAI_LIMIT, cut, joined
from relay.dialects.embeddings.refused_batches import (
    most_at_once,
    refused_of_embedding,
    without_refused,
)
from relay.dialects.embeddings.told_rows import NoVectors, WrongNumber
from relay.dialects.interface import Dialect
from relay.dialects.registry import upstream_dialect
from relay.engine.attempts import serve
from relay.engine.healing.signatures import SignatureCache
from relay.exchange.admitting import Admission, Refused, admitted
from relay.exchange.large_bodies import beside_the_loop
from relay.neutral.conversation import Json
from relay.neutral.events import Usage
from relay.neutral.failures import BadRequest, CannotCarry, Failure, Kind, stumbled
from relay.neutral.sliced_json import weight
from relay.short.short_exchange import ShortHands
from relay.short.short_work import POSTS_AT_ONCE, Asked, Served
from relay.short.told_counts import told_failure
from relay.upstream.address import google_path
from relay.upstream.request import ClientCall, UpstreamRequest, default_headers

EMBEDDING_KINDS = frozenset({"gemini", "vertex", "openai"})
"""Anthropic has no embeddings, and Code Assist's envelope has no method for them."""

NO_VECTORS = "upstream's answer holds no vectors"


async def embed(request: HttpRequest, dialect: Dialect, form: wire.Form, model: str) -> HttpResponseBase:
    """Answer an embedding request; ``model`` where the path says it."""
    return await admitted(request, dialect, lambda admission: _embedded(admission, form, model))


async def _embedded(admission: Admission, form: wire.Form, model: str) -> HttpResponseBase:
    admission.authenticate()
    raw = await admission.body()
    call = await beside_the_loop(weight(raw), lambda: _call(admission, raw, model))
    target = _target(admission, call)
    requests = _requests(form, call)
    await admission.count()
    admission.refuse_while_draining()
    preview = wire.first_text(requests)[:200] if requests else ""
    work = Embedding(call, target, form, requests)
    hands = ShortHands(admission, call, target, preview, work, sets_marks=True)
    engine = serve(admission.runtime.settings.limits(admission.dialect), 1, is_collected=True)
    return await hands.serve(engine, admission.admitted_at)


def _call(admission: Admission, raw: bytes, model: str) -> ClientCall:
    try:
        read = parsed(raw)
        model = checked_name(model or read.body.get("model"))
    except BadRequest as error:
        raise Refused(Failure(Kind.BAD_REQUEST, str(error), status=400)) from None
    no_session = ""  # no prompt cache is at stake: the accounts take turns
    call = ClientCall(admission.dialect, read.body, read.raw, admission.headers, model, False, no_session)
    admission.asked = call
    return call


def _target(admission: Admission, call: ClientCall) -> Target:
    """The upstream model, and the kinds that may embed with it."""
    target = admission.targets(call)[0]
    kinds = (target.kinds or EMBEDDING_KINDS) & EMBEDDING_KINDS
    if not kinds:
        message = f"{call.model!r} is mapped to accounts that have no embeddings ({_joined(target.kinds)})."
        raise Refused(Failure(Kind.BAD_REQUEST, message, status=400))
    return msgspec.structs.replace(target, kinds=kinds)


def _requests(form: wire.Form, call: ClientCall) -> list[Json]:
    """The texts in common form; empty where only OpenAI's own accounts can take them (token numbers)."""
    try:
        return wire.read(form, call.body)
    except CannotCarry:
        return []
    except BadRequest as error:
        raise Refused(Failure(Kind.BAD_REQUEST, str(error), status=400)) from None


class Embedding:
    """What is asked of an account of each kind, and what its vectors become (see ``short_work.Work``)."""

    def __init__(self, call: ClientCall, target: Target, form: wire.Form, requests: list[Json]) -> None:
        """``requests`` are the texts in common form."""
        self.call = call
        self.target = target
        self.form = form
        self.requests = requests
        self._wants = wanted(form, call.body, call.model, len(requests))

    def asked(
        self,
        account: AccountView,
        signatures: SignatureCache,
        refused: frozenset[str] = frozenset(),
        healed: UpstreamRequest | None = None,
    ) -> Asked:
        """In the words of the account's kind; raises CannotCarry."""
        changes: list[str] = []
        posts = self._asks(account, changes, refused)
        dialect = upstream_dialect(account.kind)
        bodies = [body for _, body in posts]
        request = UpstreamRequest(
            dialect=dialect,
            is_same_dialect=(self.form == "embeddings") == (account.kind == "openai"),
            model=self.target.model,
            facts=facts_for(self.target.model, account.kind),
            body=bodies[0],
            content=msgspec.json.encode(bodies[0] if len(bodies) == 1 else bodies),
            headers=default_headers(dialect),
            changes=(),
            thinks_unseen=False,
            has_thinking=False,
        )
        if len(posts) > 1 and not self._is_one_by_one(account):
            changes.append(f"{len(posts)} requests made of the texts: one may not hold so many")
        return Asked(
            msgspec.structs.replace(request, changes=tuple(changes)),
            tuple(posts),
            POSTS_AT_ONCE if self._is_one_by_one(account) else 1,
        )

    def served(self, account: AccountView, asked: Asked, contents: list[bytes]) -> Served | Failure:
        """Upstream's own answer where it is of the client's form, else its vectors in that form."""
        try:
            return self._told(account, asked, contents)
        except WrongNumber as error:
            where = stumbled("read", error).where
            return Failure(Kind.GARBAGE, "upstream's answer holds other vectors than asked", where=where)
        except NoVectors as error:
            told = (told_failure(asked.request, content) for content in contents)
            failure = next((failure for failure in told if failure is not None), None)
            return self.understood(failure) if failure else _no_vectors(error)
        except Exception as error:
            return _no_vectors(error)

    def understood(self, failure: Failure) -> Failure:
        """With what is refused of the request's form, where its words say so."""
        name = refused_of_embedding(failure.status, failure.message)
        return msgspec.structs.replace(failure, refused_parameter=name, limit=None) if name else failure

    def takes_back(self, name: str) -> bool:
        """Fewer texts are asked for at once, and no base64."""
        refused = frozenset({name})
        asked = self.call.body if self.form == "embeddings" else {"encoding_format": "float"}
        is_form = without_refused(asked, refused) is not asked
        return is_form or most_at_once(refused, OPENAI_LIMIT) < OPENAI_LIMIT

    def used(self, contents: list[bytes]) -> Usage:
        """The tokens that the documents tell."""
        return Usage(input_uncached=tokens_told(contents))

    def refused(self, failure: Failure) -> Failure:
        """That no such account has the model is the request's own fault."""
        if failure.kind is not Kind.NO_ACCOUNT or failure.reason != "model":
            return failure
        kinds = _joined(self.target.kinds)
        message = f"No account with embeddings ({kinds}) offers this model. {failure.message}"
        return Failure(Kind.BAD_REQUEST, message, status=400)

    def _is_one_by_one(self, account: AccountView) -> bool:
        """Does such an account take one text at a time?"""
        return account.kind == "vertex"

    def _asks(
        self, account: AccountView, changes: list[str], refused: frozenset[str]
    ) -> list[tuple[str, Json]]:
        """Path and body of each request upstream: one, but for many texts, and for several on Vertex."""
        model = self.target.model
        many = most_at_once(refused, OPENAI_LIMIT)
        if account.kind == "openai" and self.form == "embeddings":
            body = without_refused({**self.call.body, "model": model}, refused)
            return _in_batches("/v1/embeddings", body, "input", many)
        if not self.requests:
            raise CannotCarry(wire.TOKENS_REFUSED)
        if account.kind == "openai":
            body = without_refused(wire.openai_body(self.requests, model, changes), refused)
            return _in_batches("/v1/embeddings", body, "input", many)
        if account.kind == "vertex" or self.form == "embedContent":
            path = google_path(account, model, "embedContent")
            is_vertex = account.kind == "vertex"
            return [(path, wire.gemini_single(request, model, is_vertex)) for request in self.requests]
        path = google_path(account, model, "batchEmbedContents")
        return _in_batches(
            path, wire.gemini_batch(self.requests, model), "requests", most_at_once(refused, GEMINI_LIMIT)
        )

    def _told(self, account: AccountView, asked: Asked, contents: list[bytes]) -> Served:
        is_one_by_one = self._is_one_by_one(account)
        if len(contents) > 1 and not is_one_by_one:
            counts = [len(body.get("input") or body.get("requests") or ()) for _, body in asked.posts]
            contents = [joined(contents, counts)]
        if asked.request.is_same_dialect and not (is_one_by_one and self.form == "batchEmbedContents"):
            bent: list[str] = []
            content, tokens = passed_on(contents[0], self._wants, bent)
            return Served(content, Usage(input_uncached=tokens), bent=tuple(bent))
        vectors = vectors_in(contents)
        if len(vectors.values) != len(self.requests):
            raise WrongNumber("upstream answered another number of vectors than there are texts")
        told = msgspec.json.encode(answer(self._wants, vectors))
        return Served(told, Usage(input_uncached=vectors.tokens))


def _no_vectors(error: Exception) -> Failure:
    return Failure(Kind.GARBAGE, NO_VECTORS, where=stumbled("read", error).where)


def _in_batches(path: str, body: Json, key: str, limit: int) -> list[tuple[str, Json]]:
    return [(path, some) for some in cut(body, key, limit)]


def _joined(kinds: frozenset[str]) -> str:
    return ", ".join(sorted(kinds))
