"""An upstream that fails nearly always is left alone: others are asked, and it is tried by one request."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from tests.served.raw_upstream import CHUNKED, EVENT_STREAM, RawUpstream, Then, chunked, head
from tests.served.world import World, text_of

MODEL = "gpt-raw"
"""Nobody else offers a name of that family."""

ANSWER = (Path(__file__).parents[2] / "transcripts" / "anthropic_text.sse").read_bytes()
GOOD = (head(EVENT_STREAM, CHUNKED) + chunked(ANSWER),)
DEAD = (Then.RESET,)
ATTEMPTS = 6

OwnWorld = Callable[..., AbstractContextManager[World]]


def at(upstream: RawUpstream, name: str, priority: int = 0) -> dict[str, object]:
    """An account there."""
    return {
        "email": name,
        "kind": "anthropic",
        "base_url": upstream.base_url,
        "credential": {"api_key": f"raw-{name}"},
        "models": [MODEL],
        "priority": priority,
    }


def test_accounts_on_other_hosts_are_asked_instead(own_world: OwnWorld) -> None:
    """Once enough has failed nobody asks there any more, whatever the account's priority."""
    settings = {"RELAY_BREAKER_ATTEMPTS": str(ATTEMPTS), "RELAY_BREAKER_SECONDS": "3600"}
    with RawUpstream(DEAD) as dead, RawUpstream(GOOD) as well, own_world(**settings) as world:
        world.import_accounts([at(dead, "dead@raw", priority=9)])
        world.wait_for_model(MODEL)
        for _ in range(ATTEMPTS // 3):
            assert world.messages(model=MODEL).status_code == 502
        world.import_accounts([at(well, "well@raw") | {"models": [MODEL, "gpt-too"]}])
        world.wait_for_model("gpt-too")
        answer = world.messages(model=MODEL)
        assert (answer.status_code, answer.headers["x-account-email"]) == (200, "well@raw")
        assert answer.headers["x-attempts"] == "1"
        assert len(dead.requests) == ATTEMPTS
        host = dead.base_url.removeprefix("http://")
        assert f" relay: Upstream {host} fails nearly always for {MODEL}: " in world.server.log_text
        assert f'evenkeel_upstream_resting{{upstream="{host}"}} 1.0' in world.client.get("/metrics").text


def test_with_nobody_else_the_client_is_told(own_world: OwnWorld) -> None:
    """A 503 in the dialect with Retry-After, a row that says why, and upstream is not even tried."""
    settings = {"RELAY_BREAKER_ATTEMPTS": str(ATTEMPTS), "RELAY_BREAKER_SECONDS": "3600"}
    with RawUpstream(DEAD) as dead, own_world(**settings) as world:
        world.import_accounts([at(dead, "dead@raw")])
        world.wait_for_model(MODEL)
        for _ in range(ATTEMPTS // 3):
            assert world.messages(model=MODEL).status_code == 502
        assert len(dead.requests) == ATTEMPTS
        refused = world.messages(model=MODEL)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "3600")
        assert refused.json()["type"] == "error"
        assert "fails nearly always and is left alone" in refused.json()["error"]["message"]
        row = world.row(refused)
        assert (row["attempts"], row["status"], row["outcome"]) == (0, 503, "error")
        assert "upstream_resting" in row["diagnostics"]
        assert len(dead.requests) == ATTEMPTS
        assert world.messages().status_code == 200


def test_one_request_tries_it_again(own_world: OwnWorld) -> None:
    """Behind the rest; its first data is enough, and everybody may go there."""
    settings = {"RELAY_BREAKER_ATTEMPTS": str(ATTEMPTS), "RELAY_BREAKER_SECONDS": "0.2"}
    with RawUpstream(DEAD) as upstream, own_world(**settings) as world:
        world.import_accounts([at(upstream, "raw@raw")])
        world.wait_for_model(MODEL)
        for _ in range(ATTEMPTS // 3):
            world.messages(model=MODEL)
        upstream.says(default=GOOD)
        for _ in range(3):  # the first waits at admission for the end of the rest
            answer = world.messages(model=MODEL)
            assert (answer.status_code, answer.headers["x-attempts"]) == (200, "1")
            assert text_of(answer)
        assert len(upstream.requests) == 3
