"""Calls and results that other vendors take in several turns, as chat completions take them."""

from accounts.facts.known_models import facts_for
from relay.dialects.openai import OPENAI_CHAT
from relay.dialects.openai.chat.requests.joined_turns import joined
from relay.neutral.conversation import Conversation, Media, Text, ToolCall, ToolResult, Turn

HI = Turn("user", (Text("hi"),))
A, B = (ToolCall(name, "f", {}) for name in "ab")
PICTURE = Media("image", "image/png", "iVBO")


def answered(call_id: str, *more: Media) -> Turn:
    return Turn("user", (ToolResult(call_id, "f", (Text(call_id), *more)),))


def test_the_models_turns_between_calls_and_results_are_one() -> None:
    """A message between them would be refused; texts keep apart."""
    turns = (
        HI,
        Turn("assistant", (Text("One."), A)),
        Turn("assistant", (Text("Two."), B)),
        answered("a", PICTURE),
        answered("b"),
    )
    changes: list[str] = []
    body = OPENAI_CHAT.write(Conversation(turns), "m", facts_for("m", "openai"), changes)
    _, said, first, second, beside = body["messages"]
    assert said["content"] == "One.\n\nTwo."
    assert [call["id"] for call in said["tool_calls"]] == ["a", "b"]
    assert [first["tool_call_id"], second["tool_call_id"]] == ["a", "b"]
    assert (beside["role"], beside["content"][-1]["type"]) == ("user", "image_url")


def test_other_turns_stay_what_they_are() -> None:
    """Two of one speaker that neither call nor answer are no matter of chat's."""
    turns = [HI, HI, Turn("assistant", (Text("x"),)), Turn("assistant", (A,)), answered("a"), HI]
    turns += [Turn("assistant", (Text("x"),)), HI]
    assert list(joined(turns)) == turns
    assert list(joined([])) == []
