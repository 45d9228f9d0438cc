"""The retry budget over the wire: a dying upstream is not hammered, and nobody pays for that who can wait."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx

from tests.running_server import json_value
from tests.served.raw_upstream import CHUNKED, EVENT_STREAM, RawUpstream, Then, chunked, head
from tests.served.world import CLAUDE, KEY, PATIENCE_SECONDS, World

SPENT = "the retry budget of its upstream is spent"
MODEL = "gpt-raw"
"""Nobody else offers a name of that family."""
AT_ONCE = 200
ANSWER = (Path(__file__).parents[2] / "transcripts" / "anthropic_text.sse").read_bytes()


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
        assert SPENT in response.json()["error"]["message"]
        assert SPENT in world.row(response)["error"]
        lines = world.log_lines(response)
        assert any("Retry budget spent, not retrying: " in line for line in lines)
        assert any("The only attempt failed. " in line for line in lines)
        assert world.messages("Hello.").status_code == 200


def test_embeddings_ask_the_same_budget(own_world: Callable[..., AbstractContextManager[World]]) -> None:
    """A short exchange counts as a request, and its retry as one: with none left it is told so."""
    body = {"model": "gemini-embedding-001", "input": "Hello."}
    with own_world(RELAY_RETRY_SHARE="0.5", RELAY_RETRY_FLOOR="0", RELAY_RETRY_QUEUE="0") as world:
        world.simulator.plan("status=500", "ok", "status=500", path="mbedContent")
        mended = world.client.post("/v1/embeddings", json=body)
        refused = world.client.post("/v1/embeddings", json=body)
        assert (mended.status_code, refused.status_code) == (200, 500)
        assert [attempt["strategy"] for attempt in world.attempts(mended)] == ["linear backoff", None]
        assert [attempt["strategy"] for attempt in world.attempts(refused)] == ["retry budget spent"]
        assert SPENT in refused.json()["error"]["message"]


def test_streams_that_break_at_once_all_get_their_answer(
    own_world: Callable[..., AbstractContextManager[World]],
) -> None:
    """200 streams, one upstream, all reset in one moment: retries wait for their turn, and nobody is refused.

    The upstream is left alone for a while, and retries wait for that, too. Meanwhile another upstream's
    retries find a budget of their own.
    """
    settings = {"RELAY_RETRY_SHARE": "0.2", "RELAY_RETRY_FLOOR": "30", "RELAY_BREAKER_SECONDS": "2"}
    with own_world(**settings, RELAY_BREAKER_ATTEMPTS="20") as world, RawUpstream() as upstream:
        account = {"email": "raw@anthropic", "kind": "anthropic", "base_url": upstream.base_url}
        account |= {"credential": {"api_key": "raw"}, "models": [MODEL]}
        world.import_accounts([account])
        world.wait_for_model(MODEL)
        broken = (head(EVENT_STREAM, CHUNKED), Then.WAIT, Then.RESET)
        upstream.says(*[broken] * AT_ONCE, default=(head(EVENT_STREAM, CHUNKED) + chunked(ANSWER),))
        answers, elsewhere = asyncio.run(_all_at_once(world, upstream))
        assert {answer.status_code for answer in answers} == {200}
        assert [answer for answer in answers if "message_stop" not in answer.text] == []
        assert elsewhere.status_code == 200
        rows = [world.row(answer) for answer in answers]
        waited = [row for row in rows if "queued_ms" in json_value(row["diagnostics"])]
        assert len(rows) == AT_ONCE
        assert waited, "the budget was to be spent"
        assert [row for row in rows if "rested_ms" in json_value(row["diagnostics"])]
        assert f"Upstream {upstream.base_url.removeprefix('http://')} answers for {MODEL} again" in (
            world.server.log_text
        )
        assert "queued_ms" not in json_value(world.row(elsewhere)["diagnostics"])
        told = world.client.get("/metrics").text
        host = upstream.base_url.removeprefix("http://")
        assert f'evenkeel_retry_turns_total{{turn="waited",upstream="{host}"}}' in told


async def _all_at_once(world: World, upstream: RawUpstream) -> tuple[list[httpx.Response], httpx.Response]:
    """Begin all streams, break them when all are there; one request to the simulator behind that."""
    limits = httpx.Limits(max_connections=AT_ONCE + 1)
    async with httpx.AsyncClient(
        base_url=world.server.base_url, timeout=PATIENCE_SECONDS, headers={"x-api-key": KEY}, limits=limits
    ) as client:

        async def asked(model: str, prompt: str) -> httpx.Response:
            turns = [{"role": "user", "content": prompt}]
            body = {"model": model, "max_tokens": 99, "stream": True, "messages": turns}
            return await client.post("/v1/messages", json=body)

        tasks = [asyncio.create_task(asked(MODEL, f"Hello {number}.")) for number in range(AT_ONCE)]
        await asyncio.to_thread(upstream.wait_for_requests, AT_ONCE)
        upstream.go_on()
        elsewhere = await asked(CLAUDE, "Hello. [fault: status=500, ok]")
        return await asyncio.gather(*tasks), elsewhere
