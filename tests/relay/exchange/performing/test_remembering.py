"""A large request is made beside the loop, and has what was learned while it was made."""

import time
from typing import Any

import pytest

from relay.engine.healing.signatures import MISSES_KEPT, Remembered, SignatureCache
from relay.exchange.large_bodies import LARGE_BYTES
from relay.exchange.performing import remembering

SIGNED = "signed" * 20


class Recalled:
    """A memory in which nobody else knows more."""

    def __init__(self) -> None:
        self.signatures = SignatureCache()

    async def recall(self, missed: list[Any]) -> bool:
        return False

    def renew(self) -> None:
        return


class Call:
    """As much of a client's call as is asked for."""

    weight = LARGE_BYTES
    session = "s"


@pytest.mark.parametrize("others", [0, MISSES_KEPT])
async def test_what_is_learned_meanwhile_is_in_the_request(others: int) -> None:
    """Another answer of the session brings the signature that the copy lacked, beside many others."""
    memory, made = Recalled(), list[str]()

    def make(signatures: SignatureCache) -> str:
        for number in range(others):
            signatures.tool_signature("s", f"other-{number}", time.time())
        entry = signatures.tool_signature("s", "call-1", time.time())
        made.append(entry.value if entry else "")
        memory.signatures.cache_tool_signature("s", "call-1", Remembered(SIGNED, "gemini", time.time()))
        return made[-1]

    assert await remembering.recalled(memory, Call(), lambda: make) == SIGNED  # type: ignore[arg-type, return-value, comparison-overlap]
    assert made == ["", SIGNED]
