"""Quotas before the 429, through the real server: who is nearly empty rests while another has room."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from tests.served.raw_upstream import CHUNKED, EVENT_STREAM, RawUpstream, Script, chunked, head
from tests.served.world import World

OwnWorld = Callable[..., AbstractContextManager[World]]
MODEL = "gpt-raw"
ANSWER = (Path(__file__).parents[2] / "transcripts" / "anthropic_text.sse").read_bytes()


def telling(used: float) -> Script:
    """An answer of a subscription of which so much is used."""
    start = "anthropic-ratelimit-unified-5h-"
    told = (f"{start}utilization: {used}", f"{start}reset: {int(time.time()) + 3600}")
    return (head(EVENT_STREAM, CHUNKED, *(line.encode() for line in told)) + chunked(ANSWER),)


def at(upstream: RawUpstream, name: str, priority: int) -> dict[str, object]:
    """An account there."""
    return {
        "email": name,
        "kind": "anthropic",
        "base_url": upstream.base_url,
        "credential": {"api_key": f"raw-{name}"},
        "models": [MODEL],
        "priority": priority,
    }


def test_who_is_nearly_empty_rests_while_another_has_room(own_world: OwnWorld) -> None:
    """The first choice answers until its own figures say it is nearly empty; no request has to fail."""
    with RawUpstream(telling(0.5)) as first, RawUpstream(telling(0.1)) as second, own_world() as world:
        world.import_accounts([at(first, "first@raw", 9), at(second, "second@raw", 0)])
        world.wait_for_model(MODEL)

        def asked(prompt: str) -> str:
            answer = world.messages(prompt, model=MODEL)
            assert (answer.status_code, answer.headers["x-attempts"]) == (200, "1")
            return answer.headers["x-account-email"]

        assert [asked("one"), asked("two")] == ["first@raw"] * 2
        first.says(default=telling(0.95))
        assert asked("three") == "first@raw", "nobody could know yet"
        assert [asked("four"), asked("five")] == ["second@raw"] * 2
        assert asked("three") == "first@raw", "the prompt cache of a conversation outranks balance"
        world.eventually("SELECT 1 FROM accounts_account WHERE quota_windows <> '[]'", ())
