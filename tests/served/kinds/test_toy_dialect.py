"""A dialect is one folder and one line: a toy in tests/relay/dialects/toy is served by the real server."""

from collections.abc import Iterator

import pytest

from tests.running_server import ServerWorld
from tests.served.world import KEY, World, lasting_world

SETTINGS = "tests.relay.dialects.toy.settings"


@pytest.fixture(scope="module")
def toy_world(server_world: ServerWorld) -> Iterator[World]:
    """A server that knows the toy."""
    with lasting_world(server_world, DJANGO_SETTINGS_MODULE=SETTINGS) as world:
        yield world


@pytest.mark.parametrize("model", ["claude-on-gemini", "claude-sonnet-4-6"])
def test_a_new_dialect_is_served_whatever_upstream_speaks(toy_world: World, model: str) -> None:
    """Its stream comes through the same engine, with the headers that its object names, and has its row."""
    response = toy_world.client.post("/toy/say", json={"model": model, "say": "Hello."})
    lines = response.text.splitlines()
    assert response.status_code == 200
    assert {line[:1] for line in lines} == {"+", "="}
    assert lines[-1] == "=end_turn"
    assert response.headers["toy-id"] == response.headers["x-request-id"]
    row = toy_world.row(response)
    assert (row["dialect"], row["outcome"]) == ("toy", "ok")


def test_what_fails_is_said_in_its_words(toy_world: World) -> None:
    """A bad body, a missing key, a peek failure in its log, a path that is not there."""
    refused = toy_world.client.post("/toy/claude-sonnet-4-6:say", json={"say": 5})
    assert (refused.status_code, refused.json()) == (400, {"toy_error": "say: must be a text."})
    stranger = toy_world.client.post("/toy/say", json={}, headers={"x-api-key": "sk-wrong-0123456789"})
    assert stranger.status_code == 401
    assert "toy_error" in stranger.json()
    healed = toy_world.client.post(
        "/toy/say", json={"model": "claude-sonnet-4-6", "say": "[fault: empty, ok]"}
    )
    assert healed.headers["x-attempts"] == "2"
    assert any("[Toy] " in line for line in toy_world.log_lines(healed))


def test_it_lists_models_too(toy_world: World) -> None:
    """The list has the shape of whoever asks."""
    listed = toy_world.client.get("/v1/models", headers={"x-toy": "yes", "x-api-key": KEY})
    assert {"toy": "claude-sonnet-4-6"} in listed.json()["toys"]
