"""What the row of an attempt tells."""

import pytest

from tests.served.world import ACCOUNTS, World


@pytest.mark.parametrize("fault", ["status=500", "empty"])
def test_a_failed_attempt_names_upstreams_request(world: World, fault: str) -> None:
    """Upstream's own id of the request that it refused or left empty: what its support asks for."""
    first, second = world.attempts(world.messages(f"Hello. [fault: {fault}, ok]"))
    assert first["upstream_request_id"]
    assert second["upstream_request_id"]
    assert first["upstream_request_id"] != second["upstream_request_id"]


@pytest.mark.parametrize("fault", ["status=500", "status=429", "empty"])
def test_an_attempt_tells_when_its_headers_came(world: World, fault: str) -> None:
    """Of a refusal too: what upstream took to say no is part of the picture."""
    for attempt in world.attempts(world.messages(f"Hello. [fault: {fault}, ok]")):
        assert 0 <= attempt["headers_ms"] <= attempt["end_ms"]


@pytest.mark.parametrize(
    ("fault", "status"), [("status=500", 500), ("empty", 200), ("stop_empty", 200), ("reset0", None)]
)
def test_an_attempt_tells_upstreams_status(world: World, fault: str, status: int | None) -> None:
    """An empty answer was a 200 upstream; where no headers came there was none."""
    first, second = world.attempts(world.messages(f"Hello. [fault: {fault}, ok]"))
    assert first["status"] == status
    assert second["status"] == 200


def test_an_attempt_that_got_no_headers_claims_none(world: World) -> None:
    """It was connected, and reset."""
    first, second = world.attempts(world.messages("Hello. [fault: reset0, ok]"))
    assert first["headers_ms"] is None
    assert second["headers_ms"] is not None


def test_connecting_is_timed_where_it_happened(world: World) -> None:
    """Where resets left no connection open the next attempt connects; the one after it does not."""
    for _ in range(len(ACCOUNTS)):  # the lists of models have left some open
        world.messages("Hello. [fault: reset0*]")
    world.messages()
    assert world.attempts(world.messages())[0]["connect_ms"] is None
    query = "SELECT connect_ms, headers_ms FROM monitor_attemptlog WHERE connect_ms IS NOT NULL"
    for attempt in (connected := world.eventually(query, ())):
        assert attempt["headers_ms"] is None or 0 <= attempt["connect_ms"] <= attempt["headers_ms"]
    assert connected


def test_a_counting_request_tells_its_times(world: World) -> None:
    """Short exchanges have attempts like any other."""
    body = {"model": "claude-sonnet-4-6", "messages": [{"role": "user", "content": "Hello."}]}
    response = world.client.post("/v1/messages/count_tokens", json=body)
    [attempt] = world.attempts(response)
    assert 0 <= attempt["headers_ms"] <= attempt["end_ms"]
