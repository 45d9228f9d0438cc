"""The accents in which servers speak: what an accent may change, and that it is asked for by name."""

from pathlib import Path

import msgspec
import pytest

from relay.simulator.accents.catalogue import ACCENTS, PLAIN, UnknownAccentError, accent_of
from relay.simulator.dialect import CONTENT, SimulatedEvent
from tests.relay.simulator.raw import PATHS, stream

DOCS = Path(__file__).parents[3] / "docs" / "simulator.md"


def test_every_accent_is_documented() -> None:
    """docs/simulator.md has a row for every accent, with what is different, and none that does not exist."""
    table = DOCS.read_text().partition("## Ask for an accent")[2].partition("\n## ")[0]
    rows = [line for line in table.splitlines() if line.startswith("| `")]
    assert {row.split("`")[1]: row.split(" | ")[1] for row in rows} == {
        accent.name: accent.what for accent in ACCENTS.values()
    }


def test_an_accent_is_asked_for_in_the_last_text() -> None:
    """The last user text decides; without a word there is none; an unknown one is told with the known."""
    assert accent_of(["[accent: vllm] x", "hello"], "chat") is PLAIN
    assert accent_of([], "chat") is PLAIN
    assert accent_of(["hello [accent:vllm]"], "chat") is ACCENTS["vllm"]
    with pytest.raises(UnknownAccentError, match=r"there is .*stop_first"):
        accent_of(["[accent: vllm]"], "gemini")
    with pytest.raises(UnknownAccentError, match="vllm"):
        accent_of(["[accent: klingon]"], "chat")


CHUNK = b'{"id":"c","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":null}]}'


@pytest.mark.parametrize("name", [name for name, one in ACCENTS.items() if "chat" in one.changes])
def test_a_content_event_stays_one(name: str) -> None:
    """What a fault counts is the same with every accent: content events, their kinds and their order."""
    kinds = [kind for kind in CONTENT for _ in range(2)]
    told = ACCENTS[name].changes["chat"]([SimulatedEvent(kind, CHUNK) for kind in kinds])
    assert [event.kind for event in told if event.kind in CONTENT] == kinds
    assert all(msgspec.json.decode(event.data) for event in told)


@pytest.mark.parametrize("dialect", PATHS)
async def test_an_accent_of_another_dialect_is_refused(simulator, dialect: str) -> None:
    """A 400 says so; the accent's own dialect answers in it."""
    answer = await stream(simulator.base_url, dialect, "hello [accent: empty_frames]")
    assert answer.status == 200
    assert b"\n\ndata: \n\n" in answer.payload.replace(b"\r\n", b"\n")
    answer = await stream(simulator.base_url, dialect, "hello [accent: klingon]")
    assert answer.status == 400
    assert b"empty_frames" in answer.payload
