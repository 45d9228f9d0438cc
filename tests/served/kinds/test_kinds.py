"""Vertex AI and Code Assist through the real server: sign-in, addresses, envelope; and counting by kind."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from anthropic import Anthropic
from google import genai
from google.genai import types
from openai import OpenAI

from relay.dialects.quotas.code_assist_quota import PATH as QUOTA_PATH
from relay.simulator.ledger import Received
from tests.running_server import ServerWorld, json_value
from tests.served.kinds.every_kind import (
    TARGETS,
    code_assist_account,
    private_key_pem,
    vertex_account,
    wait_for_names,
)
from tests.served.world import GEMINI, KEY, World, lasting_world

GOOGLE_KINDS = ("on-vertex", "on-code-assist")
SIGNED_IN = (*GOOGLE_KINDS, "on-vertex-claude")
LOCATION = "/v1beta1/projects/test-project/locations/europe-west4/publishers/google/models/"


def asked_upstream(world: World) -> list[Received]:
    """What reached upstream, without Code Assist's quota call: it comes beside the request, at any moment."""
    return [request for request in world.simulator.requests if not request.path.endswith(QUOTA_PATH)]


def said_by_anthropic(world: World, model: str, is_stream: bool) -> str:
    client = Anthropic(api_key=KEY, base_url=world.server.base_url, max_retries=0)
    asked: Any = {"model": model, "max_tokens": 512, "messages": [{"role": "user", "content": "Hello."}]}
    if not is_stream:
        return "".join(
            block.text for block in client.messages.create(**asked).content if block.type == "text"
        )
    with client.messages.stream(**asked) as stream:
        return "".join(block.text for block in stream.get_final_message().content if block.type == "text")


def said_by_google(world: World, model: str, is_stream: bool) -> str:
    client = genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=world.server.base_url))
    if not is_stream:
        return client.models.generate_content(model=model, contents="Hello.").text or ""
    chunks = client.models.generate_content_stream(model=model, contents="Hello.")
    return "".join(chunk.text or "" for chunk in chunks)


def said_by_chat(world: World, model: str, is_stream: bool) -> str:
    client = OpenAI(api_key=KEY, base_url=f"{world.server.base_url}/v1", max_retries=0)
    messages: Any = [{"role": "user", "content": "Hello."}]
    if not is_stream:
        completion = client.chat.completions.create(model=model, messages=messages)
        return completion.choices[0].message.content or ""
    with client.chat.completions.stream(model=model, messages=messages) as stream:
        return stream.get_final_completion().choices[0].message.content or ""


def said_by_responses(world: World, model: str, is_stream: bool) -> str:
    client = OpenAI(api_key=KEY, base_url=f"{world.server.base_url}/v1", max_retries=0)
    if not is_stream:
        return client.responses.create(model=model, input="Hello.").output_text
    with client.responses.stream(model=model, input="Hello.") as stream:
        return stream.get_final_response().output_text


CLIENTS = {
    "anthropic": said_by_anthropic,
    "gemini": said_by_google,
    "chat": said_by_chat,
    "responses": said_by_responses,
}


@pytest.mark.parametrize("model", SIGNED_IN)
@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("is_stream", [True, False], ids=["streamed", "whole"])
def test_every_client_is_answered(kinds_world: World, model: str, client: str, is_stream: bool) -> None:
    """Whatever a client speaks, Gemini's other two homes and Claude's second one answer it."""
    assert CLIENTS[client](kinds_world, model, is_stream)


def test_vertex_is_asked_at_its_place(kinds_world: World) -> None:
    """Project and location stand in the path; a token of the service account signs the request in."""
    assert kinds_world.gemini(model="on-vertex").status_code == 200
    asked = asked_upstream(kinds_world)[-1]
    assert asked.path == f"{LOCATION}{GEMINI}:streamGenerateContent"
    assert asked.query == "alt=sse"
    assert asked.account.endswith("-vertex")
    assert "x-goog-api-key" not in asked.headers


@pytest.mark.parametrize("model", GOOGLE_KINDS)
def test_a_long_answer_is_asked_on_in_every_home(kinds_world: World, model: str) -> None:
    """CONTINUATION is followed for a client of another dialect where its token is known."""
    answer = kinds_world.messages("A long one. [fault: continuation, ok]", model=model)
    assert answer.status_code == 200
    assert kinds_world.row(answer)["outcome"] == "ok"
    assert len(kinds_world.upstream_bodies()) == 2


