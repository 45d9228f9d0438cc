"""A request that comes back to its own server is stopped there, and the account that led it is named."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.running_server import ServerWorld
from tests.served.raw_upstream import CHUNKED, EVENT_STREAM, RawUpstream, chunked, head
from tests.served.requests.test_bad_input import error_in_dialect
from tests.served.world import KEY, World, lasting_world

HOPS = "x-evenkeel-hops"
ANSWER = (Path(__file__).parents[2] / "transcripts" / "anthropic_text.sse").read_bytes()
GOOD = (head(EVENT_STREAM, CHUNKED) + chunked(ANSWER),)


@pytest.fixture(scope="module")
def here(server_world: ServerWorld) -> Iterator[World]:
    """A server."""
    with lasting_world(server_world) as world:
        yield world


@pytest.fixture(scope="module")
def there(server_world: ServerWorld) -> Iterator[World]:
    """Another one, with a database of its own."""
    with lasting_world(server_world) as world:
        yield world


def offer(world: World, model: str, base_url: str) -> None:
    """An account at ``base_url``, which is nobody's but ``model``'s, with a good client key."""
    world.import_accounts(
        [
            {
                "email": f"{model}@anthropic",
                "kind": "anthropic",
                "base_url": base_url,
                "credential": {"api_key": KEY},
                "models": [model],
            }
        ]
    )
    world.wait_for_model(model)


def ask(world: World, model: str) -> httpx.Response:
    return world.messages("Hi", model=model, stream=False)


def rows(world: World, model: str) -> list[dict[str, Any]]:
    """What is on record of requests for ``model``, by status."""
    query = "SELECT * FROM monitor_requestlog WHERE client_model = %s AND NOT in_flight ORDER BY status"
    return world.eventually(query, (model,))


def test_an_account_that_points_here_costs_one_more_request(here: World) -> None:
    """The second one gets a 508 in its dialect and a row; the account is out of service and says why."""
    offer(here, "gpt-loop", here.server.base_url)
    answer = ask(here, "gpt-loop")
    assert answer.status_code == 503
    assert "leads back to this server" in answer.json()["error"]["message"]
    assert here.row(answer)["client_model"] == "gpt-loop"
    [stopped] = here.eventually("SELECT * FROM monitor_requestlog WHERE status = %s", (508,))
    assert "came back to this server" in stopped["error"]
    [outer] = rows(here, "gpt-loop")
    assert (outer["status"], outer["outcome"], outer["attempts"]) == (503, "error", 1)
    disabled = "SELECT * FROM accounts_account WHERE NOT enabled AND email = %s"
    [account] = here.eventually(disabled, ("gpt-loop@anthropic",))
    assert "leads back to this server" in account["disabled_reason"]


def test_two_servers_in_a_row_are_no_loop(here: World, there: World) -> None:
    """One server may be the upstream of another; each has a row."""
    with RawUpstream(GOOD) as upstream:
        offer(there, "gpt-row", upstream.base_url)
        offer(here, "gpt-row", there.server.base_url)
        assert ask(here, "gpt-row").status_code == 200
    assert [row["status"] for row in (*rows(here, "gpt-row"), *rows(there, "gpt-row"))] == [200, 200]


def test_a_ring_of_servers_ends_where_it_began(here: World, there: World) -> None:
    """It comes back by way of another: one request at each, and the one that is stopped; no other try."""
    offer(there, "gpt-ring", here.server.base_url)
    offer(here, "gpt-ring", there.server.base_url)
    answer = ask(here, "gpt-ring")
    assert answer.status_code == 508
    assert "came back" in answer.json()["error"]["message"]
    for world in (here, there):
        [row] = rows(world, "gpt-ring")
        assert (row["status"], row["attempts"]) == (508, 1)


def test_what_came_back_is_told_in_the_dialect(here: World) -> None:
    """On every path that takes a key, before anything is read; from too many servers in a row likewise."""
    with RawUpstream(GOOD) as upstream:
        offer(here, "gpt-raw", upstream.base_url)
        assert ask(here, "gpt-raw").status_code == 200
        [sent] = upstream.requests
    [hops] = [line for line in sent.decode().split("\r\n") if line.startswith(f"{HOPS}: ")]
    name = hops.removeprefix(f"{HOPS}: ")
    many = ", ".join(f"server{number}" for number in range(9))
    for path in ("/v1/messages", "/v1/chat/completions", "/v1beta/models/m:generateContent", "/v1/models"):
        send = here.client.get if path == "/v1/models" else here.client.post
        for passed in (name, f"another, {name}", f"{name}, another", many):
            answer = send(path, headers={HOPS: passed})
            assert answer.status_code == 508, (path, passed)
            error_in_dialect(path, answer)
        assert send(path, headers={HOPS: "another"}).status_code in (200, 400)
        stranger = httpx.request("POST", here.server.base_url + path, headers={HOPS: name})
        assert stranger.status_code in (401, 405)
