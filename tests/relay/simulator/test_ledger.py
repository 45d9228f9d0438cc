"""What the simulator tells about itself: requests, counts, tokens, plans; its thread and its process."""

import ast
import asyncio
import base64
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from relay.simulator import SimulatorThread
from relay.simulator.accounts import account_label
from tests.relay.simulator.raw import HEADERS, PATHS, ask, body_for, stream

ROOT = Path(__file__).parents[3]
REFRESH = "grant_type=refresh_token&refresh_token=sim-alice&client_id=i&client_secret=s"


async def control(simulator, method, path, body=b""):
    return await ask(simulator.base_url, path, body, {}, method)


async def test_a_request_is_recorded_without_its_credential(simulator):
    """Headers, query, body, account, model, fault and times are kept; keys are masked by the label."""
    simulator.plan("cut@2")
    path = PATHS["gemini"] + "&key=secret-key-in-query"
    headers = {"x-goog-api-key": "secret-key-in-header", "x-feature": "on"}
    await ask(simulator.base_url, path, body_for("gemini", "hello"), headers)
    await simulator.wait_until(lambda received: received[0].ended_at is not None)
    got = simulator.requests[0]
    assert got.account == account_label("secret-key-in-header")
    assert (got.model, got.fault, got.dialect, got.status) == ("gemini-3-flash", "cut@2", "gemini", 200)
    assert got.headers["x-feature"] == "on"
    assert got.json()["contents"][0]["parts"][0]["text"] == "hello"
    assert got.received_at <= got.headers_at <= got.ended_at
    assert (got.ended_by, got.sent_bytes > 0, got.client_gone_at) == ("simulator", True, None)
    told = (await control(simulator, "GET", "/__requests")).payload.decode()
    assert "secret" not in told
    assert json.loads(told)[0]["fault"] == "cut@2"


def test_labels_hide_what_is_no_test_credential():
    """``sim-NAME`` is NAME; any other credential is a digest."""
    assert account_label("sim-alice@example.com") == "alice@example.com"
    assert account_label("") == ""
    assert "real" not in account_label("a-real-key")


async def test_faults_and_accounts_are_counted(simulator):
    """Counts go by fault and account; reset forgets them, and the plans."""
    simulator.plan("empty", "ok", "empty", "empty")
    for _ in range(3):
        await stream(simulator.base_url, "chat", "hello")
    assert simulator.counts() == {
        "requests": 3,
        "by_fault": {"empty": 2, "ok": 1},
        "by_account": {"a": 3},
        "refreshes": {},
    }
    await control(simulator, "POST", "/__reset")
    assert simulator.counts()["requests"] == 0
    assert simulator.requests == []
    assert (await stream(simulator.base_url, "chat", "hello")).payload


@pytest.mark.outside
async def test_the_ledger_is_bounded():
    """Only the last requests are kept, all are counted."""
    with SimulatorThread(keeps_requests=2) as simulator:
        for index in range(4):
            await stream(simulator.base_url, "chat", f"hello {index}")
        assert len(simulator.requests) == 2
        assert simulator.counts()["requests"] == 4


async def test_plans_come_over_http(simulator):
    """``POST /__plan`` adds plans; one that is wrong adds none and says why."""
    plans = {"plans": [{"match": {"account": "b"}, "faults": ["status=503"], "repeat": True}]}
    assert (await control(simulator, "POST", "/__plan", plans)).json() == {"plans": 1}
    assert (await stream(simulator.base_url, "chat", "hello")).status == 200
    other = HEADERS["chat"] | {"authorization": "Bearer sim-b"}
    for _ in range(2):
        answer = await ask(simulator.base_url, PATHS["chat"], body_for("chat", "hello"), other)
        assert answer.status == 503
    wrong = {"plans": [{"faults": ["empty"]}, {"faults": ["nonsense"]}]}
    refused = await control(simulator, "POST", "/__plan", wrong)
    assert (refused.status, "unknown fault 'nonsense'" in refused.json()["error"]) == (400, True)
    assert (await stream(simulator.base_url, "chat", "hello")).status == 200
    assert (
        await control(simulator, "POST", "/__plan", {"plans": [{"match": {"x": "y"}, "faults": []}]})
    ).status == 400


async def test_the_catalogue_is_told(simulator):
    """``GET /__faults`` lists every fault; an unknown control path is a 404."""
    listed = (await control(simulator, "GET", "/__faults")).json()
    assert {"cut", "refused_signature"} < {fault["name"] for fault in listed}
    assert (await control(simulator, "GET", "/__counts")).json()["requests"] == 0
    assert (await control(simulator, "GET", "/__nothing")).status == 404


async def test_probes_are_answered(simulator):
    """``HEAD /`` needs no credential."""
    assert (await ask(simulator.base_url, "/", b"", {}, "HEAD")).status == 200


