"""A POST at the door: who asks, whether they may, what is asked, and the row of it.

Every refusal on the way is an answer in the dialect of the path, and a row.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts.keys.limits import KeyLimits
from accounts.loaded.client_keys import CallerKey
from accounts.mapping import Target
from monitor.masking.known import known_secrets
from relay import metrics
from relay.admission.auth import NO_ROOM, NO_VALID_KEY, RefusalLimit, authenticate, presented_keys
from relay.admission.client_address import client_address
from relay.admission.key_rules import (
    allowed_targets,
    expired,
    is_expired,
    refused_address,
    refused_effort,
    refused_model,
)
from relay.admission.model_name import checked_name
from relay.admission.request_body import BodyTooLarge, decoded, parsed
from relay.admission.request_headers import headers_of, query_of
from relay.dialects.interface import ClientRequest, Dialect
from relay.exchange.client_call import client_call
from relay.exchange.large_bodies import beside_the_loop, most_bytes
from relay.exchange.record.new_record import key_groups, new_id, new_record, told_of
from relay.exchange.record.recorded_bodies import RecordedBodies
from relay.exchange.record.recording import Recorder
from relay.exchange.response.responses import error_response, identify
from relay.exchange.runtime import Runtime, runtime
from relay.limits.allowance import Allowance
from relay.limits.standing import headers
from relay.neutral.failures import BadRequest, Failure, Kind
from relay.neutral.sliced_json import weight
from relay.speakers.speaker import in_session, speaker_of
from relay.upstream.hops import CAME_BACK, HOPS, has_come_back, passed
from relay.upstream.request import ClientCall

refusals = RefusalLimit()
"""Of requests without a good key."""

key_refusals = RefusalLimit()
"""Of what a good key may not do; apart, so that neither drives the other out of the history."""


class Refused(Exception):
    """The request is answered at admission."""

    def __init__(self, failure: Failure, headers: Sequence[tuple[str, str]] = ()) -> None:
        """``failure.status`` is the answer's; ``headers`` are told besides."""
        super().__init__(failure.message)
        self.failure = failure
        self.headers = headers


def _refuse_if(failure: Failure | None) -> None:
    """Raises Refused where there is a failure."""
    if failure is not None:
        raise Refused(failure)


