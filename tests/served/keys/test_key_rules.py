"""What a client key may do, through the real server: refusals as the official SDKs hear them, and changes."""

import time
from collections.abc import Callable, Iterator

import anthropic
import openai
import pytest
from google import genai
from google.genai import errors, types

from tests.running_server import ServerWorld
from tests.served.world import CLAUDE, GEMINI, PATIENCE_SECONDS, World, lasting_world

EXPIRED, NARROW, ELSEWHERE, FRONT = "sk-expired-key", "sk-narrow-key", "sk-elsewhere-key", "sk-fronted-key"


@pytest.fixture(scope="module")
def world(server_world: ServerWorld) -> Iterator[World]:
    """A server behind a front, with keys that may not do everything."""
    with lasting_world(server_world, PROXY_HTTPS="true") as world:
        make = ("create_client_key",)
        world.server.manage(*make, "old", "--key", EXPIRED, "--expires-at", "2020-01-01")
        world.server.manage(
            *make, "narrow", "--key", NARROW, "--allow-model", "gemini-*", "--allow-model", "claude-*",
            "--refuse-model", CLAUDE, "--highest-effort", "low",
        )  # fmt: skip
        world.server.manage(*make, "far", "--key", ELSEWHERE, "--network", "203.0.113.0/24")
        wait_for(lambda: world.client.get("/v1/models", headers={"x-api-key": ELSEWHERE}).status_code == 403)
        yield world
        assert "Traceback" not in world.server.log_text


def wait_for(happened: Callable[[], bool]) -> None:
    """What is changed in the database reaches the server a moment later."""
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while not happened():
        assert time.monotonic() < ends_at
        time.sleep(0.05)


def asked_of_upstream(world: World) -> int:
    return len(world.upstream_bodies())


SDK_TABLE = [
    (EXPIRED, GEMINI, 401, "has expired", "key_expired"),
    (NARROW, "gpt-5", 403, "'gpt-5'", "not_allowed"),
    (NARROW, CLAUDE, 403, CLAUDE, "not_allowed"),
    (ELSEWHERE, GEMINI, 403, "127.0.0.1", "not_allowed"),
]


@pytest.mark.parametrize(("key", "model", "status", "says", "outcome"), SDK_TABLE)
def test_the_sdks_hear_what_is_not_allowed(
    world: World, key: str, model: str, status: int, says: str, outcome: str
) -> None:
    """The right exception in each SDK, after one request: none asks again; nobody upstream is asked."""
    world.row(world.messages())  # by now the rows before it are written
    begun = int(time.monotonic())  # the server's clock too: in each of its seconds few refusals have rows
    wait_for(lambda: int(time.monotonic()) != begun)
    before = asked_of_upstream(world)
    rows = "SELECT count(*) AS n FROM monitor_requestlog"
    count = world.server.rows(rows)[0]["n"]
    claude = anthropic.Anthropic(api_key=key, base_url=world.server.base_url)
    with pytest.raises(
        {401: anthropic.AuthenticationError, 403: anthropic.PermissionDeniedError}[status]
    ) as a:
        claude.messages.create(model=model, max_tokens=100, messages=[{"role": "user", "content": "Hello."}])
    chat = openai.OpenAI(api_key=key, base_url=f"{world.server.base_url}/v1")
    with pytest.raises({401: openai.AuthenticationError, 403: openai.PermissionDeniedError}[status]) as o:
        chat.chat.completions.create(model=model, messages=[{"role": "user", "content": "Hello."}])
    google = genai.Client(api_key=key, http_options=types.HttpOptions(base_url=world.server.base_url))
    with pytest.raises(errors.ClientError) as g:
        google.models.generate_content(model=model, contents="Hello.")
    assert g.value.code == status
    for said in (str(a.value), str(o.value), str(g.value)):
        assert says in said
    row = world.row(a.value.response)
    assert (row["outcome"], row["status"], row["ended_by"], row["attempts"]) == (outcome, status, "proxy", 0)
    assert asked_of_upstream(world) == before
    world.row(world.messages())
    assert world.server.rows(rows)[0]["n"] == count + 4
    bodies = "SELECT * FROM monitor_body WHERE request_id = %s"
    assert world.server.rows(bodies, (row["id"],)) == []