def test_code_assist_gets_its_envelope(kinds_world: World) -> None:
    """Model and project stand round the Gemini request, and come off the answer again."""
    body = {"contents": [{"role": "user", "parts": [{"text": "Hello."}]}]}
    answer = kinds_world.client.post("/v1beta/models/on-code-assist:generateContent", json=body)
    assert answer.json()["candidates"][0]["content"]["parts"]
    assert "response" not in answer.json()
    asked = asked_upstream(kinds_world)[-1]
    assert (asked.path, asked.query) == ("/v1internal:streamGenerateContent", "alt=sse")
    assert asked.json() == {"model": GEMINI, "project": "test-project", "request": body}


@pytest.mark.stores
@pytest.mark.parametrize("model", SIGNED_IN)
def test_a_token_that_ran_out_is_renewed_on_the_same_account(kinds_world: World, model: str) -> None:
    """A 401 for an old token: refreshed once, the same account asked again, and no attempt counted."""
    first = kinds_world.gemini("Hello.", model=model)
    kinds_world.simulator.expire_access_tokens()
    kinds_world.simulator.reset()
    second = kinds_world.gemini("Hello.", model=model)
    assert second.status_code == 200
    assert second.headers["x-account-email"] == first.headers["x-account-email"]
    assert second.headers["x-attempts"] == "1"
    assert [request.status for request in asked_upstream(kinds_world)] == [401, 200, 200]
    assert sum(kinds_world.simulator.counts()["refreshes"].values()) == 1
    assert len(kinds_world.attempts(second)) == 1


@pytest.mark.stores
@pytest.mark.parametrize("model", SIGNED_IN)
def test_counting_renews_a_token_too(kinds_world: World, model: str) -> None:
    """A short request meets the same rule."""
    kinds_world.gemini("Hello.", model=model)
    kinds_world.simulator.expire_access_tokens()
    counted = kinds_world.gemini("Hello.", model=model, method="countTokens")
    assert counted.headers["x-token-count"] == "exact"


@pytest.fixture(scope="module")
def sign_ins(server_world: ServerWorld) -> Iterator[World]:
    """A world whose Google accounts have never been signed in."""
    with lasting_world(server_world) as world:
        pem = private_key_pem()
        revoked = [code_assist_account(world, "revoked"), vertex_account(world, "revoked", pem)]
        good = [code_assist_account(world, "good"), vertex_account(world, "good", pem)]
        world.import_accounts([{**account, "priority": 9} for account in revoked] + good)
        kinds = {"on-code-assist": "code_assist", "on-vertex": "vertex"}
        world.import_mappings(
            [{"pattern": name, "target": GEMINI, "kinds": [kind]} for name, kind in kinds.items()]
        )
        wait_for_names(world, set(kinds))
        yield world


@pytest.mark.stores
def test_one_refresh_for_all_who_wait_and_a_hint_for_the_operator(sign_ins: World) -> None:
    """``invalid_grant`` disables an account, with what to do; all who ask the other wait for one refresh."""
    simulator = sign_ins.simulator
    simulator.plan("invalid_grant", account="revoked*", path="/token", repeat=True)
    for name in GOOGLE_KINDS:
        with ThreadPoolExecutor(12) as pool:
            numbers = range(12)
            answers = list(
                pool.map(lambda number, name=name: sign_ins.gemini(f"{number}.", model=name), numbers)
            )
        assert {answer.status_code for answer in answers} == {200}
        assert {answer.headers["x-account-email"].partition("@")[0] for answer in answers} == {"good"}
    assert simulator.counts()["refreshes"] == {"good@code-assist": 1, "good-vertex": 1}
    query = "SELECT disabled_reason FROM accounts_account WHERE email = %s AND enabled = false"
    hints = {"revoked@code-assist": "sign in again", "revoked@vertex": "enter a new key"}
    for email, hint in hints.items():
        assert hint in sign_ins.eventually(query, (email,))[0]["disabled_reason"]
    assert "our-secret" not in sign_ins.server.log_text
    assert "PRIVATE KEY" not in sign_ins.server.log_text


@pytest.mark.stores
def test_code_assist_tells_its_quota_when_an_account_signs_in(sign_ins: World) -> None:
    """One call for each account that got a token for a request, and none else; the account's row has it."""
    query = "SELECT quota_windows FROM accounts_account WHERE email = %s AND quota_windows <> '[]'"
    sign_ins.gemini("Hello.", model="on-vertex")
    account = sign_ins.gemini("Hello.", model="on-code-assist").headers["x-account-email"]
    told = json_value(sign_ins.eventually(query, (account,))[0]["quota_windows"])
    assert ("gemini-2.5-pro", 100) in {(window["model"], window["limit"]) for window in told}
    calls = [request for request in sign_ins.simulator.requests if request.path.endswith(QUOTA_PATH)]
    refreshed = {name for name in sign_ins.simulator.counts()["refreshes"] if name.endswith("code-assist")}
    assert {call.account for call in calls} <= refreshed
    assert [call.account for call in calls].count(account) == 1
    assert {(call.status, call.body) for call in calls} == {(200, b'{"project":"test-project"}')}


