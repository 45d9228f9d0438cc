"""Token counting: upstream's own counter when the account has one, else an estimate that says so.

A count is an exchange too: it is admitted, takes an account, and has a row. When upstream's counter
fails for its own reasons, the estimate answers; what is wrong with the request is the client's to see.
"""

import time

import msgspec
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.leases import Lease, NoAccount, Want
from relay.conversation import Json
from relay.dialects.counting import count_answer, counted_request, counter_body, estimate, tokens_in
from relay.dialects.interface import Dialect
from relay.engine.commands import Outcome
from relay.engine.facts import AttemptEnded, AttemptStarted
from relay.events import StreamState, Usage
from relay.failures import BadRequest, CannotCarry, Failure, Kind, Phase
from relay.recording import Recorder
from relay.responses import error_response, identify
from relay.service import Admission, Refused
from relay.upstream import ShortAnswer, counter_path
from relay.upstream_request import ClientCall, UpstreamRequest, prepare

COUNT_HEADER = "X-Token-Count"
"""``exact``: upstream counted. ``estimate``: we did."""


async def count_tokens(request: HttpRequest, dialect: Dialect, model: str) -> HttpResponseBase:
    """Answer a counting request; ``model`` where the path says it."""
    admission = Admission(request, dialect)
    call: ClientCall | None = None
    try:
        admission.authenticate()
        call, inspected = admission.call(admission.body(), model, False)
        call = msgspec.structs.replace(call, body=counted_request(dialect.name, call.body))
        targets = admission.runtime.pool.targets(call.model)
        if targets is None:
            message = f"The model {call.model!r} is neither mapped nor offered by an account."
            raise Refused(Failure(Kind.UNKNOWN_MODEL, message, status=404))
    except Refused as refusal:
        return admission.refuse(refusal.failure, call)
    recorder = admission.recorder(call, inspected.preview)
    target = targets[0]
    lease = await admission.runtime.pool.acquire(
        Want(model=target.model, kinds=target.kinds, session=call.session)
    )
    try:
        counted = await _counted(admission, recorder, call, target.model, lease)
    finally:
        if isinstance(lease, Lease):
            lease.release()
    failure = counted if isinstance(counted, Failure) else None
    if isinstance(counted, Failure):
        response = error_response(
            dialect,
            admission.request_id,
            counted.status or 400,
            counted.message,
            counted,
            upstream_body=counted.body,
        )
    else:
        tokens = counted if counted is not None else estimate(call.body)
        answer = msgspec.json.encode(count_answer(dialect.name, tokens))
        response = HttpResponse(answer, content_type="application/json")
        response[COUNT_HEADER] = "estimate" if counted is None else "exact"
    identify(response, dialect, admission.request_id)
    response["X-Mapped-Model"] = target.model
    recorder.response_headers = tuple(response.items())
    recorder.sent(response.content)
    usage = Usage(input_uncached=counted if isinstance(counted, int) else None)
    outcome = Outcome(
        response.status_code,
        recorder.row.attempts,
        StreamState(),
        usage,
        failure=failure,
        phase=Phase.AFTER_STOP,
        message=failure.message if failure else "",
    )
    recorder.end(outcome, status=response.status_code, has_client_gone=False)
    return response


async def _counted(
    admission: Admission, recorder: Recorder, call: ClientCall, model: str, lease: Lease | NoAccount
) -> int | Failure | None:
    """Upstream's count; None where it has none to give; a Failure that is the request's own."""
    if isinstance(lease, NoAccount):
        return None
    try:
        request = prepare(call, lease.account, model, admission.runtime.memory.signatures, None, time.time())
    except (BadRequest, CannotCarry) as error:
        return Failure(Kind.BAD_REQUEST, str(error), status=400)
    path = counter_path(lease.account, model)
    if path is None:
        return None
    account = lease.account
    now = admission.elapsed()
    recorder.prepared(request)
    recorder.note(AttemptStarted(now, 1, account.id, account.email, account.kind, model))
    answer = await admission.runtime.upstream.post_json(account, path, _body(request), request.headers)
    failure = _failure(request, answer)
    recorder.note(AttemptEnded(admission.elapsed(), 1, account.email, Phase.AFTER_STOP, Usage(), failure))
    if failure is not None:
        return failure if failure.status == 400 and not failure.account_fault else None
    return tokens_in(request.dialect.name, answer[2]) if not isinstance(answer, Failure) else None


def _body(request: UpstreamRequest) -> Json:
    return counter_body(request.dialect.name, request.model, request.body)


def _failure(request: UpstreamRequest, answer: ShortAnswer | Failure) -> Failure | None:
    if isinstance(answer, Failure):
        return answer
    status, headers, body = answer
    return None if status == 200 else request.dialect.classify(status, headers, body)
