"""The model lists, in the shape of whoever asks: exact mapping names, targets, and what accounts offer.

An account without a list of its own offers upstream's list, kept for an hour; where upstream gives none,
the model table.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import msgspec
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from accounts.facts.known_models import facts_for, vendor_of
from accounts.facts.model_facts import ModelFacts
from accounts.snapshot import AccountView
from relay.admission.model_name import checked_name
from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.gemini import GEMINI
from relay.dialects.interface import Dialect
from relay.dialects.openai import OPENAI_CHAT
from relay.exchange.responses import identify
from relay.exchange.runtime import Runtime
from relay.exchange.service import Admission, Refused
from relay.neutral.failures import BadRequest, Failure, Kind

LIST_SECONDS = 3600.0
"""How long upstream's own list is kept."""

_lists: dict[int, tuple[float, list[str]]] = {}


async def several_models(request: HttpRequest) -> HttpResponseBase:
    """``GET …/models``."""
    dialect = _dialect_of(request)
    admission = Admission(request, dialect)
    try:
        admission.authenticate()
    except Refused as refusal:
        return admission.refuse(refusal.failure)
    names = await _names(admission.runtime)
    match dialect.name:
        case "gemini":
            answer: Any = {"models": [_gemini_model(name) for name in names]}
        case "anthropic":
            answer = {
                "data": [_anthropic_model(name) for name in names],
                "has_more": False,
                "first_id": names[0] if names else None,
                "last_id": names[-1] if names else None,
            }
        case _:
            answer = {"object": "list", "data": [_openai_model(name) for name in names]}
    return _json(answer, dialect, admission.request_id)


async def one_model(request: HttpRequest, name: str) -> HttpResponseBase:
    """``GET …/models/NAME``."""
    dialect = _dialect_of(request)
    admission = Admission(request, dialect)
    try:
        admission.authenticate()
        _check(name)
        if admission.runtime.pool.targets(name) is None:
            message = f"The model {name!r} is neither mapped nor offered by an account."
            raise Refused(Failure(Kind.UNKNOWN_MODEL, message, status=404))
    except Refused as refusal:
        return admission.refuse(refusal.failure)
    match dialect.name:
        case "gemini":
            answer = _gemini_model(name)
        case "anthropic":
            answer = _anthropic_model(name)
        case _:
            answer = _openai_model(name)
    return _json(answer, dialect, admission.request_id)


def _check(name: str) -> None:
    try:
        checked_name(name)
    except BadRequest as error:
        raise Refused(Failure(Kind.BAD_REQUEST, str(error), status=400)) from None


def _dialect_of(request: HttpRequest) -> Dialect:
    """Who asks: Gemini's SDK shows its key header, Anthropic's its version, everybody else is OpenAI's."""
    is_googles = request.path.startswith(("/v1beta/", "/v1alpha/"))
    if is_googles or "x-goog-api-key" in request.headers or "key" in request.GET:
        return GEMINI
    return ANTHROPIC if "anthropic-version" in request.headers else OPENAI_CHAT


async def _names(runtime: Runtime) -> list[str]:
    unlisted = [a for a in runtime.pool.accounts() if a.enabled and not a.models]
    fetched = await asyncio.gather(*(_upstream_list(runtime, account) for account in unlisted))
    lists: dict[int, Sequence[str]] = {
        account.id: names for account, names in zip(unlisted, fetched, strict=True) if names
    }
    return runtime.pool.model_names(lists)


async def _upstream_list(runtime: Runtime, account: AccountView) -> list[str]:
    kept = _lists.get(account.id)
    now = time.monotonic()
    if kept is not None and now - kept[0] < LIST_SECONDS:
        return kept[1]
    path = {
        "gemini": "/v1beta/models?pageSize=1000",
        "anthropic": "/v1/models?limit=1000",
        "openai": "/v1/models",
    }
    if account.kind not in path:
        return []
    headers = {"anthropic-version": "2023-06-01"} if account.kind == "anthropic" else {}
    answer = await runtime.upstream.get(account, path[account.kind], headers)
    names = [] if isinstance(answer, Failure) or answer[0] != 200 else _listed(answer[2])
    _lists[account.id] = (now, names)
    return names


def _listed(content: bytes) -> list[str]:
    """The names in a list of any of the three shapes."""
    try:
        answer = msgspec.json.decode(content)
    except msgspec.DecodeError:
        return []
    rows = answer.get("models") or answer.get("data") if isinstance(answer, dict) else None
    names = [row.get("name") or row.get("id") for row in rows or [] if isinstance(row, dict)]
    return [name.removeprefix("models/") for name in names if isinstance(name, str)]


def _gemini_model(name: str) -> dict[str, Any]:
    facts = facts_for(name)
    return {
        "name": f"models/{name}",
        "version": name,
        "displayName": name,
        "description": "",
        "inputTokenLimit": facts.context_tokens,
        "outputTokenLimit": facts.max_output_tokens,
        "supportedGenerationMethods": ["generateContent", "countTokens"],
        "thinking": _thinks(facts),
    }


def _anthropic_model(name: str) -> dict[str, Any]:
    facts = facts_for(name)
    return {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": "1970-01-01T00:00:00Z",  # the API's own value for "not known"
        "lifecycle": "active",
        "max_input_tokens": facts.context_tokens,
        "max_tokens": facts.max_output_tokens,
    }


def _openai_model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": vendor_of(name) or "evenkeel"}


def _thinks(facts: ModelFacts) -> bool:
    return bool(facts.thinking_modes or facts.thinking_levels or facts.thinking_budget)


def _json(answer: Any, dialect: Dialect, request_id: str) -> HttpResponse:
    response = HttpResponse(msgspec.json.encode(answer), content_type="application/json")
    identify(response, dialect, request_id)
    return response