class Admission:
    """A POST at the door: who asks, what is asked, and since when."""

    def __init__(self, request: HttpRequest, dialect: Dialect) -> None:
        """The clock starts."""
        self.runtime: Runtime = runtime()
        self.dialect, self.request = dialect, request
        self.admitted_at = asyncio.get_running_loop().time()
        self.started_at = time.time()
        self.request_id = new_id(self.started_at)
        self.headers = headers_of(request)
        self._query = query_of(request)
        self.caller: CallerKey | None = None
        self.asked: ClientCall | None = None  # once it was read
        self.preview = ""
        self._allowance: Allowance | None = None

    def elapsed(self) -> float:
        """Seconds since the admission."""
        return asyncio.get_running_loop().time() - self.admitted_at

    def authenticate(self) -> CallerKey:
        """The caller; raises Refused with a 401."""
        self.caller = authenticate(self.runtime.accounts.keys, self.headers, self._query)
        if self.caller is None:
            metrics.REFUSED_KEYS.inc()
            raise Refused(Failure(Kind.UNAUTHORIZED, NO_VALID_KEY, status=401))
        if self.caller.limits is not None:
            self._check_door(self.caller.name, self.caller.limits)
        came_by = self.headers.get(HOPS, "")
        if has_come_back(came_by, self.runtime.instance):
            raise Refused(CAME_BACK)
        passed.set(came_by)
        return self.caller

    def _check_door(self, name: str, limits: KeyLimits) -> None:
        """Is the key's time over, and may it be used from here? Raises Refused with a 401 or 403."""
        if is_expired(limits, time.time()):
            raise Refused(expired(name))
        _refuse_if(refused_address(limits, name, self.address))

    def address(self) -> str:
        """From where it is asked: the peer, or what a trusted front says of it."""
        peer = self.request.scope.get("client") or ("",)  # type: ignore[attr-defined]
        meta = {"REMOTE_ADDR": peer[0], "HTTP_X_FORWARDED_FOR": self.headers.get("x-forwarded-for", "")}
        return client_address(meta, has_front=self.runtime.settings.has_front)

    async def body(self) -> bytes:
        """The decoded body; raises Refused with a 400 or 413."""
        limit, raw = self.runtime.settings.max_body_bytes, self.request.body
        coding = self.headers.get("content-encoding", "")
        try:
            body = await beside_the_loop(most_bytes(raw, coding), lambda: decoded(raw, coding, limit))
        except BadRequest as error:
            raise Refused(Failure(Kind.BAD_REQUEST, str(error), status=400)) from None
        except BodyTooLarge:
            message = f"The request body is larger than the limit of {limit / 2**20:g} MiB."
            raise Refused(Failure(Kind.TOO_LARGE, message, status=413)) from None
        if len(body) > len(raw) and not self._may_hold(len(body)):
            raise Refused(Failure(Kind.TOO_LARGE, NO_ROOM, status=503, retry_after_seconds=5))
        return body

    def _may_hold(self, more_bytes: int) -> bool:
        """Does the server, where it keeps count, have room for so much more?"""
        keeper = self.request.scope.get("extensions", {}).get("evenkeel.hold")  # type: ignore[attr-defined]
        return keeper is None or bool(keeper["hold"](more_bytes))

    async def call(self, raw: bytes, model: str, is_stream: bool | None) -> tuple[ClientCall, ClientRequest]:
        """The client's call; ``model`` and ``is_stream`` where the path says them; raises Refused."""
        return await beside_the_loop(weight(raw), lambda: self._read_call(raw, model, is_stream))

    def _read_call(self, raw: bytes, model: str, is_stream: bool | None) -> tuple[ClientCall, ClientRequest]:
        try:
            read = parsed(raw, self.dialect.usual_form, has_rules=bool(self.caller and self.caller.limits))
            inspected = self.dialect.inspect(read.body, self.headers)
            model = checked_name(model or inspected.model)
        except BadRequest as error:
            raise Refused(Failure(Kind.BAD_REQUEST, str(error), status=400)) from None
        key_id = self.caller.id if self.caller else 0
        named = f"{key_id}\n{inspected.session_id}\n{inspected.session_seed}"
        seeded = hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        speaker = speaker_of(self.headers, read.body, key_id, seeded)
        call = client_call(
            self.dialect,
            read,
            inspected,
            self.headers,
            model=model,
            is_stream=inspected.is_stream if is_stream is None else is_stream,
            session=speaker.session or seeded,
            speaker=speaker,
        )
        self.asked, self.preview = call, inspected.preview
        return call, inspected

    async def in_its_session(self, call: ClientCall, inspected: ClientRequest) -> ClientCall:
        """The call; one that continues an answer that upstream holds is of the session of that answer."""
        if not inspected.previous_message:
            return call
        session = await self.runtime.memory.session_of(inspected.previous_message)
        if session:
            speaker = in_session(call.speaker, call.session, session)
            self.asked = call = msgspec.structs.replace(call, session=session, speaker=speaker)
        return call

    def targets(self, call: ClientCall) -> tuple[Target, ...]:
        """The upstream models that may serve it, in order; raises Refused with a 404, or 403."""
        caller = self.caller
        if caller is not None and caller.limits is not None:
            _refuse_if(refused_model(caller.limits, caller.name, call.model))
        targets = self.runtime.pool.roster.targets(call.model, call.speaker.role)
        if targets is None:
            message = f"The model {call.model!r} is neither mapped nor offered by an account."
            raise Refused(Failure(Kind.UNKNOWN_MODEL, message, status=404))
        if caller is not None and caller.limits is not None:
            return self._allowed(caller.name, caller.limits, call, targets)
        return targets

    def _allowed(
        self, name: str, limits: KeyLimits, call: ClientCall, targets: tuple[Target, ...]
    ) -> tuple[Target, ...]:
        """Those of the targets that the key may ask; raises Refused with a 403."""
        _refuse_if(refused_effort(limits, name, lambda: self.dialect.thinking(call.body)))
        allowed = allowed_targets(limits, name, call.model, targets)
        if isinstance(allowed, Failure):
            raise Refused(allowed)
        return allowed

    async def count(self) -> None:
        """Count the request among those of its key, if that has such limits; raises Refused with a 429.

        The last of the rules: what another one refuses is not counted.
        """
        caller, counter = self.caller, self.runtime.limits
        if caller is None or counter is None:
            return
        admitted = await counter.admit(caller, caller.limits)
        if isinstance(admitted, Failure):
            standings = counter.counts.standings(caller.id, caller.limits.limits if caller.limits else ())
            raise Refused(admitted, headers(self.dialect.recorded_as, standings, time.time()))
        self._allowance = admitted

    def refuse_while_draining(self) -> None:
        """Asked behind everything that is waited for; raises Refused with a 503."""
        if self.runtime.is_draining:
            raise Refused(Failure(Kind.DRAINING, "The server is restarting.", 503, retry_after_seconds=5))

    def leave(self) -> None:
        """Give back what the key was let use, where no record has come to take it over."""
        allowance, self._allowance = self._allowance, None
        if allowance is not None:
            allowance.give_back()

    def recorder(self, call: ClientCall, preview: str, *, keeps_bodies: bool = True) -> Recorder:
        """The record of this exchange, whose row is visible from now on."""
        settings, caller = self.runtime.settings, self.caller
        keys = presented_keys(self.headers, self._query)
        known = known_secrets(tuple(keys), self.runtime.others())
        submit, bodies = self.runtime.writer.submit, None
        if keeps_bodies and settings.records_bodies and caller is not None and caller.record_bodies:
            bodies = RecordedBodies(submit, self.request_id, settings.body_cap_bytes, known)
        recorder = Recorder(
            submit,
            new_record(
                self.runtime,
                self.request_id,
                self.started_at,
                dialect=self.dialect.recorded_as,
                method=self.request.method or "POST",
                path=self.request.get_full_path(),
                client_key=caller.name if caller else "",
                client_key_id=caller.id if caller else None,
                client_model=call.model,
                is_stream=call.is_stream,
                preview=known.mask_plain_text(preview),
                session_hash=call.session,
                **told_of(call.speaker),
                request_bytes=len(call.raw),
                diagnostics=key_groups(caller.limits if caller else None),
            ),
            call,
            at=self.elapsed,
            bodies=bodies,
        )
        recorder.allowance, self._allowance = self._allowance, None
        return recorder

    def refuse(self, refusal: Refused) -> HttpResponseBase:
        """The answer to a request that is not served, and its row."""
        failure = refusal.failure
        status = failure.status or 400
        is_for_its_key = failure.rule.is_keys
        if is_for_its_key and self.caller is not None:
            metrics.REFUSED_BY_LIMITS.labels(failure.kind.value).inc()
        limit = key_refusals if self.caller is not None else refusals
        if not is_for_its_key or limit.allows_row():
            raw = b"" if is_for_its_key else self.request.body
            unread = ClientCall(self.dialect, {}, raw, self.headers, "", False, "")
            recorder = self.recorder(self.asked or unread, self.preview, keeps_bodies=not is_for_its_key)
            recorder.refused(failure, status)
        response = error_response(
            self.dialect,
            self.request_id,
            status,
            failure.message,
            failure,
            retry_after_seconds=failure.retry_after_seconds,
        )
        identify(response, self.dialect, self.request_id)
        for name, value in refusal.headers:
            response[name] = value
        if failure.kind is Kind.OVER_BUDGET:
            response["x-should-retry"] = "false"  # the official SDKs would hammer a 429 else
        if failure is CAME_BACK:
            response[HOPS] = self.runtime.instance  # that is how the sender knows itself again
        return response


async def admitted(
    request: HttpRequest, dialect: Dialect, serve: Callable[[Admission], Awaitable[HttpResponseBase]]
) -> HttpResponseBase:
    """What ``serve`` answers; where it raises Refused, that is the answer."""
    admission = Admission(request, dialect)
    try:
        return await serve(admission)
    except Refused as refusal:
        return admission.refuse(refusal)
    finally:
        admission.leave()
