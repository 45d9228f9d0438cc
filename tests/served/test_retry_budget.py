"""The retry budget over the wire: a dying upstream is not hammered."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from tests.served.world import World


def test_a_spent_budget_answers_the_failure_in_hand(
    own_world: Callable[..., AbstractContextManager[World]],
) -> None:
    """With no retry left, upstream's 500 is the client's at once: one attempt, one upstream request."""
    with own_world(RELAY_RETRY_SHARE="0", RELAY_RETRY_FLOOR="0") as world:
        response = world.messages("Hello. [fault: status=500, ok]")
        assert response.status_code == 500
        [attempt] = world.attempts(response)
        assert len(world.upstream_bodies()) == 1
        assert attempt["strategy"] == "retry budget spent"
        assert "this server's retry budget is spent" in response.json()["error"]["message"]
        assert "this server's retry budget is spent" in world.row(response)["error"]
        lines = world.log_lines(response)
        assert any("Retry budget spent, not retrying: " in line for line in lines)
        assert any("All 1 attempts failed. " in line for line in lines)
        assert world.messages("Hello.").status_code == 200


def test_embeddings_ask_the_same_budget(own_world: Callable[..., AbstractContextManager[World]]) -> None:
    """A short exchange counts as a request, and its retry as one: with none left it is told so."""
    body = {"model": "gemini-embedding-001", "input": "Hello."}
    with own_world(RELAY_RETRY_SHARE="0.5", RELAY_RETRY_FLOOR="0") as world:
        world.simulator.plan("status=500", "ok", "status=500", path="mbedContent")
        mended = world.client.post("/v1/embeddings", json=body)
        refused = world.client.post("/v1/embeddings", json=body)
        assert (mended.status_code, refused.status_code) == (200, 500)
        assert [attempt["strategy"] for attempt in world.attempts(mended)] == ["linear backoff", None]
        assert [attempt["strategy"] for attempt in world.attempts(refused)] == ["retry budget spent"]
        assert "this server's retry budget is spent" in refused.json()["error"]["message"]