async def refresh(simulator, form=REFRESH):
    return await ask(simulator.base_url, "/oauth/token", form.encode(), {})


async def vertex(simulator, token):
    path = "/v1/projects/p/locations/l/publishers/google/models/gemini-3-flash:generateContent"
    body = {"contents": [{"role": "user", "parts": [{"text": "x"}]}]}
    return (await ask(simulator.base_url, path, body, {"authorization": f"Bearer {token}"})).status


async def test_access_tokens_are_issued_counted_and_expire(simulator):
    """Each refresh is a new token and is counted; expired tokens are a 401, new ones work."""
    first = (await refresh(simulator)).json()
    assert first["token_type"] == "Bearer"
    assert await vertex(simulator, first["access_token"]) == 200
    simulator.expire_access_tokens("somebody else")
    assert await vertex(simulator, first["access_token"]) == 200
    await control(simulator, "POST", "/__expire")
    assert await vertex(simulator, first["access_token"]) == 401
    assert simulator.requests[-1].account == "alice"
    assert await vertex(simulator, (await refresh(simulator)).json()["access_token"]) == 200
    assert simulator.counts()["refreshes"] == {"alice": 2}


async def test_a_service_account_gets_a_token_for_its_assertion(simulator):
    """A JWT bearer grant names its account by ``iss``."""
    claims = (
        base64.urlsafe_b64encode(json.dumps({"iss": "robot@p.example.com"}).encode()).decode().rstrip("=")
    )
    form = f"grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=h.{claims}.s"
    token = (await refresh(simulator, form)).json()["access_token"]
    assert await vertex(simulator, token) == 200
    assert simulator.counts()["refreshes"] == {"robot": 1}


@pytest.mark.parametrize(
    ("form", "status", "error"),
    [
        ("grant_type=refresh_token&refresh_token=sim-a", 401, "invalid_client"),
        ("grant_type=refresh_token&client_id=i&client_secret=s", 400, "invalid_request"),
        ("grant_type=password", 400, "unsupported_grant_type"),
        ("grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion=x", 400, "invalid_grant"),
    ],
)
async def test_wrong_token_requests_are_refused(simulator, form, status, error):
    """What is missing in a token request is told in OAuth's words."""
    answer = await refresh(simulator, form)
    assert (answer.status, answer.json()["error"]) == (status, error)


async def test_a_grant_can_be_revoked_on_request(simulator):
    """``invalid_grant`` by a plan on the token's path; other refusals and resets work there too."""
    simulator.plan("invalid_grant", "status=503", "reset0", path="/token", account="alice")
    assert (await refresh(simulator)).json()["error"] == "invalid_grant"
    assert (await refresh(simulator)).status == 503
    with pytest.raises(ConnectionResetError):
        await refresh(simulator)
    assert (await refresh(simulator)).status == 200
    recorded = (await control(simulator, "GET", "/__requests")).payload
    assert b"sim-alice" not in recorded


@pytest.mark.outside
def test_the_thread_speaks_like_the_simulator():
    """SimulatorThread plans, tells, waits and forgets, asked from another thread."""
    with SimulatorThread() as simulator:
        simulator.plan("empty", account="a")
        assert asyncio.run(stream(simulator.base_url, "gemini", "x")).payload == b""
        simulator.wait_until(lambda received: received[0].ended_at is not None)
        assert [received.fault for received in simulator.requests] == ["empty"]
        simulator.expire_access_tokens()
        simulator.reset()
        assert simulator.requests == []
        with pytest.raises(TimeoutError):
            simulator.wait_until(lambda received: bool(received), timeout_seconds=0.01)


async def test_a_stopped_simulator_starts_again_on_its_port(simulator):
    """Stopping drops connections and refuses new ones; starting again keeps port and plans."""
    before = simulator.base_url
    await simulator.stop()
    await simulator.stop()
    with pytest.raises(ConnectionRefusedError):
        await stream(before, "chat", "hello")
    assert await simulator.start() == before
    assert (await stream(before, "chat", "hello")).status == 200


@pytest.mark.outside
async def test_the_command_prints_its_address(tmp_path):
    """``manage.py simulator`` serves until SIGTERM; its first line is its address."""
    environment = os.environ | {"PROXY_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "manage.py", "simulator", "--events", "2", "--words", "1"]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, stdout=asyncio.subprocess.PIPE, env=environment
    )
    address = (await process.stdout.readline()).decode().strip()
    answer = await stream(address, "chat", "hello")
    assert "[1]" in answer.payload.decode()
    assert "[2]" not in answer.payload.decode()
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0


def test_it_imports_nothing_of_the_product():
    """No file of the simulator imports Django or another part of the relay."""
    for path in (ROOT / "relay" / "simulator").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.split(".")[0] not in {"django", "accounts", "monitor", "proxyproject"}, path
                assert not name.startswith("relay") or name.startswith("relay.simulator"), path
