"""The model lists, in the shape of whoever asks: exact mapping names, targets, and what accounts offer.

An account without a list of its own offers upstream's list; where upstream gives none, the model table.
"""

from functools import partial
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.facts.known_models import facts_for, vendor_of
from accounts.groups.scope import ANYONE, Scope
from accounts.snapshot import AccountView
from relay.admission.key_rules import allowed_targets, refused_model, scope_of
from relay.admission.model_name import checked_name
from relay.admission.request_headers import headers_of
from relay.dialects.interface import Dialect
from relay.dialects.registry import dialect_of_list
from relay.exchange.admitting import Admission, Refused, admitted
from relay.exchange.large_bodies import beside_the_loop
from relay.exchange.response.responses import identify
from relay.exchange.runtime import Runtime
from relay.neutral.conversation import Json
from relay.neutral.failures import BadRequest, Failure, Kind
from relay.short.listed_models import ModelPage, listed_models
from relay.short.model_pages import tells_models, whole_list
from relay.short.upstream_lists import UpstreamLists

_upstream_lists = UpstreamLists()


async def several_models(request: HttpRequest) -> HttpResponseBase:
    """``GET …/models``."""

    async def serve(admission: Admission) -> HttpResponseBase:
        admission.authenticate()
        dialect = admission.dialect
        scope = _scope(admission)
        names = [name for name in await _names(admission.runtime, scope) if _may_ask(admission, name) is None]
        answer = dialect.models.several(names, [_row(dialect, name) for name in names])
        return _json(answer, dialect, admission.request_id)

    return await admitted(request, dialect_of(request), serve)


async def one_model(request: HttpRequest, name: str) -> HttpResponseBase:
    """``GET …/models/NAME``."""

    async def serve(admission: Admission) -> HttpResponseBase:
        admission.authenticate()
        _check(name)
        if (failure := _may_ask(admission, name)) is not None:
            raise Refused(failure)
        pool, scope = admission.runtime.pool, _scope(admission)
        if pool.roster.targets(name) is None or (scope != ANYONE and not pool.roster.is_served(name, scope)):
            message = f"The model {name!r} is neither mapped nor offered by an account."
            raise Refused(Failure(Kind.UNKNOWN_MODEL, message, status=404))
        return _json(_row(admission.dialect, name), admission.dialect, admission.request_id)

    return await admitted(request, dialect_of(request), serve)


def _may_ask(admission: Admission, name: str) -> Failure | None:
    """Why the caller's key may not ask for the model, nor for what it is mapped to; None where it may."""
    caller = admission.caller
    if caller is None or caller.limits is None:
        return None
    refused = refused_model(caller.limits, caller.name, name)
    targets = None if refused is not None else admission.runtime.pool.roster.targets(name)
    if targets is None:
        return refused
    allowed = allowed_targets(caller.limits, caller.name, name, targets)
    return allowed if isinstance(allowed, Failure) else None


def _scope(admission: Admission) -> Scope:
    """The accounts that may serve the caller's key."""
    return scope_of(admission.caller.limits if admission.caller else None)


def _check(name: str) -> None:
    try:
        checked_name(name)
    except BadRequest as error:
        raise Refused(Failure(Kind.BAD_REQUEST, str(error), status=400)) from None


def dialect_of(request: HttpRequest) -> Dialect:
    """The dialect that a GET is to be answered in."""
    return dialect_of_list(request.path, headers_of(request), request.GET.dict())


async def _names(runtime: Runtime, scope: Scope) -> list[str]:
    able = [one for one in runtime.pool.roster.views() if one.enabled and scope.admits(one.kind, one.groups)]
    unlisted = [one for one in able if not one.models and tells_models(one.kind)]
    fetched = await _upstream_lists.of(unlisted, partial(_upstream_list, runtime))
    return runtime.pool.roster.model_names(
        {account: names for account, names in fetched.items() if names}, scope
    )


async def _upstream_list(runtime: Runtime, account: AccountView) -> list[str] | None:
    headers = {"anthropic-version": "2023-06-01"} if account.kind == "anthropic" else {}

    async def ask(path: str) -> tuple[int, bytes] | Failure:
        answer = await runtime.upstream.get(account, path, headers)
        return answer if isinstance(answer, Failure) else (answer[0], answer[2])

    async def read(content: bytes) -> ModelPage | None:
        return await beside_the_loop(len(content), lambda: listed_models(content))

    return await whole_list(account.kind, ask, read)


def _row(dialect: Dialect, name: str) -> Json:
    return dialect.models.one(name, facts_for(name), vendor_of(name) or "")


def _json(answer: Any, dialect: Dialect, request_id: str) -> HttpResponse:
    response = HttpResponse(msgspec.json.encode(answer), content_type="application/json")
    identify(response, dialect, request_id)
    return response