def test_effort_and_mappings(world: World) -> None:
    """More thinking than allowed is refused, less is served; a mapping is no way to a refused model."""
    body = {"contents": [{"role": "user", "parts": [{"text": "Hello."}]}]}
    path, headers = f"/v1beta/models/{GEMINI}:generateContent", {"x-api-key": NARROW}
    for level, status in (("HIGH", 403), ("LOW", 200)):
        config = {"generationConfig": {"thinkingConfig": {"thinkingLevel": level}}}
        assert world.client.post(path, json=body | config, headers=headers).status_code == status
    path = "/v1beta/models/gemini-on-claude:generateContent"
    assert world.client.post(path, json=body, headers=headers).status_code == 403


def test_a_model_that_is_named_twice_is_the_one_that_was_looked_at(world: World) -> None:
    """Upstream gets one name, also where its own reader of JSON would have taken the other one."""
    allowed = "claude-haiku-4-5"
    body = b'{"model":"%b","max_tokens":9,"messages":[{"role":"user","content":"x"}],"model":"%b"}'
    headers = {"x-api-key": NARROW}
    for first, last, status in ((CLAUDE, allowed, 200), (allowed, CLAUDE, 403)):
        world.simulator.reset()
        content = body % (first.encode(), last.encode())
        assert world.client.post("/v1/messages", content=content, headers=headers).status_code == status
        asked = [request.body for request in world.simulator.requests if request.path.endswith("/messages")]
        assert len(asked) == (status == 200)
        assert all(first.encode() not in body for body in asked)


def test_counting_and_lists_know_the_rules(world: World) -> None:
    """A count for a refused model is refused too; the list shows what may be asked for."""
    headers = {"x-api-key": NARROW}
    count = {"model": CLAUDE, "messages": [{"role": "user", "content": "Hello."}]}
    assert world.client.post("/v1/messages/count_tokens", json=count, headers=headers).status_code == 403
    names = {row["id"] for row in world.client.get("/v1/models", headers=headers).json()["data"]}
    assert names
    assert not names & {CLAUDE, "gemini-on-claude"}  # the other is mapped to the refused one
    assert all(name.startswith(("gemini-", "claude-")) for name in names)
    for name in (CLAUDE, "gemini-on-claude"):
        assert world.client.get(f"/v1/models/{name}", headers=headers).status_code == 403


def test_behind_a_front_the_forwarded_address_counts(world: World) -> None:
    """The last of X-Forwarded-For, which the front wrote; what stands before it anybody may have written."""
    for told, status in (("203.0.113.9", 200), ("203.0.113.9, 198.51.100.1", 403), ("junk", 403)):
        headers = {"x-api-key": ELSEWHERE, "x-forwarded-for": told}
        assert world.client.get("/v1/models", headers=headers).status_code == status


def test_a_changed_key_is_honoured_at_once(world: World) -> None:
    """Its end, set by an operator, and its replaced value: within seconds, without a restart."""
    key = "sk-changing-key"

    def status(value: str) -> int:
        return world.client.get("/v1/models", headers={"x-api-key": value}).status_code

    world.server.manage("create_client_key", "changing", "--key", key)
    wait_for(lambda: status(key) == 200)
    new = world.server.manage("rotate_client_key", "changing").strip()
    wait_for(lambda: status(new) == 200)
    assert status(key) == 200  # the overlap
    last = world.server.manage("rotate_client_key", "changing", "--overlap-hours", "0").strip()
    wait_for(lambda: status(new) == 401)
    assert (status(key), status(last)) == (401, 200)
    change = (
        "from accounts.models import ClientKey; from django.utils import timezone;"
        "ClientKey.objects.filter(name='changing').update(expires_at=timezone.now())"
    )
    world.server.manage("shell", "-v0", "-c", change)
    wait_for(lambda: status(last) == 401)


def test_refusals_of_a_key_have_rows_but_not_without_end(world: World) -> None:
    """A client that hammers with what it may not do fills no history: ten rows a second."""
    headers = {"x-api-key": NARROW}
    began = time.monotonic()
    rows = "SELECT count(*) AS n FROM monitor_requestlog WHERE client_key = 'narrow'"
    before = int(str(world.server.rows(rows)[0]["n"]))
    for _ in range(60):
        body = {"model": "gpt-5", "max_tokens": 10, "messages": [{"role": "user", "content": "Hello."}]}
        assert world.client.post("/v1/messages", json=body, headers=headers).status_code == 403
    seconds = int(time.monotonic() - began) + 2
    world.row(world.messages())
    assert int(str(world.server.rows(rows)[0]["n"])) - before <= 10 * seconds
    metrics = world.client.get("/metrics").text
    assert 'evenkeel_refused_by_limits_total{why="not_allowed"}' in metrics
