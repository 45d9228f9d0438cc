"""What the operator says of models reaches the running server, and requests are fitted by it."""

import time
from typing import Any

import pytest

from tests.served.world import PATIENCE_SECONDS, World

pytestmark = pytest.mark.stores

PROBE = "claude-facts-probe"


def say(world: World, **fields: Any) -> None:
    """As the admin saves it, in another process."""
    code = "from accounts.models import ModelOverride as M; M.objects.update_or_create"
    world.server.manage("shell", "-c", f"{code}(pattern={PROBE!r}, defaults={fields!r})")


def context_told(world: World) -> int:
    """The context that the server tells a Gemini client."""
    answer = world.client.get(f"/v1beta/models/{PROBE}")
    assert answer.status_code == 200
    return int(answer.json()["inputTokenLimit"])


def test_a_word_of_the_operators_is_gone_by_within_two_seconds(world: World) -> None:
    """The running process takes it from the database: lists tell it, and a request is cut to it."""
    assert context_told(world) == 1_000_000
    facts = {"context_tokens": 20_000, "max_output_tokens": 1_234, "default_max_tokens": 321}
    say(world, facts=facts, note="tried", kinds=["anthropic"])
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while context_told(world) != 20_000:
        assert time.monotonic() < ends_at, "the server did not take it"
        time.sleep(0.05)
    chat = {"model": PROBE, "messages": [{"role": "user", "content": "Hello."}]}
    answer = world.client.post("/v1/chat/completions", json=chat)
    assert world.upstream_bodies()[-1]["max_tokens"] == 321
    assert answer.status_code == 200
    answer = world.client.post("/v1/chat/completions", json={**chat, "max_tokens": 9_999})
    assert world.upstream_bodies()[-1]["max_tokens"] == 1_234
    assert "max_tokens 9999 became 1234" in str(world.row(answer)["changes"])
