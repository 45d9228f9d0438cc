"""One exchange whose answer is one short document: counting and embedding.

It is admitted, takes accounts, has its row and its attempts as every exchange; but there is no stream to
watch, so it needs neither engine nor driver, and is served in the request's own task.
"""

import asyncio
from collections.abc import Awaitable

import msgspec
from django.http import HttpResponse

from accounts.pool.leases import Lease
from monitor.record.records import RequestRecord
from relay.dialects.registry import classify
from relay.engine.commands import Outcome
from relay.engine.facts import AttemptEnded, AttemptStarted
from relay.engine.policy import Decision
from relay.exchange.responses import account_headers, error_response, identify
from relay.exchange.service import Admission
from relay.neutral.conversation import Json
from relay.neutral.events import StreamState, Usage
from relay.neutral.failures import Failure, Kind, Phase
from relay.upstream.address import headers_for
from relay.upstream.request import ClientCall, UpstreamRequest
from relay.upstream.times import Times

CLIENT_GONE_STATUS = 499
"""nginx's word for a client that went before it was answered."""


class Served(msgspec.Struct, frozen=True):
    """The answer: its JSON, what it cost, and headers of its own."""

    content: bytes
    usage: Usage = Usage()
    headers: tuple[tuple[str, str], ...] = ()


class ShortExchange:
    """One such exchange; its row is visible from here on. ``model`` is the upstream model."""

    def __init__(self, admission: Admission, call: ClientCall, model: str, preview: str) -> None:
        """``preview`` is the beginning of what was sent."""
        self.runtime = admission.runtime
        self.call = call
        self.model = model
        self.recorder = admission.recorder(call, preview)
        self.attempts = 0
        self._admission = admission
        self.runtime.budget.note_request(admission.admitted_at)

    def may_retry(self) -> bool:
        """Is there a retry left in the server's budget? If so it is spent."""
        return self.runtime.budget.may_retry(asyncio.get_running_loop().time())

    @property
    def row(self) -> RequestRecord:
        """The row as it is by now."""
        return self.recorder.row

    async def serve(self, work: Awaitable[Served | Failure]) -> HttpResponse:
        """The response to what ``work`` comes to; the row is ended whatever happens."""
        try:
            served = await work
        except asyncio.CancelledError:
            self._end(CLIENT_GONE_STATUS, Usage(), None, has_client_gone=True)
            raise
        except Exception:
            self.recorder.refused(Failure(Kind.INTERNAL, "the server failed; its log says why", 500), 500)
            raise
        if isinstance(served, Failure):
            response = self._refusal(served)
        else:
            response = HttpResponse(served.content, content_type="application/json")
            for name, value in served.headers:
                response[name] = value
        identify(response, self.call.dialect, self.row.id)
        for name, value in account_headers(self.runtime.settings.account_header, self.row.account or ""):
            response[name] = value
        response["X-Mapped-Model"] = self.model
        response["X-Attempts"] = str(self.attempts)
        self.recorder.response_headers = tuple(response.items())
        self.recorder.sent(response.content)
        usage = Usage() if isinstance(served, Failure) else served.usage
        failure = served if isinstance(served, Failure) else None
        self._end(response.status_code, usage, failure, has_client_gone=False)
        return response

    def attempt_begins(self, lease: Lease, request: UpstreamRequest) -> None:
        """Put the attempt on record; ``attempt_over`` must follow."""
        self.recorder.prepared(request)
        self.attempts += 1
        account, now = lease.account, self._admission.elapsed()
        self.recorder.note(
            AttemptStarted(now, self.attempts, account.id, account.email, account.kind, self.model)
        )

    async def post(self, lease: Lease, path: str, body: Json, request: UpstreamRequest) -> bytes | Failure:
        """What the leased account answers at ``path``: the bytes of a 200, or why there is none."""
        account = lease.account
        times = Times(asyncio.get_running_loop().time())
        self.recorder.sending(times)
        sent = headers_for(account, request.dialect, request.headers)
        answer = await self.runtime.upstream.post_json(account, path, body, sent, times)
        if isinstance(answer, Failure):
            if answer.kind is Kind.CREDENTIALS:
                self.runtime.pool.disable(account.id, answer.message)
            return answer
        status, headers, content = answer
        return content if status == 200 else classify(request.dialect, status, headers, content)

    def attempt_over(self, lease: Lease, failure: Failure | None, decision: Decision) -> None:
        """Put the attempt's end on record, and what was decided about its failure."""
        self.recorder.note(
            AttemptEnded(
                self._admission.elapsed(),
                self.attempts,
                lease.account.email,
                Phase.AFTER_STOP if failure is None else Phase.HEADERS,
                Usage(),
                failure,
                decision if failure is not None else None,
            )
        )

    def _refusal(self, failure: Failure) -> HttpResponse:
        return error_response(
            self.call.dialect,
            self.row.id,
            failure.status or 502,
            failure.message,
            failure,
            retry_after_seconds=failure.retry_after_seconds,
            upstream_body=failure.body,
        )

    def _end(self, status: int, usage: Usage, failure: Failure | None, *, has_client_gone: bool) -> None:
        outcome = Outcome(
            status,
            self.attempts,
            StreamState(),
            usage,
            failure=failure,
            interrupted_by="client" if has_client_gone else "",
            phase=Phase.HEADERS if failure or has_client_gone else Phase.AFTER_STOP,
            message=failure.message if failure else "",
        )
        self.recorder.end(outcome, status=status, has_client_gone=has_client_gone)
