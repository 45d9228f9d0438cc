"""Token counting: upstream's own counter when the account has one, else an estimate that says so.

A count is an exchange too: it is admitted, takes an account, and has a row. When upstream's counter
fails for its own reasons, the estimate answers; what is wrong with the request is the client's to see.
"""

import time

import msgspec
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.mapping import Target
from accounts.pool.leases import Lease, Want
from relay.dialects.client_side import Counting
from relay.dialects.interface import Dialect
from relay.dialects.token_estimate import estimate
from relay.engine.policy import Decision
from relay.exchange.service import Admission, Refused
from relay.neutral.events import Usage
from relay.neutral.failures import BadRequest, CannotCarry, Failure, Kind
from relay.short.short_exchange import Served, ShortExchange
from relay.upstream.address import counter_path, is_claude_on_vertex, with_version
from relay.upstream.request import ClientCall, prepare

MAX_TOKENS = 2**31 - 1
"""No request has more; a row could not hold it either."""

COUNT_HEADER = "X-Token-Count"
"""``exact``: upstream counted. ``estimate``: we did, in part or in all."""


class Count(msgspec.Struct, frozen=True):
    """How many tokens, and whether upstream counted every one of them."""

    tokens: int
    is_exact: bool


async def count_tokens(request: HttpRequest, dialect: Dialect, model: str) -> HttpResponseBase:
    """Answer a counting request; ``model`` where the path says it."""
    admission = Admission(request, dialect)
    call: ClientCall | None = None
    try:
        admission.authenticate()
        call, inspected = admission.call(admission.body(), model, False)
        call = msgspec.structs.replace(call, body=_counting(dialect).request(call.body))
        targets = admission.runtime.pool.targets(call.model)
        if targets is None:
            message = f"The model {call.model!r} is neither mapped nor offered by an account."
            raise Refused(Failure(Kind.UNKNOWN_MODEL, message, status=404))
    except Refused as refusal:
        return admission.refuse(refusal.failure, call)
    exchange = ShortExchange(admission, call, targets[0].model, inspected.preview)
    return await exchange.serve(_served(exchange, targets[0]))


async def _served(exchange: ShortExchange, target: Target) -> Served | Failure:
    call = exchange.call
    lease = await exchange.runtime.pool.acquire(
        Want(model=target.model, kinds=target.kinds, session=call.session)
    )
    counted: Count | Failure | None = None
    if isinstance(lease, Lease):
        try:
            counted = await _counted(exchange, lease)
        finally:
            lease.release()
    if isinstance(counted, Failure):
        return counted
    count = counted or Count(estimate(call.body), is_exact=False)
    return Served(
        msgspec.json.encode({_counting(call.dialect).field: count.tokens}),
        Usage(input_uncached=count.tokens if count.is_exact else None),
        ((COUNT_HEADER, "exact" if count.is_exact else "estimate"),),
    )


async def _counted(exchange: ShortExchange, lease: Lease) -> Count | Failure | None:
    """Upstream's count; None where it has none to give; a Failure that is the request's own."""
    account, memory = lease.account, exchange.runtime.memory
    try:
        request = prepare(exchange.call, account, exchange.model, memory.signatures, None, time.time())
    except (BadRequest, CannotCarry) as error:
        return Failure(Kind.BAD_REQUEST, str(error), status=400)
    path = counter_path(account, exchange.model, request.dialect)
    if path is None:
        return None
    counting = _counting(request.dialect)
    exchange.attempt_begins(lease, request)
    body = counting.counter_body(account.kind, request.model, request.body)
    if is_claude_on_vertex(account, request.dialect):
        body = with_version(body, request.headers)
    answer = await exchange.post(lease, path, body, request)
    failure = answer if isinstance(answer, Failure) else None
    exchange.attempt_over(lease, failure, Decision(retry=False))
    if isinstance(answer, Failure):
        is_the_clients = answer.status == 400 and not answer.account_fault
        if not is_the_clients:
            return None
        return answer if request.is_same_dialect else msgspec.structs.replace(answer, body=b"")
    tokens = _told(answer, counting.field)
    if tokens is None:
        return None
    rest = counting.uncounted(account.kind, request.body)
    return Count(tokens + (estimate(rest) if rest else 0), is_exact=not rest)


def _counting(dialect: Dialect) -> Counting:
    """The counter of a dialect that has one."""
    if dialect.counting is None:
        raise TypeError(f"{dialect.name} has no counter")
    return dialect.counting


def _told(answer: bytes, field: str) -> int | None:
    """The count in ``field`` of an upstream counter's answer."""
    try:
        decoded = msgspec.json.decode(answer)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    tokens = decoded.get(field) if isinstance(decoded, dict) else None
    return tokens if type(tokens) is int and 0 <= tokens <= MAX_TOKENS else None
