"""Groups of accounts through the real server: nobody outside is asked, whatever happens, in every dialect."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import openai
import pytest
from google import genai
from google.genai import errors, types

from tests.running_server import ServerWorld, json_value
from tests.served.keys.test_key_rules import wait_for
from tests.served.processes.several import several
from tests.served.world import CLAUDE, GEMINI, World, lasting_world

pytestmark = pytest.mark.stores

TEAM, NOBODY, BOTH = "sk-key-of-team", "sk-key-of-nobody", "sk-key-of-both"


@pytest.fixture(scope="module")
def shared(server_world: ServerWorld) -> Iterator[World]:
    """A server with a team's accounts, one of each kind, and keys that are bound."""
    with lasting_world(server_world) as world:
        kinds = ("gemini", "anthropic")
        world.import_accounts([in_groups(world, kind, f"team@{kind}", "team") for kind in kinds])
        world.import_mappings(
            [
                {"pattern": "bound-model", "target": CLAUDE, "groups": ["team"]},
                {"pattern": "other-model", "target": CLAUDE, "groups": ["others"]},
            ]
        )
        for name, key, group in (("t", TEAM, "team"), ("n", NOBODY, "nobody"), ("b", BOTH, "team")):
            world.server.manage("create_client_key", name, "--key", key, "--group", group)
        world.wait_for_model("other-model")
        wait_for(lambda: ask(world, NOBODY).status_code == 503)
        yield world
        assert "Traceback" not in world.server.log_text


@pytest.fixture
def world(shared: World) -> World:
    """The same, with nothing asked of the simulator and nobody marked."""
    shared.clear_marks()
    shared.simulator.reset()
    wait_for(lambda: ask(shared, TEAM).status_code == 200)
    shared.simulator.reset()
    return shared


def in_groups(world: World, kind: str, email: str, *groups: str) -> dict[str, Any]:
    """An account at the simulator."""
    credential = {"api_key": f"sim-{email}"}
    base_url = world.simulator.base_url
    return {"email": email, "kind": kind, "base_url": base_url, "credential": credential, "groups": [*groups]}


def ask(world: World, key: str, prompt: str = "Hello.", **more: Any) -> httpx.Response:
    body = {"model": CLAUDE, "max_tokens": 100, "messages": [{"role": "user", "content": prompt}], **more}
    return world.client.post("/v1/messages", json=body, headers={"x-api-key": key})


def asked(world: World) -> set[str]:
    """The accounts that upstream heard of since the last reset, by their credentials."""
    heard = set()
    for request in world.simulator.requests:
        headers = {name.lower(): value for name, value in dict(request.headers).items()}
        heard.add(headers.get("x-api-key") or headers.get("x-goog-api-key", ""))
    return {key.strip("<>").removeprefix("sim-") for key in heard}


def test_no_retry_and_no_way_leads_outside(world: World) -> None:
    """Rotation, sessions, streams, collected answers, counting, embedding, model lists: the group's alone."""
    for fault in ("empty, ok", "status=500, ok", "status=503*", "reset0, ok", "cut@2", "retry_after=1*"):
        ask(world, TEAM, f"Hello. [fault: {fault}]", stream=True)
    wait_for(lambda: ask(world, TEAM).status_code == 200)
    headers = {"x-api-key": TEAM}
    count = {"model": CLAUDE, "messages": [{"role": "user", "content": "Hello."}]}
    world.client.post("/v1/messages/count_tokens", json=count, headers=headers)
    embedded = {"content": {"parts": [{"text": "x"}]}}
    path = "/v1beta/models/gemini-embedding-001:embedContent"
    assert world.client.post(path, json=embedded, headers=headers).status_code == 200
    assert world.client.get("/v1/models", headers=headers).status_code == 200
    assert asked(world) <= {"team@gemini", "team@anthropic"}
    assert len(asked(world)) == 2


