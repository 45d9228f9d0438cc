"""An upstream that refuses a part of a request's form, through the whole server: asked again, remembered."""

import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from tests.relay.dialects.openai.streams import chat, delta
from tests.served.kinds.every_kind import wait_for_names
from tests.served.upstreams.test_odd_answers import DOCUMENT
from tests.served.world import World, text_of

Refuses = Callable[[dict[str, Any]], bool]
MODELS: dict[str, tuple[Refuses, str]] = {
    "form-stream": (lambda body: bool(body.get("stream")), "Streaming is not supported for this model"),
    "form-options": (lambda body: "stream_options" in body, "Unknown parameter: 'stream_options'."),
    "form-role": (
        lambda body: any(turn["role"] == "developer" for turn in body["messages"]),
        "messages[0].role: unknown variant `developer`, expected one of `system`, `user`",
    ),
    "form-stubborn": (lambda body: True, "Unknown parameter: 'stream_options'."),
    "form-top-p": (lambda body: "top_p" in body, "Unsupported parameter: 'top_p' is not supported here."),
}


class Particular(BaseHTTPRequestHandler):
    """Refuses what its model's name says, and answers otherwise."""

    asked: int = 0

    def do_POST(self) -> None:
        Particular.asked += 1
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        refuses, message = MODELS[body["model"]]
        told = json.dumps({"error": {"message": message, "type": "invalid_request_error"}}).encode()
        status, kind = 400, "application/json"
        if not refuses(body):
            status = 200
            told = json.dumps(DOCUMENT).encode()
            if body.get("stream"):
                kind, told = "text/event-stream", chat(delta(content="fine"), delta("stop"))
        self.send_response(status)
        self.send_header("content-type", kind)
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def particular(shared_world: World) -> Iterator[World]:
    """The shared world with an account at such a server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Particular)
    Thread(target=server.serve_forever, daemon=True).start()
    account = {
        "email": "particular@upstream",
        "kind": "openai",
        "base_url": f"http://127.0.0.1:{server.server_port}",
        "models": list(MODELS),
        "priority": 9,
        "credential": {"api_key": "sim-particular"},
    }
    shared_world.import_accounts([account])
    wait_for_names(shared_world, set(MODELS))
    yield shared_world
    shared_world.server.manage(
        "shell",
        "-v0",
        "-c",
        "from accounts.models import Account; Account.objects.filter(email='particular@upstream').delete()",
    )
    server.shutdown()
    server.server_close()


def ask(world: World, path: str, body: dict[str, Any]) -> tuple[int, int, str, str]:
    """Status, how often upstream was asked, what was heard, and the row's outcome."""
    Particular.asked = 0
    answer = world.client.post(path, json={"max_tokens": 9, **body})
    row = world.row(answer)
    heard = text_of(answer) if body.get("stream") else answer.text
    return answer.status_code, Particular.asked, heard, row["outcome"]


DEVELOPER = [{"role": "developer", "content": "Be brief."}, {"role": "user", "content": "hi"}]
HI = [{"role": "user", "content": "hi"}]


def test_what_is_refused_is_taken_back_once_and_remembered(particular: World) -> None:
    """The second request is right at once; a client that streams gets a stream, whatever upstream can."""
    wrong = {}
    for model, messages in (("form-stream", HI), ("form-options", HI), ("form-role", DEVELOPER)):
        for turn, (asked, outcome) in enumerate(((2, "healed"), (1, "ok"))):
            body = {"model": model, "messages": messages, "stream": True}
            found = ask(particular, "/v1/chat/completions", body)
            if found != (200, asked, "fine", outcome):
                wrong[model, turn] = found
    for model in ("form-stream", "form-options"):
        body = {"model": model, "messages": HI, "stream": True}
        found = ask(particular, "/v1/messages", body)
        if found != (200, 1, "fine", "ok"):
            wrong[model, "anthropic"] = found
    assert wrong == {}


def test_a_server_that_goes_on_refusing_is_believed(particular: World) -> None:
    """Its 400 is the client's to see, and nothing is remembered of it."""
    for _ in range(2):
        body = {"model": "form-stubborn", "messages": HI, "stream": True}
        status, asked, _, _ = ask(particular, "/v1/chat/completions", body)
        assert (status, asked) == (400, 2)


def test_a_parameter_of_the_clients_own_stays_its_own(particular: World) -> None:
    """What it asks of the model that it names is refused to it; from another dialect it is taken back."""
    own = ask(particular, "/v1/chat/completions", {"model": "form-top-p", "messages": HI, "top_p": 0.5})
    assert own[:2] == (400, 1)
    other = ask(particular, "/v1/messages", {"model": "form-top-p", "messages": HI, "top_p": 0.5})
    assert (other[0], other[1], other[3]) == (200, 2, "healed")
