"""Send a recorded exchange again, as it was, on a chosen account, or to the simulator, when an operator asks.

It runs like any exchange, in this process, and its row names the one that it repeats. What was masked when it
was stored stays masked; a body that was not kept whole cannot be sent again.
"""

import asyncio
import time
from decimal import Decimal
from typing import Final, Literal, cast

import msgspec
from django.http import StreamingHttpResponse
from django.utils.translation import gettext

from accounts.groups.scope import Binding, from_text
from accounts.loaded.client_keys import KeyRing
from accounts.mapping import Target
from monitor.masking.known import known_secrets
from monitor.models import Body
from monitor.record.records import RequestRecord
from monitor.record.redacting.redaction import MASK
from relay.admission.key_rules import allowed_targets
from relay.admission.request_body import parsed
from relay.dialects.interface import ClientRequest, Dialect
from relay.dialects.registry import path_at
from relay.engine.attempts import serve as serve_exchange
from relay.engine.retrying.fallbacks import Fallbacks
from relay.exchange.client_call import client_call
from relay.exchange.large_bodies import beside_the_loop
from relay.exchange.performing.exchange_hands import ExchangeHands
from relay.exchange.performing.wanting import fallbacks_of
from relay.exchange.record.new_record import new_id, new_record, told_of
from relay.exchange.record.recorded_bodies import RecordedBodies
from relay.exchange.record.recording import Recorder
from relay.exchange.response.responses import respond
from relay.exchange.runtime import Runtime, runtime
from relay.exchange.served_exchange import ServedExchange
from relay.neutral.failures import BadRequest, Failure
from relay.replay.simulated import simulated_runtime
from relay.speakers.speaker import Role, Speaker
from relay.upstream.request import ClientCall

_BINDINGS: Final = ("groups", "key_groups")
"""Where a row has the groups of key and mapping, where one was to be asked, and those of the key alone."""


class CannotReplay(Exception):
    """The exchange cannot be sent again; the text says why."""


def dialect_of(path: str) -> tuple[Dialect, Literal["sse", "array", "responses"]]:
    """Dialect and form of stream of a recorded path; raises CannotReplay."""
    before, _, query = path.partition("?")
    found = path_at(before)
    if found is None or found[1].serves != "generation":
        raise CannotReplay(gettext("Only requests for an answer can be sent again."))
    dialect, known = found
    return dialect, "sse" if known.form == "array" and "alt=sse" in query.split("&") else known.form


def recorded_call(row: RequestRecord, body: Body | None) -> ClientCall:
    """The client's call as it is kept; raises CannotReplay."""
    dialect, _ = dialect_of(row.path)
    if body is None or body.is_capped or not body.total_bytes:
        raise CannotReplay(gettext("The body of this request was not kept, or not as a whole."))
    if not body.content:
        raise CannotReplay(gettext("The store of bodies does not give the body of this request now."))
    headers = {name.lower(): value for name, value in body.header_pairs() if MASK not in value}
    try:
        read = parsed(body.data(), dialect.usual_form)
        inspected = dialect.inspect(read.body, headers)
    except BadRequest as error:
        raise CannotReplay(str(error)) from None
    return client_call(
        dialect,
        read,
        inspected,
        headers,
        model=row.client_model,
        is_stream=row.is_stream,
        session=row.session_hash,
        speaker=_speaker_of(row),
    )


def _speaker_of(row: RequestRecord) -> Speaker:
    """Who asked it, as it is on record."""
    return Speaker(
        conversation=row.conversation,
        agent=row.agent,
        parent=row.parent_agent,
        label=row.agent_label,
        client=row.client_name,
        role=cast(Role, row.role),
    )


