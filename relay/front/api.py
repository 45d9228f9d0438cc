"""The relay's paths as Ninja routers: parse the path, one call, respond. No rule lives here."""

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from ninja import NinjaAPI, Router

from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.gemini import GEMINI
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from relay.exchange.service import refuse_path, serve_generation
from relay.front.health import health, metrics_page, readiness
from relay.short.catalog import one_model, several_models
from relay.short.counting import count_tokens
from relay.short.embedding import embed

METHODS = frozenset(
    {"streamGenerateContent", "generateContent", "countTokens", "embedContent", "batchEmbedContents"}
)
"""Gemini's methods, as they stand behind a model's name."""

router = Router()


def _takes(example: dict[str, Any]) -> dict[str, Any]:
    """What the description says of a body: a JSON object, such as ``example``."""
    content = {"application/json": {"schema": {"type": "object"}, "example": example}}
    return {"requestBody": {"required": True, "content": content}}


_MESSAGES: dict[str, Any] = {
    "model": "claude-sonnet-4-6",
    "messages": [{"role": "user", "content": "Hello."}],
}
_CHAT: dict[str, Any] = {"model": "gpt-6-sol", "messages": _MESSAGES["messages"]}
_CONTENTS: dict[str, Any] = {"contents": [{"role": "user", "parts": [{"text": "Hello."}]}]}


@router.post("/v1/messages", openapi_extra=_takes({**_MESSAGES, "max_tokens": 1024}))
async def messages(request: HttpRequest) -> HttpResponseBase:
    """Anthropic Messages."""
    return await serve_generation(request, ANTHROPIC)


@router.post("/v1/messages/count_tokens", openapi_extra=_takes(_MESSAGES))
async def anthropic_count(request: HttpRequest) -> HttpResponseBase:
    """Anthropic's token counter."""
    return await count_tokens(request, ANTHROPIC, "")


@router.post("/v1/chat/completions", openapi_extra=_takes(_CHAT))
async def chat_completions(request: HttpRequest) -> HttpResponseBase:
    """OpenAI chat completions."""
    return await serve_generation(request, OPENAI_CHAT)


@router.post("/v1/responses", openapi_extra=_takes({"model": "gpt-6-sol", "input": "Hello."}))
async def responses(request: HttpRequest) -> HttpResponseBase:
    """OpenAI responses."""
    return await serve_generation(request, OPENAI_RESPONSES, form="responses")


@router.post("/v1/embeddings", openapi_extra=_takes({"model": "text-embedding-3-small", "input": "Hello."}))
async def embeddings(request: HttpRequest) -> HttpResponseBase:
    """OpenAI embeddings."""
    return await embed(request, OPENAI_CHAT, "embeddings", "")


@router.post("/v1alpha/models/{path:name}", include_in_schema=False)
@router.post("/v1beta/models/{path:name}", openapi_extra=_takes(_CONTENTS))
@router.post("/v1/models/{path:name}", openapi_extra=_takes(_CONTENTS))
async def gemini(request: HttpRequest, name: str) -> HttpResponseBase:
    """Gemini's methods: ``MODEL:METHOD``."""
    model, _, method = name.rpartition(":")
    model = model.removeprefix("models/")
    match method:
        case "streamGenerateContent":
            form: Literal["sse", "array"] = "sse" if request.GET.get("alt") == "sse" else "array"
            return await serve_generation(request, GEMINI, model=model, is_stream=True, form=form)
        case "generateContent":
            return await serve_generation(request, GEMINI, model=model, is_stream=False)
        case "countTokens":
            return await count_tokens(request, GEMINI, model)
        case "embedContent" | "batchEmbedContents":
            return await embed(request, GEMINI, method, model)
        case _:
            return refuse_path(request, GEMINI, f"There is no method {method!r} here.")


@router.get("/v1alpha/models", include_in_schema=False)
@router.get("/v1beta/models")
@router.get("/v1/models")
async def models(request: HttpRequest) -> HttpResponseBase:
    """The models that can be asked for, in the caller's dialect."""
    return await several_models(request)


@router.get("/v1alpha/models/{path:name}", include_in_schema=False)
@router.get("/v1beta/models/{path:name}")
@router.get("/v1/models/{path:name}")
async def model(request: HttpRequest, name: str) -> HttpResponseBase:
    """One model; a name may hold a colon, but what ends in a method is asked by POST."""
    if name.rpartition(":")[2] in METHODS:
        return HttpResponseNotAllowed(["POST"])
    return await one_model(request, name)


@router.api_operation(["HEAD"], "/", include_in_schema=False)
async def probe(request: HttpRequest) -> HttpResponse:
    """What clients ask at their start: is anybody there?"""
    return HttpResponse()


@router.post("/v1/api/event_logging{path:rest}", include_in_schema=False)
@router.post("/api/event_logging{path:rest}", include_in_schema=False)
async def telemetry(request: HttpRequest, rest: str) -> HttpResponse:
    """Clients' telemetry: taken, and thrown away."""
    return HttpResponse()


@router.get("/healthz")
async def healthz(request: HttpRequest) -> HttpResponse:
    """Does the process live?"""
    return health()


@router.get("/readyz")
async def readyz(request: HttpRequest) -> HttpResponse:
    """Can it serve: the database, and one usable account?"""
    return await readiness()


@router.get("/metrics")
async def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus."""
    return metrics_page()


api = NinjaAPI(title="Evenkeel", docs_url=None, openapi_url=None)  # relay/front/openapi.py has both
api.add_router("", router)
