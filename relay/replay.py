"""Send a recorded exchange again, as it was or on a chosen account, when an operator asks for it.

It runs like any exchange, in this process, and its row names the one that it repeats. What was masked when it
was stored stays masked; a body that was not kept whole cannot be sent again.
"""

import asyncio
import os
import time
from typing import Literal

import msgspec
from asgiref.sync import sync_to_async
from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from accounts.models import Account
from monitor.access import for_operators
from monitor.history import records_by_id
from monitor.models import Body, RequestLog
from monitor.records import BodyKind, RequestRecord
from monitor.redaction import MASK
from monitor.request_id import RANDOM_BYTES, new_request_id
from relay.bodies import parsed
from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.gemini import GEMINI
from relay.dialects.interface import Dialect
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from relay.engine.commands import Around, LookAround, PickAccount, Picked
from relay.exchange import Exchange
from relay.failures import BadRequest, Failure, Kind
from relay.recording import Recorder
from relay.responses import respond
from relay.running import Running
from relay.runtime import runtime
from relay.upstream_request import ClientCall

WAIT_SECONDS = 30.0
"""How long the operator's browser waits for the end; a longer answer goes on by itself."""
VISIBLE_SECONDS = 2.0
"""The new row is written within a flush or two (50 ms each); a slow store is given this long."""
VISIBLE_LOOKS = 40

_under_way: set[asyncio.Task[None]] = set()


class CannotReplay(Exception):
    """The exchange cannot be sent again; the text says why."""


class OnOneAccount(Exchange):
    """An exchange that asks one account and no other."""

    only: int

    async def pick(self, command: PickAccount) -> Picked | Failure:
        """That account, with whatever marks it has."""
        picked = await super().pick(msgspec.structs.replace(command, stay_on=self.only))
        if isinstance(picked, Picked) and picked.account != self.only:
            self.release()
            message = "The chosen account is disabled, busy, or does not offer this model."
            return Failure(Kind.NO_ACCOUNT, message, 503)
        return picked

    def look_around(self, command: LookAround) -> Around:
        """Nobody else."""
        around = super().look_around(command)
        return msgspec.structs.replace(around, another_is_free=False)


def dialect_of(path: str) -> tuple[Dialect, Literal["sse", "array", "responses"]]:
    """Dialect and form of stream of a recorded path; raises CannotReplay."""
    before, _, query = path.partition("?")
    if before == "/v1/messages":
        return ANTHROPIC, "sse"
    if before == "/v1/chat/completions":
        return OPENAI_CHAT, "sse"
    if before == "/v1/responses":
        return OPENAI_RESPONSES, "responses"
    if before.endswith((":streamGenerateContent", ":generateContent")):
        return GEMINI, "sse" if "alt=sse" in query.split("&") else "array"
    raise CannotReplay(gettext("Only requests for an answer can be sent again."))


def recorded_call(row: RequestRecord, body: Body | None) -> ClientCall:
    """The client's call as it is kept; raises CannotReplay."""
    dialect, _ = dialect_of(row.path)
    if body is None or body.is_capped or not body.total_bytes:
        raise CannotReplay(gettext("The body of this request was not kept, or not as a whole."))
    raw = body.data()
    try:
        parsed_body = parsed(raw)
    except BadRequest as error:
        raise CannotReplay(str(error)) from None
    headers = {name.lower(): value for name, value in body.header_pairs() if MASK not in value}
    return ClientCall(
        dialect=dialect,
        body=parsed_body,
        raw=raw,
        headers=headers,
        model=row.client_model,
        is_stream=row.is_stream,
        session=row.session_hash,
    )


def begin(row: RequestRecord, call: ClientCall, account: int | None, by: str) -> Running:
    """The exchange once more, to be started in a task of its own; raises CannotReplay."""
    current = runtime()
    targets = current.pool.targets(call.model)
    if current.is_draining or targets is None:
        raise CannotReplay(gettext("No account offers this model now."))
    try:
        inspected = call.dialect.inspect(call.body, call.headers)
    except BadRequest as error:
        raise CannotReplay(str(error)) from None
    form = dialect_of(row.path)[1]
    loop = asyncio.get_running_loop()
    admitted_at, started_at = loop.time(), time.time()
    new = RequestRecord(
        id=new_request_id(int(started_at * 1000), os.urandom(RANDOM_BYTES)),
        started_at=started_at,
        process_id=current.accounts.process_id,
        dialect=row.dialect,
        method=row.method,
        path=row.path,
        client_key=row.client_key,
        client_model=row.client_model,
        is_stream=row.is_stream,
        preview=row.preview,
        session_hash=row.session_hash,
        request_bytes=len(call.raw),
        replay_of=row.id,
        in_flight=True,
        diagnostics={"replayed_by": by},
    )
    recorder = Recorder(
        current.writer.submit,
        new,
        call,
        at=lambda: loop.time() - admitted_at,
        records_bodies=current.settings.records_bodies,
        body_cap_bytes=current.settings.body_cap_bytes,
    )
    kind = Exchange if account is None else OnOneAccount
    exchange = kind(current, call, targets, recorder, form, inspected.wants_usage)
    if isinstance(exchange, OnOneAccount) and account is not None:
        exchange.only = account
    return Running(current, exchange, len(targets), admitted_at, form)


async def _serve(running: Running) -> None:
    """Be the client: read the answer to its end."""
    running.start()
    response = await respond(running)
    if isinstance(response, StreamingHttpResponse):
        async for _ in response:
            pass


@require_GET
@for_operators
def replay_page(request: HttpRequest, request_id: str) -> HttpResponseBase:
    """What would be sent, to whom, and about what it costs."""
    row, body = _recorded(request_id)
    try:
        recorded_call(row, body)
        reason = ""
    except CannotReplay as error:
        reason = str(error)
    context = {
        **admin.site.each_context(request),
        "title": gettext("Replay"),
        "record": row,
        "accounts": Account.objects.filter(enabled=True).order_by("kind", "email"),
        "reason": reason,
        "is_masked": body is not None and MASK.encode() in body.data(),
        "may_replay": request.user.has_perm("monitor.add_requestlog"),
    }
    return TemplateResponse(request, "relay/replay.html", context)


@require_POST
@for_operators
@permission_required("monitor.add_requestlog", raise_exception=True)
async def replay(request: HttpRequest, request_id: str) -> HttpResponseBase:
    """Send it, wait for its end for a while, and show both side by side."""
    row, body = await sync_to_async(_recorded)(request_id)
    chosen = request.POST.get("account", "")
    user = await request.auser()
    try:
        running = begin(
            row, recorded_call(row, body), int(chosen) if chosen.isdigit() else None, user.get_username()
        )
    except CannotReplay as error:
        messages.error(request, str(error))
        return redirect("replay", request_id)
    task = asyncio.get_running_loop().create_task(_serve(running))
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    await asyncio.wait([task], timeout=WAIT_SECONDS)
    await _until_visible(running.request_id)
    return redirect("monitor:compare", row.id, running.request_id)


def _recorded(request_id: str) -> tuple[RequestRecord, Body | None]:
    found = records_by_id([request_id])
    if not found:
        raise Http404
    kind = BodyKind.CLIENT_REQUEST.value
    return found[0], Body.objects.filter(request_id=request_id, kind=kind).first()


async def _until_visible(request_id: str) -> None:
    written = RequestLog.objects.filter(id=request_id, in_flight=False)
    for _ in range(VISIBLE_LOOKS):
        if await written.aexists():
            return
        await asyncio.sleep(VISIBLE_SECONDS / VISIBLE_LOOKS)