async def begin(
    row: RequestRecord,
    call: ClientCall,
    by: str,
    *,
    served_by: Runtime,
    targets: tuple[Target, ...],
    only: int | None = None,
    simulated: str = "",
) -> ServedExchange:
    """The exchange once more, to be started in a task of its own; raises CannotReplay.

    ``only`` is the account that may be asked, ``simulated`` says that it is the simulator, and how it fails.
    """
    try:
        inspected, fallbacks = await beside_the_loop(call.weight, lambda: _looked_into(call, targets))
    except BadRequest as error:
        raise CannotReplay(str(error)) from None
    form = dialect_of(row.path)[1]
    loop = asyncio.get_running_loop()
    admitted_at, started_at = loop.time(), time.time()
    new = new_record(
        runtime(),
        new_id(started_at),
        started_at,
        dialect=row.dialect,
        method=row.method,
        path=row.path,
        client_key=row.client_key,
        client_model=row.client_model,
        is_stream=row.is_stream,
        preview=row.preview,
        session_hash=row.session_hash,
        **told_of(call.speaker),
        request_bytes=len(call.raw),
        replay_of=row.id,
        is_simulated=bool(simulated),
        cost=Decimal(0) if simulated else None,
        diagnostics={
            "replayed_by": by,
            **({"simulator": simulated} if simulated else {}),
            **{name: row.diagnostics[name] for name in _BINDINGS if row.diagnostics.get(name)},
        },
    )
    submit, settings = served_by.writer.submit, served_by.settings
    bodies = None
    if settings.records_bodies:
        known = known_secrets((), served_by.upstream.others())
        bodies = RecordedBodies(submit, new.id, settings.body_cap_bytes, known)
    recorder = Recorder(
        submit,
        new,
        call,
        at=lambda: loop.time() - admitted_at,
        bodies=bodies,
    )
    hands = ExchangeHands(served_by, call, targets, recorder, form, inspected.wants_usage, only)
    limits = served_by.settings.limits(call.dialect)
    engine = serve_exchange(limits, len(targets), not call.is_stream, fallbacks)
    return ServedExchange(served_by, hands, engine, admitted_at, form)


def _looked_into(call: ClientCall, targets: tuple[Target, ...]) -> tuple[ClientRequest, Fallbacks]:
    return call.dialect.inspect(call.body, call.headers), fallbacks_of(call, targets)


async def upstream_again(
    row: RequestRecord, call: ClientCall, by: str, account: int | None
) -> ServedExchange:
    """To be asked of the accounts, or of one; raises CannotReplay."""
    current = runtime()
    targets = current.pool.roster.targets(call.model, row.role)
    if current.is_draining or targets is None:
        raise CannotReplay(gettext("No account offers this model now."))
    targets = within_its_groups(current.accounts.keys, row, targets)
    return await begin(row, call, by, served_by=current, targets=targets, only=account)


def within_its_groups(keys: KeyRing, row: RequestRecord, targets: tuple[Target, ...]) -> tuple[Target, ...]:
    """What the key may ask now; of a key that is gone, what it was bound to then. Raises CannotReplay."""
    caller = keys.of_id(row.client_key_id)
    if caller is None:
        told = [from_text(str(row.diagnostics.get(name) or "")) for name in _BINDINGS]
        bindings = frozenset[Binding]().union(*told)
        if row.client_key_id and not bindings and not row.attempts:
            raise CannotReplay(
                gettext("The key of this request is gone, and whom it might ask is not known.")
            )
        return tuple(
            msgspec.structs.replace(target, bindings=target.bindings | bindings) for target in targets
        )
    if caller.limits is None:
        return targets
    allowed = allowed_targets(caller.limits, caller.name, row.client_model or "", targets)
    if isinstance(allowed, Failure):
        raise CannotReplay(allowed.message)
    return allowed


async def serve(served: ServedExchange) -> None:
    """Be the client: read the answer to its end."""
    served.start()
    response = await respond(served)
    if isinstance(response, StreamingHttpResponse):
        async for _ in response:
            pass


async def simulate(
    row: RequestRecord,
    call: ClientCall,
    by: str,
    target: Target,
    fault: str,
    is_everywhere: bool,
    started: "asyncio.Future[ServedExchange]",
) -> None:
    """Run it before a simulator that lives as long as it; ``started`` is told the exchange, or why not."""
    said = gettext("no fault")
    if fault:
        said = gettext("%(fault)s at every attempt") if is_everywhere else gettext("%(fault)s at first")
        said %= {"fault": fault}
    try:
        async with simulated_runtime(runtime(), target, fault, is_everywhere=is_everywhere) as served_by:
            served = await begin(row, call, by, served_by=served_by, targets=(target,), simulated=said)
            if not started.cancelled():  # whoever asked for it has left: it goes on
                started.set_result(served)
            await asyncio.create_task(serve(served))  # its own task: the end of that is the exchange's end
            await served.driver.wait()
    except Exception as error:
        if started.done():
            raise
        started.set_exception(error)