# --- counting: every dialect that counts, every kind ----------------------------------------------
EXACT = {
    "on-gemini": ":countTokens",
    "on-vertex": ":countTokens",
    "on-claude": "/count_tokens",
    "on-vertex-claude": "count-tokens:rawPredict",
    "on-openai": "/responses/input_tokens",
}
"""Which kinds count the whole request, and where."""


def counted(world: World, client: str, model: str, **more: Any) -> httpx.Response:
    """One count through a client's own path."""
    if client == "anthropic":
        body = {"model": model, "messages": [{"role": "user", "content": "How many tokens?"}], **more}
        return world.client.post("/v1/messages/count_tokens", json=body)
    if client == "responses":
        body = {"model": model, "input": "How many tokens?", **more}
        return world.client.post("/v1/responses/input_tokens", json=body)
    return world.gemini("How many tokens?", model=model, method="countTokens", **more)


@pytest.mark.parametrize("model", TARGETS)
@pytest.mark.parametrize("client", ["anthropic", "gemini", "responses"])
def test_counting(kinds_world: World, client: str, model: str) -> None:
    """Upstream's counter where the kind has one; else an estimate that says so. A row each."""
    answer = counted(kinds_world, client, model)
    assert answer.status_code == 200
    tokens = answer.json()["totalTokens" if client == "gemini" else "input_tokens"]
    assert tokens > 0
    is_exact = model in EXACT or model == "on-code-assist"
    is_exact = is_exact or (client, model) == ("responses", "on-openai-old")  # asked in its own form
    assert answer.headers["x-token-count"] == ("exact" if is_exact else "estimate")
    row = kinds_world.row(answer)
    assert (row["status"], row["attempts"], row["client_model"]) == (200, int(is_exact), model)
    if is_exact:
        assert row["tokens_in"] == tokens
        assert row["account"] == answer.headers["x-account-email"]


@pytest.mark.parametrize("client", ["anthropic", "gemini"])
def test_counters_are_asked_in_their_own_words(kinds_world: World, client: str) -> None:
    """The system prompt is counted too; each home of Gemini wants it elsewhere, and one cannot take it."""
    system = {"parts": [{"text": "Be brief."}]}
    contents = [{"role": "user", "parts": [{"text": "How many tokens?"}]}]
    wrapped = {"generateContentRequest": {"contents": contents, "systemInstruction": system}}
    bodies: dict[str, Any] = {}
    for model in ("on-gemini", "on-vertex", "on-code-assist", "on-claude"):
        if client == "gemini":
            answer = kinds_world.client.post(f"/v1beta/models/{model}:countTokens", json=wrapped)
        else:
            answer = counted(kinds_world, client, model, system="Be brief.")
        expected = "estimate" if model == "on-code-assist" else "exact"
        assert answer.headers["x-token-count"] == expected, model
        bodies[model] = asked_upstream(kinds_world)[-1].json()
    assert "Be brief." in json.dumps(bodies["on-gemini"]["generateContentRequest"]["systemInstruction"])
    assert "Be brief." in json.dumps(bodies["on-vertex"]["systemInstruction"])
    assert "Be brief." in json.dumps(bodies["on-claude"]["system"])
    assert bodies["on-code-assist"] == {"request": {"model": f"models/{GEMINI}", "contents": contents}}


@pytest.mark.parametrize("model", ["on-gemini", "on-claude"])
def test_a_counter_that_fails_is_stood_in_for(kinds_world: World, model: str) -> None:
    """Upstream's own trouble must not stop a client that only wants to know a size."""
    kinds_world.simulator.plan("status=500", path="count", repeat=True)
    answer = counted(kinds_world, "anthropic", model)
    assert answer.status_code == 200
    assert answer.headers["x-token-count"] == "estimate"


def test_a_count_that_is_refused_is_the_clients_to_see(kinds_world: World) -> None:
    """A 400 arrives in the client's dialect, not in upstream's."""
    kinds_world.simulator.plan("status=400", path="count")
    answer = counted(kinds_world, "anthropic", "on-gemini")
    assert answer.status_code == 400
    assert answer.json()["type"] == "error"
    assert answer.json()["error"]["type"] == "invalid_request_error"