def test_a_group_without_accounts_is_a_503_that_says_so(world: World) -> None:
    """Nobody is asked; the row says which group, and so does each dialect's error in the official SDKs."""
    refused = ask(world, NOBODY)
    assert refused.status_code == 503
    assert "No account is in the group 'nobody'" in refused.json()["error"]["message"]
    row = world.row(refused)
    assert (row["attempts"], row["outcome"]) == (0, "error")
    assert json_value(row["diagnostics"])["groups"] == "nobody"
    base = world.server.base_url
    claude = anthropic.Anthropic(base_url=base, api_key=NOBODY, max_retries=0)
    with claude, pytest.raises(anthropic.InternalServerError, match="group 'nobody'"):
        claude.messages.create(model=CLAUDE, max_tokens=9, messages=[{"role": "user", "content": "x"}])
    gpt = openai.OpenAI(base_url=f"{base}/v1", api_key=NOBODY, max_retries=0)
    with gpt, pytest.raises(openai.InternalServerError, match="group 'nobody'"):
        gpt.chat.completions.create(model=CLAUDE, messages=[{"role": "user", "content": "x"}])
    google = genai.Client(api_key=NOBODY, http_options=types.HttpOptions(base_url=base))
    with pytest.raises(errors.ServerError, match="group 'nobody'"):
        google.models.generate_content(model=GEMINI, contents="x")
    assert asked(world) == set()


def test_an_exhausted_group_is_a_429_that_says_so(world: World) -> None:
    """The group's account has no quota left, the others have: the client waits, with its SDK's exception."""
    assert ask(world, TEAM, "Hello. [fault: retry_after=600*]").status_code == 429
    refused = ask(world, TEAM)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert "Every account of the group 'team' for" in refused.json()["error"]["message"]
    claude = anthropic.Anthropic(base_url=world.server.base_url, api_key=TEAM, max_retries=0)
    with claude, pytest.raises(anthropic.RateLimitError, match="group 'team'"):
        claude.messages.create(model=CLAUDE, max_tokens=9, messages=[{"role": "user", "content": "x"}])
    assert world.messages().status_code == 200, "whoever is not bound is served by the others"
    assert asked(world) - {"team@anthropic"}


def test_a_key_and_a_mapping_hold_together(world: World) -> None:
    """Both bound: only who is in both; a bound mapping alone binds everybody who uses it."""
    assert world.messages(model="bound-model").headers["x-account-email"] == "team@anthropic"
    assert ask(world, TEAM, model="bound-model").status_code == 200
    both = ask(world, BOTH, model="other-model")
    assert both.status_code == 503
    assert "in the group 'others', and the group 'team'" in both.json()["error"]["message"]


def test_a_key_sees_what_its_group_serves(world: World) -> None:
    """Its model list holds no model that it could not ask for, and one such model is a 404."""
    listed = world.client.get("/v1/models", headers={"x-api-key": TEAM}).text
    assert '"bound-model"' in listed
    assert '"other-model"' not in listed
    assert world.client.get("/v1/models/bound-model", headers={"x-api-key": TEAM}).status_code == 200
    assert world.client.get("/v1/models/other-model", headers={"x-api-key": TEAM}).status_code == 404
    assert json.loads(world.client.get("/v1/models", headers={"x-api-key": NOBODY}).text)["data"] == []


def test_every_process_honours_a_change_while_it_runs(server_world: ServerWorld) -> None:
    """With two processes: after a key is bound to another group the old group's accounts are asked no more,
    and after it has expired nobody.
    """
    with several(server_world) as world:
        world.import_accounts(
            [in_groups(world, "anthropic", f"{group}@x", group) for group in ("before", "after")]
        )
        world.server.manage("create_client_key", "moving", "--key", TEAM, "--group", "before")
        headers = {"x-api-key": TEAM, "connection": "close"}
        body = {"model": CLAUDE, "max_tokens": 9, "messages": [{"role": "user", "content": "Hello."}]}

        def answer() -> httpx.Response:
            url = f"{world.server.base_url}/v1/messages"
            return httpx.post(url, json=body, headers=headers, timeout=60)

        def answered_by() -> str:
            return answer().headers.get("x-account-email", "")

        wait_for(lambda: {answered_by() for _ in range(12)} == {"before@x"})
        world.server.manage(
            "shell", "-c",
            "from accounts.models import ClientKey; k = ClientKey.objects.get(name='moving');"
            " k.groups = ['after']; k.save()",
        )  # fmt: skip
        wait_for(lambda: {answered_by() for _ in range(12)} == {"after@x"})
        assert {answered_by() for _ in range(20)} == {"after@x"}
        world.server.manage(
            "shell", "-c",
            "from accounts.models import ClientKey; from django.utils import timezone;"
            " k = ClientKey.objects.get(name='moving'); k.expires_at = timezone.now(); k.save()",
        )  # fmt: skip
        wait_for(lambda: {answer().status_code for _ in range(12)} == {401})
        assert {answer().status_code for _ in range(20)} == {401}
