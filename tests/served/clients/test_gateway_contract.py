"""What Claude Code asks of a gateway (its documentation: "Gateway protocol reference"), through the server.

Model discovery: ``GET /v1/models`` within three seconds, without a redirect; ids that begin with ``claude``
or ``anthropic`` are shown. Error bodies unmodified, feature headers forwarded, and the query ``?beta=true``
is no other path.
"""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from relay.short.upstream_lists import WAIT_SECONDS
from tests.served.kinds.every_kind import wait_for_names
from tests.served.raw_upstream import RawUpstream, Then, head
from tests.served.world import CLAUDE, KEY, World

DISCOVERY_SECONDS = 3.0
"""What Claude Code gives the list."""

FEATURES = {
    "anthropic-version": "2023-06-01",
    "anthropic-beta": "feature-of-tomorrow-2027-01-01,another-2027-02-02",
    "anthropic-workspace-id": "wrkspc_1",
    "anthropic-user-profile-id": "profile_1",
    "anthropic-header-of-tomorrow": "yes",
}
CREDENTIALS = {
    "anthropic-api-key": "sk-of-the-client-1",
    "anthropic-auth-token": "sk-of-the-client-2",
    "anthropic-authorization": "Bearer sk-of-the-client-3",
    "authorization": f"Bearer {KEY}",
}
BODY: dict[str, Any] = {"model": CLAUDE, "messages": [{"role": "user", "content": "Hello."}]}
REFUSED = (
    b'{\n  "type": "error",\n  "error": {"type": "invalid_request_error",  "message": "no \\u00fc"},'
    b'\n "extra": [1.0]}\n'
)


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/v1/messages?beta=true", {"max_tokens": 64, "stream": True}),
        ("/v1/messages/count_tokens?beta=true", {}),
    ],
)
def test_feature_headers_reach_an_anthropic_account(world: World, path: str, more: dict[str, Any]) -> None:
    """All that begin with ``anthropic-``, those of tomorrow too; never a credential of the client's."""
    world.simulator.reset()
    world.client.post(path, json={**BODY, **more}, headers={**FEATURES, **CREDENTIALS})
    received = world.simulator.requests[-1]
    assert {name: received.headers.get(name) for name in FEATURES} == FEATURES
    assert not any("sk-of-the-client" in value or KEY in value for value in received.headers.values())


def test_feature_headers_stay_where_upstream_speaks_another_dialect(world: World) -> None:
    """Gemini is told nothing of Anthropic's."""
    world.simulator.reset()
    world.client.post(
        "/v1/messages", json={**BODY, "model": "claude-on-gemini", "max_tokens": 64}, headers=FEATURES
    )
    assert [name for name in world.simulator.requests[-1].headers if name.startswith("anthropic-")] == []


@pytest.mark.parametrize("credential", [{"authorization": f"Bearer {KEY}"}, {"x-api-key": KEY}])
@pytest.mark.parametrize("version", [{"anthropic-version": "2023-06-01"}, {}])
def test_models_are_discovered(world: World, credential: dict[str, str], version: dict[str, str]) -> None:
    """With either credential, at once, each with an id; a name that is mapped for Claude Code is among"
    " them."""
    headers = {**credential, **version, "user-agent": "claude-cli/2.1.265 (external, cli)"}
    with httpx.Client(base_url=world.server.base_url, timeout=DISCOVERY_SECONDS) as client:
        answer = client.get("/v1/models?limit=1000", headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    ids = [row["id"] for row in answer.json()["data"]]
    assert {"claude-on-gemini", CLAUDE} <= {name for name in ids if name.startswith(("claude", "anthropic"))}
    if version:
        assert {row["type"] for row in answer.json()["data"]} == {"model"}
        assert all(row["display_name"] for row in answer.json()["data"])
        assert answer.json()["has_more"] is False


def test_the_probe_is_answered(world: World) -> None:
    """Claude Code asks ``HEAD`` of the root before its first request, without a key."""
    answer = httpx.head(world.server.base_url + "/")
    assert answer.status_code < 400
    assert not answer.content


@pytest.fixture(scope="module")
def raw(shared_world: World) -> Iterator[tuple[World, RawUpstream]]:
    """An Anthropic account whose upstream refuses in its own spelling, and one whose list never comes."""
    said = head(
        b"content-type: application/json", b"content-length: %d" % len(REFUSED), status=b"HTTP/1.1 400 No"
    )
    with RawUpstream((said + REFUSED,)) as upstream, RawUpstream((Then.HANG,)) as silent:
        shared_world.import_accounts(
            [
                {
                    "email": "particular@anthropic",
                    "kind": "anthropic",
                    "base_url": upstream.base_url,
                    "models": ["claude-particular"],
                    "priority": 9,
                    "credential": {"api_key": "sim-particular"},
                },
                {
                    "email": "silent@anthropic",
                    "kind": "anthropic",
                    "base_url": silent.base_url,
                    "priority": -9,  # other tests of this world do not wait for it
                    "credential": {"api_key": "sim-silent"},
                },
            ]
        )
        wait_for_names(shared_world, {"claude-particular"})
        yield shared_world, upstream
        shared_world.server.manage(
            "shell",
            "-v0",
            "-c",
            "from accounts.models import Account;"
            " Account.objects.filter(email__in=['particular@anthropic', 'silent@anthropic']).delete()",
        )


@pytest.mark.parametrize("is_stream", [True, False])
def test_an_error_body_is_unmodified(raw: tuple[World, RawUpstream], is_stream: bool) -> None:
    """Upstream's bytes and status; our request id stands in the headers."""
    world, _ = raw
    answer = world.messages(model="claude-particular", stream=is_stream)
    assert (answer.status_code, answer.content) == (400, REFUSED)
    assert answer.headers["request-id"] == answer.headers["x-request-id"]


def test_the_list_does_not_wait_for_an_upstream_that_hangs(raw: tuple[World, RawUpstream]) -> None:
    """It comes within Claude Code's three seconds, with what is known."""
    world, _ = raw
    assert WAIT_SECONDS < DISCOVERY_SECONDS
    with httpx.Client(base_url=world.server.base_url, timeout=DISCOVERY_SECONDS) as client:
        answer = client.get(
            "/v1/models?limit=1000", headers={"x-api-key": KEY, "anthropic-version": "2023-06-01"}
        )
    assert "claude-particular" in json.dumps(answer.json())
