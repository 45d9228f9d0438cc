"""The model list with an upstream that fails, hangs and recovers, through the whole server."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest

from tests.running_server import ServerWorld
from tests.served.world import World, lasting_world

pytestmark = pytest.mark.stores

OWN_NAME = "house-model-7b"


class Lister(BaseHTTPRequestHandler):
    """A compatible server whose list is what ``says`` says, once ``may_answer``."""

    says: tuple[int, Any] = (500, {"error": {"message": "broken"}})
    may_answer = Event()

    def do_GET(self) -> None:
        Lister.may_answer.wait(60)
        status, told = Lister.says
        body = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def listing(server_world: ServerWorld) -> Iterator[World]:
    """A server with one more account, whose upstream tells what it offers; it fails at first."""
    Lister.may_answer.set()
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), Lister)
    Thread(target=upstream.serve_forever, daemon=True).start()
    with lasting_world(server_world) as world:
        account = {"email": "house@list", "kind": "openai", "credential": {"api_key": "sim-house"}}
        world.import_accounts([account | {"base_url": f"http://127.0.0.1:{upstream.server_port}"}])
        yield world
    upstream.shutdown()
    upstream.server_close()


def names(world: World) -> set[str]:
    return {model["id"] for model in world.client.get("/v1/models").json()["data"]}


def test_a_failure_is_forgotten_and_an_upstream_that_hangs_holds_nobody_up(listing: World) -> None:
    """Each list that fails is asked for again; while one hangs, the list comes without it."""
    assert OWN_NAME not in names(listing)
    for failing in ((404, {"detail": "Not Found"}), (200, {"error": {"code": 1302}}), (200, "no list")):
        Lister.says = failing
        assert OWN_NAME not in names(listing)
    Lister.says = (200, {"object": "list", "data": [{"id": OWN_NAME, "name": "House: Model 7B"}]})
    Lister.may_answer.clear()
    assert names(listing)  # comes before upstream may answer
    Lister.may_answer.set()
    listing.wait_for_model(OWN_NAME)
    Lister.says = (503, {})
    assert OWN_NAME in names(listing)
