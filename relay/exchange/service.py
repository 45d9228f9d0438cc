"""The use case: from a client's POST to its response. Authenticate, parse, resolve, run, respond."""

from typing import Literal

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from relay.dialects.interface import Dialect
from relay.engine.attempts import serve
from relay.engine.retrying.giving_up import FAULT
from relay.exchange.admitting import Admission, Refused, admitted
from relay.exchange.large_bodies import beside_the_loop
from relay.exchange.performing.exchange_hands import ExchangeHands
from relay.exchange.performing.wanting import fallbacks_of
from relay.exchange.response.responses import respond
from relay.exchange.served_exchange import ServedExchange
from relay.neutral.failures import Failure, Kind

WARNING_HEADER = "x-conversation-warning"
"""Tells a client that its conversation comes near what its key allows for one."""

Form = Literal["sse", "array", "responses"]
ROLE_WORDS = {"main": "main agents", "sub": "sub-agents"}


async def refuse_path(request: HttpRequest, dialect: Dialect, message: str) -> HttpResponseBase:
    """A POST to what is not there: a 404 in the dialect, to callers with a key."""

    async def serve(admission: Admission) -> HttpResponseBase:
        admission.authenticate()
        raise Refused(Failure(Kind.BAD_REQUEST, message, status=404))

    return await admitted(request, dialect, serve)


async def serve_generation(
    request: HttpRequest,
    dialect: Dialect,
    *,
    model: str = "",
    is_stream: bool | None = None,
    form: Form = "sse",
) -> HttpResponseBase:
    """Serve one generation request; ``model`` and ``is_stream`` are given where the path says them."""
    return await admitted(request, dialect, lambda admission: _served(admission, model, is_stream, form))


async def _served(admission: Admission, model: str, is_stream: bool | None, form: Form) -> HttpResponseBase:
    admission.authenticate()
    admission.refuse_while_draining()
    call, inspected = await admission.call(await admission.body(), model, is_stream)
    call = await admission.in_its_session(call, inspected)
    targets = admission.targets(call)
    runtime = admission.runtime
    verdict = await runtime.conversations.verdict(admission.caller, targets[0], call.speaker, runtime.limits)
    if verdict.refusal is not None:
        raise Refused(verdict.refusal)
    size = call.weight if len(targets) > 1 else 0
    falls_back = await beside_the_loop(size, lambda: fallbacks_of(call, targets))
    await admission.count()
    admission.refuse_while_draining()
    recorder = admission.recorder(call, inspected.preview)
    if targets[0].role:
        recorder.diagnosed("mapping_for", f"{ROLE_WORDS[targets[0].role]}: {targets[0].pattern}")
    if verdict.warning:
        recorder.diagnosed("conversation_limit", verdict.warning)
    try:
        hands = ExchangeHands(admission.runtime, call, targets, recorder, form, inspected.wants_usage)
        hands.headers = ((WARNING_HEADER, verdict.warning),) if verdict.warning else ()
        limits = admission.runtime.settings.limits(admission.dialect)
        engine = serve(limits, len(targets), not call.is_stream, falls_back)
        served = ServedExchange(admission.runtime, hands, engine, admission.admitted_at, form)
        served.start()
    except Exception:
        recorder.refused(FAULT, 500)
        raise
    return await respond(served)
