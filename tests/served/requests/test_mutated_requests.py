"""Whatever a client sends, broken at random, the server answers it, and does not fail itself."""

import json
import random

import pytest

from tests.relay.dialects.whatever_comes.mutations import mutants
from tests.relay.linear import shapes
from tests.served.world import CLAUDE, GEMINI, World

SEED = 20261128
PATHS = {
    "anthropic": "/v1/messages",
    "chat": "/v1/chat/completions",
    "responses": "/v1/responses",
    "gemini": "/v1beta/models/{}:streamGenerateContent?alt=sse",
}
MODELS = (CLAUDE, GEMINI, "claude-on-gemini", "gemini-on-claude")


@pytest.mark.parametrize("name", PATHS)
def test_a_broken_request_is_answered(world: World, name: str) -> None:
    """Flipped bytes, other types, absurd numbers, 100,000 levels: to upstreams of either dialect."""
    rng = random.Random(SEED)
    told = len(world.server.log_text)
    wrong = {}
    for number, (shape, body) in enumerate(shapes.requests(name, 2)):
        model = rng.choice(MODELS)
        if name != "gemini":
            body["model"] = model
        for broken, _ in mutants(b"data:" + json.dumps(body).encode(), SEED + number, 1):
            answer = world.client.post(
                PATHS[name].format(model),
                content=broken.removeprefix(b"data:"),
                headers={"content-type": "application/json"},
            )
            if answer.status_code == 500 or not answer.headers.get("x-request-id"):
                wrong[shape] = (answer.status_code, answer.text[:300], broken[:2000])
            elif answer.status_code != 200:
                assert answer.json()["error"]["message"]
    assert wrong == {}
    log = world.server.log_text[told:]
    assert "Traceback" not in log
    assert "the server failed" not in log
