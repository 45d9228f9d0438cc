"""What upstream reads from its cache of a conversation: as much through translation as without it.

The simulator caches as the vendors do: Claude's up to a mark, the others' whatever began the same, each by
account. The measure is what the client is told in its own fields.
"""

from typing import Any

import pytest

from tests.served.speakers import SPEAKERS, Wish
from tests.served.world import World

STEPS = 6
PROMPT = f"{'The harbour has a long wall and a small light. ' * 60} Please use the tool {STEPS} times."
CLIENTS = dict(zip(("anthropic", "gemini", "chat", "responses"), SPEAKERS, strict=True))
TARGETS = {"anthropic": "on-claude", "gemini": "on-gemini", "chat": "on-open", "responses": "on-openai"}
"""By the client whose bytes pass through to it."""


def cached_and_all(client: str, answer: Any) -> tuple[int, int]:
    """The input tokens that were read from a cache, and all of them, by the client's own fields."""
    if client == "gemini":
        told = answer["usageMetadata"]
        return told.get("cachedContentTokenCount", 0), told["promptTokenCount"]
    told = answer["usage"]
    if client == "anthropic":
        read = told["cache_read_input_tokens"]
        return read, read + told["cache_creation_input_tokens"] + told["input_tokens"]
    kind = "prompt" if client == "chat" else "input"
    return told[f"{kind}_tokens_details"]["cached_tokens"], told[f"{kind}_tokens"]


def share_of(world: World, client: str, model: str) -> float:
    """The cached share of a conversation of many tool calls, one after the other."""
    speaker = CLIENTS[client]
    wish = Wish(f"{PROMPT} This is {client} on {model}.", tools=True)
    read = total = 0
    for _ in range(STEPS + 1):
        body = speaker.body(model, wish)
        if client == "anthropic":  # as Claude's own clients do, who pay for its cache
            body["cache_control"] = {"type": "ephemeral"}
        response = world.client.post(speaker.path(model, wish), json=body)
        assert response.status_code == 200, response.text
        cached, tokens = cached_and_all(client, response.json())
        read, total = read + cached, total + tokens
        heard = speaker.heard(response, wish)
        if not heard.calls:
            break
        wish.history += speaker.results(heard, "text")
    assert len(wish.history) >= 2 * STEPS
    return read / total


@pytest.mark.parametrize("upstream", TARGETS)
def test_as_much_is_cached_as_without_translation(kinds_world: World, upstream: str) -> None:
    """Each client's conversation on each upstream: within two hundredths of its own client's share."""
    shares = {client: share_of(kinds_world, client, TARGETS[upstream]) for client in CLIENTS}
    assert min(shares.values()) > shares[upstream] - 0.02, shares
    assert shares[upstream] > 0.7, shares


def test_openai_is_told_which_conversation_it_is(kinds_world: World) -> None:
    """One key for all turns of a conversation, another for another, the client's own where it sent one."""
    keys = []
    for prompt in ("One.", "Another."):
        for history in ([], [{"role": "assistant", "content": "Yes."}, {"role": "user", "content": "And?"}]):
            messages = [{"role": "user", "content": prompt}, *history]
            kinds_world.messages(model="on-openai", messages=messages, stream=False)
            keys.append(kinds_world.upstream_bodies()[-1]["prompt_cache_key"])
    assert keys[0] == keys[1] != keys[2] == keys[3]
    assert 16 <= len(keys[0]) <= 64
    chat = {
        "model": "on-openai",
        "messages": [{"role": "user", "content": "Hi."}],
        "prompt_cache_key": "mine",
    }
    kinds_world.client.post("/v1/chat/completions", json=chat)
    assert kinds_world.upstream_bodies()[-1]["prompt_cache_key"] == "mine"
    kinds_world.messages(model="on-open", stream=False)
    assert "prompt_cache_key" not in kinds_world.upstream_bodies()[-1]
