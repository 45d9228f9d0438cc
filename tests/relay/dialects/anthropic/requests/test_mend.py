"""What other vendors' answers left in a client's body, and Claude would refuse."""

from typing import Any

from relay.dialects.anthropic import ANTHROPIC


def mended(*citations: Any) -> tuple[dict[str, Any], list[str]]:
    """A turn of the model's with these citations, mended, and what was said about it."""
    text = {"type": "text", "text": "x", "citations": [*citations]}
    body = {"messages": [{"role": "assistant", "content": [text]}]}
    changes: list[str] = []
    return ANTHROPIC.mend(body, changes)["messages"][0]["content"][0], changes


def test_citations_of_ours_go() -> None:
    """A location with an empty index was written by this server for another vendor's page."""
    theirs = {"type": "web_search_result_location", "encrypted_index": "E", "url": "u"}
    ours = {"type": "web_search_result_location", "encrypted_index": "", "url": "u"}
    assert mended(theirs) == ({"type": "text", "text": "x", "citations": [theirs]}, [])
    changes = ["citations of another vendor's pages were left out"]
    assert mended(ours, theirs) == ({"type": "text", "text": "x", "citations": [theirs]}, changes)
    assert mended(ours) == ({"type": "text", "text": "x"}, changes)


def test_an_input_that_is_a_text_becomes_an_object() -> None:
    """Some gateways tell a call's input as a text of JSON; the API takes an object alone."""
    table = {'{"x": 1}': {"x": 1}, '{}{"x": 1}': {"x": 1}, "": {}, "[1": {"arguments_as_text": "[1"}}
    for told, input_ in table.items():
        call = {"type": "tool_use", "id": "toolu_1", "name": "f", "input": told}
        changes: list[str] = []
        body = {"messages": [{"role": "assistant", "content": [call]}]}
        mended_body = ANTHROPIC.mend(body, changes)
        assert mended_body["messages"][0]["content"] == [{**call, "input": input_}]
        assert changes == ["inputs of tool calls that were texts became objects"]
