"""The relay's paths as Ninja routers: parse the path, one call, respond. No rule lives here."""

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from ninja import NinjaAPI, Router

from relay.dialects.client_side import Path
from relay.dialects.interface import Dialect
from relay.dialects.registry import DIALECTS
from relay.exchange.service import refuse_path, serve_generation
from relay.front.health import health, metrics_page, readiness
from relay.front.key_usage_path import key_usage
from relay.short.catalog import one_model, several_models
from relay.short.counting import count_tokens
from relay.short.embedding import embed

router = Router()


async def _serve(request: HttpRequest, dialect: Dialect, path: Path, model: str) -> HttpResponseBase:
    """What a client POSTs to one of its dialect's paths; ``model`` where the path names it."""
    model = model.removeprefix("models/")
    match path.serves:
        case "generation":
            form = "sse" if path.form == "array" and request.GET.get("alt") == "sse" else path.form
            return await serve_generation(request, dialect, model=model, is_stream=path.is_stream, form=form)
        case "counting":
            return await count_tokens(request, dialect, model)
        case "embedding":
            return await embed(request, dialect, path.embedding_form, model)
        case "nothing":
            return await refuse_path(
                request, dialect, f"There is no method {model.rpartition(':')[2]!r} here."
            )


def _add(dialect: Dialect, path: Path) -> None:
    """Make one path of ``dialect`` a path of the API."""

    async def in_path(request: HttpRequest, model: str) -> HttpResponseBase:
        return await _serve(request, dialect, path, model)

    async def in_body(request: HttpRequest) -> HttpResponseBase:
        return await _serve(request, dialect, path, "")

    content = {"application/json": {"schema": {"type": "object"}, "example": path.example}}
    router.post(
        path.path,
        operation_id=f"{dialect.name} {path.path}",
        summary=path.path.rpartition("/")[2].replace("{path:model}", "model"),
        include_in_schema=path.example is not None,
        openapi_extra={"requestBody": {"required": True, "content": content}},
    )(in_path if "{path:model}" in path.path else in_body)


for _dialect in DIALECTS:
    for _path in _dialect.paths:
        _add(_dialect, _path)


@router.get("/v1alpha/models", include_in_schema=False)
@router.get("/v1beta/models")
@router.get("/v1/models")
async def models(request: HttpRequest) -> HttpResponseBase:
    """The models that can be asked for, in the caller's dialect."""
    return await several_models(request)


@router.get("/v1alpha/models/{path:model}", include_in_schema=False)
@router.get("/v1beta/models/{path:model}")
@router.get("/v1/models/{path:model}")
async def one(request: HttpRequest, model: str) -> HttpResponseBase:
    """One model; a name may hold a colon, but what ends in a method is asked by POST."""
    return await one_model(request, model)


@router.get("/v1/usage")
async def usage(request: HttpRequest) -> HttpResponseBase:
    """The key's own limits and figures: JSON, or CSV with ``format=csv``."""
    return await key_usage(request)


@router.api_operation(["HEAD"], "/", include_in_schema=False)
async def probe(request: HttpRequest) -> HttpResponse:
    """What clients ask at their start: is anybody there?"""
    return HttpResponse()


@router.post("/v1/api/event_logging{path:rest}", include_in_schema=False)
@router.post("/api/event_logging{path:rest}", include_in_schema=False)
async def telemetry(request: HttpRequest, rest: str) -> HttpResponse:
    """Clients' telemetry: taken, and thrown away."""
    return HttpResponse()


@router.api_operation(["HEAD"], "/healthz", include_in_schema=False)
@router.get("/healthz")
async def healthz(request: HttpRequest) -> HttpResponse:
    """Does the process live?"""
    return health()


@router.api_operation(["HEAD"], "/readyz", include_in_schema=False)
@router.get("/readyz")
async def readyz(request: HttpRequest) -> HttpResponse:
    """Can it serve: the database, and one usable account?"""
    return await readiness(request)


@router.api_operation(["HEAD"], "/metrics", include_in_schema=False)
@router.get("/metrics")
async def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus."""
    return await metrics_page(request)


_UNUSED = HttpResponse()


class RelayApi(NinjaAPI):
    """Ninja without the response that it makes for each request: no view here fills it."""

    def create_temporal_response(self, request: HttpRequest) -> HttpResponse:
        """The one that nobody fills; what a view returns is the whole response."""
        return _UNUSED


api = RelayApi(title="Evenkeel", docs_url=None, openapi_url=None)  # relay/front/openapi.py has both
api.add_router("", router)
