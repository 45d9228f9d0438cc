"""The operator's page for sending a recorded exchange again: what it costs, and whom to ask."""

import asyncio
import re

from asgiref.sync import sync_to_async
from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext
from django.views.decorators.http import require_GET, require_POST

from accounts.mapping import Target
from accounts.models import Account
from monitor.history.listing.keyset import attempts_of, records_by_id
from monitor.models import Body, RequestLog
from monitor.object_store.reading import fetched
from monitor.pages.access import for_operators
from monitor.record.records import BodyKind, RequestRecord
from monitor.record.redacting.redaction import MASK
from relay.exchange.served_exchange import ServedExchange
from relay.replay.resend import CannotReplay, recorded_call, serve, simulate, upstream_again
from relay.replay.simulated import EVERY, faults_for, simulated_target

WAIT_SECONDS = 30.0
"""How long the operator's browser waits for the end; a longer answer goes on by itself."""
VISIBLE_SECONDS = 2.0
"""The new row is written within a flush or two (50 ms each); a slow store is given this long."""
VISIBLE_LOOKS = 40

_under_way: set[asyncio.Task[None]] = set()


@require_GET
@for_operators
def replay_page(request: HttpRequest, request_id: str) -> HttpResponseBase:
    """What would be sent, to whom, and about what it costs."""
    row, body = _recorded(request_id)
    target = _simulated_target(row)
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
        "simulated_kind": Account.kind_name(next(iter(target.kinds))),
        "simulated_model": target.model,
        "faults": [(one.name, one.spec(), one.description) for one in faults_for(target)],
        "every": EVERY,
        "reason": reason,
        "is_masked": body is not None and bool(body.content) and MASK.encode() in body.data(),
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
    by = (await request.auser()).get_username()
    loop = asyncio.get_running_loop()
    try:
        call = await asyncio.to_thread(recorded_call, row, body)
        if request.POST.get("to") == "simulator":
            target = await sync_to_async(_simulated_target)(row)
            known = {one.name for one in await sync_to_async(faults_for)(target)}
            fault = request.POST.get("fault", "")
            if fault and fault not in known:
                raise CannotReplay(gettext("The simulator does not know this fault."))
            started: asyncio.Future[ServedExchange] = loop.create_future()
            is_everywhere = request.POST.get("attempts") == EVERY
            task = loop.create_task(simulate(row, call, by, target, fault, is_everywhere, started))
            _hold(task)
            served = await started
        else:
            served = await upstream_again(row, call, by, account_id(chosen))
            task = loop.create_task(serve(served))
            _hold(task)
    except CannotReplay as error:
        messages.error(request, str(error))
        return redirect("replay", request_id)
    await asyncio.wait([task], timeout=WAIT_SECONDS)
    await _until_visible(served.request_id)
    return redirect("monitor:compare", row.id, served.request_id)


def account_id(chosen: str) -> int | None:
    """The account that was chosen in the form; None for any, and for what is no id."""
    return int(chosen) if re.fullmatch(r"[0-9]{1,18}", chosen) else None


def _hold(task: asyncio.Task[None]) -> None:
    """The loop holds its tasks weakly; this one goes on though the operator may leave."""
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)


def _simulated_target(row: RequestRecord) -> Target:
    """The model and the kind of account that served it the last time."""
    attempts = attempts_of([row])[row.id]
    kind = attempts[-1].account_kind if attempts else None
    return simulated_target(row.dialect, kind, row.mapped_model or row.client_model)


def _recorded(request_id: str) -> tuple[RequestRecord, Body | None]:
    found = records_by_id([request_id])
    if not found:
        raise Http404
    kind = BodyKind.CLIENT_REQUEST.value
    # The content comes here, where waiting is allowed.
    return found[0], next(fetched(Body.objects.filter(request_id=request_id, kind=kind)[:1]), None)


async def _until_visible(request_id: str) -> None:
    written = RequestLog.objects.filter(id=request_id, in_flight=False)
    for _ in range(VISIBLE_LOOKS):
        if await written.aexists():
            return
        await asyncio.sleep(VISIBLE_SECONDS / VISIBLE_LOOKS)
