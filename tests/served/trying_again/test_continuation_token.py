"""CONTINUATION: a Gemini answer in several segments is one answer for a client of another dialect."""

from relay.simulator.model.prose import read_counters
from tests.served.world import World, events, text_of


def test_a_long_gemini_answer_is_one_message_for_a_claude_client(world: World) -> None:
    """The server asks on with upstream's token: one message, nothing lost or doubled, usage summed."""
    response = world.messages("A long one. [fault: continuation, ok]", model="claude-on-gemini")
    names = [name for name, _ in events(response)]
    assert names.count("message_start") == names.count("message_stop") == 1
    counters = [counter for counter, _ in read_counters(text_of(response))]
    assert counters == list(range(len(counters)))
    legs = world.upstream_bodies()
    assert len(legs) == 2
    assert "continuationToken" in legs[1]
    assert world.row(response)["outcome"] == "ok"


def test_a_gemini_client_follows_its_token_itself(world: World) -> None:
    """The same dialect passes the token through: one segment, one upstream request."""
    response = world.gemini("A long one. [fault: continuation, ok]")
    last = events(response)[-1][1]["candidates"][0]
    assert last["finishReason"] == "CONTINUATION"
    assert last["continuationToken"]
    assert len(world.upstream_bodies()) == 1
