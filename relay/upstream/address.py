"""Where a request goes and what is wrapped round its body: what an account's kind wants beside its dialect.

PURE. Paths: docs/wire.md section 4, and for Claude on Vertex AI what anthropic's own SDK (2.11.0) asks there.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final
from urllib.parse import quote, urlsplit

import msgspec

from accounts.kinds import Kind, default_base_url
from accounts.snapshot import AccountView
from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.interface import Dialect
from relay.dialects.openai import OPENAI_RESPONSES
from relay.dialects.registry import upstream_dialect
from relay.neutral.conversation import Json
from relay.upstream.request import UpstreamRequest

_VERSION = re.compile(r"/v\d+(beta\d*)?(/[a-z-]+)?$")
"""A version at the end, or before one word, as vendors print it: /v1beta/openai, /v2/coding, /api/v3."""
_UNVERSIONED_ROOTS: Final = ("/openapi", "/inference")
"""Roots that vendors print without a version, and that take none behind them."""
_ENDPOINTS: Final = ("/chat/completions", "/responses", "/embeddings", "/messages", "/models")
"""Whole endpoints that are pasted as a base URL: the root stands before them."""
_OWN_VERSION = re.compile(r"^/v\d+(beta\d*)?(?=/)")

FIRST_VERSION_ON_VERTEX: Final = "vertex-2023-10-16"
"""What stands for every anthropic-version before 2026-10-21 in a body to Vertex AI."""


def stream_url(account: AccountView, request: UpstreamRequest) -> str:
    """Where the streamed request goes, by account kind and dialect."""
    return _generation_url(account, request.dialect, request.model)


def asked_address(kind: Kind, base_url: str, project: str = "", location: str = "") -> str:
    """Where an account with these entries in its form is asked for an answer; MODEL stands for the model."""
    account = AccountView(
        id=0,
        email="",
        kind=kind,
        base_url=base_url.strip().rstrip("/") or default_base_url(kind, location.strip()),
        project=project.strip() or "PROJECT",
        location=location.strip(),
    )
    return _generation_url(account, upstream_dialect(kind), "MODEL")


def _generation_url(account: AccountView, dialect: Dialect, model: str) -> str:
    if is_claude_on_vertex(account, dialect):
        return address(account, claude_path(account, model, "streamRawPredict"))
    match account.kind:
        case "gemini" | "vertex" | "code_assist":
            return address(account, google_path(account, model, "streamGenerateContent") + "?alt=sse")
        case _:
            return address(account, dialect.upstream_path)


def counter_path(account: AccountView, model: str, dialect: Dialect) -> str | None:
    """Where the account counts tokens; None where it cannot."""
    if is_claude_on_vertex(account, dialect):
        return claude_path(account, "count-tokens", "rawPredict")
    match account.kind:
        case "gemini" | "vertex" | "code_assist":
            return google_path(account, model, "countTokens")
        case "anthropic":
            return "/v1/messages/count_tokens"
        case "openai" if dialect is OPENAI_RESPONSES:
            return "/v1/responses/input_tokens"
        case _:
            return None


def google_path(account: AccountView, model: str, method: str) -> str:
    """Where ``method`` of a Gemini model is, in the home that the account's kind names.

    On Vertex AI it is v1beta1, as Google's own SDK has it: continuation tokens are known nowhere else there.
    """
    name = quote(model, safe="")
    match account.kind:
        case "vertex":
            return f"/v1beta1{_vertex_place(account)}/publishers/google/models/{name}:{method}"
        case "code_assist":
            return f"/v1internal:{method}"
        case _:
            return f"/v1beta/models/{name}:{method}"


def claude_path(account: AccountView, model: str, method: str) -> str:
    """Where ``method`` of a Claude model is on Vertex AI; older models carry their date behind an ``@``."""
    return f"/v1{_vertex_place(account)}/publishers/anthropic/models/{quote(model, safe='@')}:{method}"


def is_claude_on_vertex(account: AccountView, dialect: Dialect) -> bool:
    """Is this Anthropic's dialect on Google's paths?"""
    return account.kind == "vertex" and dialect is ANTHROPIC


@lru_cache(maxsize=1024)
def host_of(base_url: str) -> str:
    """The host, and its port where one is told, by which an upstream is known."""
    return urlsplit(base_url).netloc.rpartition("@")[2].lower()


def address(account: AccountView, path: str) -> str:
    """``path`` at the account's base URL, as vendors print such URLs.

    A version of its own takes the place of the path's; so does a root that has none. Of a whole endpoint's
    URL the root counts, which ends before the endpoint.
    """
    base = account.base_url.rstrip("/")
    root = next((base.removesuffix(endpoint) for endpoint in _ENDPOINTS if base.endswith(endpoint)), base)
    if root is not base or _VERSION.search(root) or root.endswith(_UNVERSIONED_ROOTS):
        path = _OWN_VERSION.sub("", path)
    return root + path


def content_for(account: AccountView, request: UpstreamRequest) -> bytes:
    """The body's bytes as the account's kind wants them.

    Code Assist has an envelope round the Gemini body: ``{"model", "project", "request"}``. Vertex AI wants a
    Messages body without the model, which stands in the path.
    """
    if account.kind == "code_assist":
        inner = msgspec.Raw(request.content)
        return msgspec.json.encode({"model": request.model, "project": account.project, "request": inner})
    if is_claude_on_vertex(account, request.dialect):
        body = {name: value for name, value in request.body.items() if name != "model"}
        return msgspec.json.encode(with_version(body, request.headers))
    return request.content


def headers_for(account: AccountView, dialect: Dialect, headers: Mapping[str, str]) -> Mapping[str, str]:
    """The request's headers as the account's kind wants them."""
    if is_claude_on_vertex(account, dialect):
        return {name: value for name, value in headers.items() if name != "anthropic-version"}
    return headers


def with_version(body: Json, headers: Mapping[str, str]) -> Json:
    """The Messages body for Vertex AI, which reads its version there; a body that names one keeps it."""
    version = headers.get("anthropic-version", "")
    is_new = version >= "2026-10-21"
    return {"anthropic_version": version if is_new else FIRST_VERSION_ON_VERTEX, **body}


def _vertex_place(account: AccountView) -> str:
    return f"/projects/{quote(account.project)}/locations/{quote(account.location or 'global')}"
