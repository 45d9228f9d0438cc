"""Where a request goes and what its body and headers are, by account kind."""

from typing import Any

import msgspec
import pytest

from accounts.facts.model_facts import SHIPPED
from accounts.snapshot import AccountView
from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.gemini import GEMINI
from relay.dialects.interface import Dialect
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from relay.upstream.address import address, content_for, counter_path, headers_for, stream_url
from relay.upstream.request import UpstreamRequest

CHAT = "/v1/chat/completions"
VERTEX = "/projects/my-project/locations/eu-1/publishers"


def account(kind: str, base_url: str = "https://up.example") -> AccountView:
    return AccountView(id=1, email="a", kind=kind, base_url=base_url, project="my-project", location="eu-1")


def request(dialect: Dialect, model: str, **headers: str) -> UpstreamRequest:
    body: dict[str, Any] = {"model": model, "messages": [], "stream": True}
    return UpstreamRequest(
        dialect=dialect,
        is_same_dialect=True,
        model=model,
        facts=SHIPPED.facts_for(model),
        body=body,
        content=msgspec.json.encode(body),
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        changes=(),
        thinks_unseen=False,
        has_thinking=False,
    )


@pytest.mark.parametrize(
    ("kind", "dialect", "model", "stream", "count"),
    [
        (
            "gemini",
            GEMINI,
            "m/1",
            "/v1beta/models/m%2F1:streamGenerateContent?alt=sse",
            "/v1beta/models/m%2F1:countTokens",
        ),
        (
            "vertex",
            GEMINI,
            "m",
            f"/v1beta1{VERTEX}/google/models/m:streamGenerateContent?alt=sse",
            f"/v1beta1{VERTEX}/google/models/m:countTokens",
        ),
        (
            "vertex",
            ANTHROPIC,
            "claude-sonnet-4-5@20250929",
            f"/v1{VERTEX}/anthropic/models/claude-sonnet-4-5@20250929:streamRawPredict",
            f"/v1{VERTEX}/anthropic/models/count-tokens:rawPredict",
        ),
        ("code_assist", GEMINI, "m", "/v1internal:streamGenerateContent?alt=sse", "/v1internal:countTokens"),
        ("anthropic", ANTHROPIC, "m", "/v1/messages", "/v1/messages/count_tokens"),
        ("openai", OPENAI_CHAT, "m", "/v1/chat/completions", None),
        ("openai", OPENAI_RESPONSES, "m", "/v1/responses", "/v1/responses/input_tokens"),
    ],
)  # fmt: skip
def test_paths(kind: str, dialect: Dialect, model: str, stream: str, count: str | None) -> None:
    """Each kind's own path, for the stream and for the count."""
    asked = account(kind)
    assert stream_url(asked, request(dialect, model)) == f"https://up.example{stream}"
    assert counter_path(asked, model, dialect) == count


@pytest.mark.parametrize(
    ("base_url", "path", "expected"),
    [
        ("https://up.example/api/v1", "/v1/chat/completions", "https://up.example/api/v1/chat/completions"),
        ("https://up.example/v1beta", "/v1beta/models/m:x", "https://up.example/v1beta/models/m:x"),
        ("https://up.example/v1", "/v1beta1/projects/p", "https://up.example/v1/projects/p"),
        ("https://up.example/v1", "/v1internal:countTokens", "https://up.example/v1/v1internal:countTokens"),
        ("https://up.example/gateway/", "/v1/messages", "https://up.example/gateway/v1/messages"),
        ("https://up.example/anthropic", "/v1/messages", "https://up.example/anthropic/v1/messages"),
        ("https://up.example/v1beta/openai/", CHAT, "https://up.example/v1beta/openai/chat/completions"),
        ("https://up.example/v2/coding", CHAT, "https://up.example/v2/coding/chat/completions"),
        ("https://up.example/api/v3", CHAT, "https://up.example/api/v3/chat/completions"),
        ("https://up.example/inference", CHAT, "https://up.example/inference/chat/completions"),
        (
            "https://up.example/endpoints/openapi",
            CHAT,
            "https://up.example/endpoints/openapi/chat/completions",
        ),
        ("https://up.example/v1/chat/completions", CHAT, "https://up.example/v1/chat/completions"),
        ("https://up.example/llm/chat/completions", CHAT, "https://up.example/llm/chat/completions"),
        ("https://up.example/v1/chat/completions", "/v1/embeddings", "https://up.example/v1/embeddings"),
        ("https://up.example", CHAT, "https://up.example/v1/chat/completions"),
    ],
)
def test_a_base_url_with_a_version_of_its_own(base_url: str, path: str, expected: str) -> None:
    """It takes the path's version's place, and nothing else of the path."""
    assert address(account("openai", base_url), path) == expected


@pytest.mark.parametrize(
    ("version", "told"),
    [("2023-06-01", "vertex-2023-10-16"), ("2026-10-21", "2026-10-21"), ("", "vertex-2023-10-16")],
)
def test_claude_on_vertex_reads_its_version_in_the_body(version: str, told: str) -> None:
    """The version moves from the header into the body, the model out of it; betas stay a header."""
    headers = {"anthropic_version": version} if version else {}
    asked = request(ANTHROPIC, "claude-opus-5-5", anthropic_beta="b", **headers)
    sent = msgspec.json.decode(content_for(account("vertex"), asked))
    assert sent == {"anthropic_version": told, "messages": [], "stream": True}
    assert headers_for(account("vertex"), ANTHROPIC, asked.headers) == {"anthropic-beta": "b"}


def test_elsewhere_the_bytes_are_the_requests() -> None:
    """Only Code Assist and Claude on Vertex AI want another body."""
    asked = request(ANTHROPIC, "claude-opus-5-5", anthropic_version="2023-06-01")
    assert content_for(account("anthropic"), asked) is asked.content
    assert headers_for(account("anthropic"), ANTHROPIC, asked.headers) is asked.headers
    wrapped = msgspec.json.decode(content_for(account("code_assist"), request(GEMINI, "m")))
    assert (wrapped["model"], wrapped["project"], wrapped["request"]["stream"]) == ("m", "my-project", True)
