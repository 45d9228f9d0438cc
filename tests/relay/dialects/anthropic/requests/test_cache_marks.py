"""Where a translated request asks Claude to cache."""

from typing import Any

from hypothesis import given

from relay.dialects.anthropic.requests.cache_marks import MARK, with_cache_marks, without_cache_marks
from tests.relay.dialects.anthropic.bodies import JSON

LONG = "word " * 400


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def body(*turns: tuple[str, list[dict[str, Any]]]) -> dict[str, Any]:
    return {
        "tools": [{"name": "a", "description": LONG}, {"name": "b"}],
        "system": [text("One."), text("Two.")],
        "messages": [{"role": role, "content": list(content)} for role, content in turns],
    }


def marked(found: dict[str, Any]) -> list[str]:
    """Where the marks are."""
    places = [
        f"{key}.{n}"
        for key in ("tools", "system")
        for n, one in enumerate(found[key])
        if MARK in one.values()
    ]
    return places + [
        f"{n}.{k}"
        for n, message in enumerate(found["messages"])
        for k, block in enumerate(message["content"])
        if block.get("cache_control") == MARK
    ]


def test_four_places_are_marked() -> None:
    """Behind the tools, the system prompt, the turn that ended the request before, and the last turn."""
    call, result = {"type": "tool_use", "id": "t"}, {"type": "tool_result", "tool_use_id": "t"}
    asked = body(
        ("user", [text("First.")]),
        ("assistant", [call]),
        ("user", [result, text("Go on.")]),
        ("assistant", [text("Yes.")]),
        ("user", [text("And?")]),
    )
    assert marked(with_cache_marks(asked, 512)) == ["tools.1", "system.1", "2.1", "4.0"]
    first = body(("user", [text("First.")]))
    assert marked(with_cache_marks(first, 512)) == ["tools.1", "system.1", "0.0"]
    assert marked(asked) == [] == marked(first)


def test_what_is_too_short_to_be_cached_gets_no_mark() -> None:
    """Fewer bytes than the model wants tokens: that prefix is not cached, and its mark would be in vain."""
    asked = body(("user", [text("First.")]), ("assistant", [text("Yes.")]), ("user", [text(LONG)]))
    assert marked(with_cache_marks(asked, 2500)) == ["2.0"]
    assert marked(with_cache_marks(asked, 10_000)) == []


def test_every_mark_can_be_taken_back() -> None:
    """For a server that refuses them: none is left, within results neither, and a tool's own words stay."""
    inner = {"type": "tool_result", "tool_use_id": "t", "content": [{**text("x"), "cache_control": MARK}]}
    called = {"type": "tool_use", "id": "t", "name": "b", "input": {"cache_control": "the tool's own"}}
    asked = body(("assistant", [called]), ("user", [inner, text("Go on.")]))
    found = without_cache_marks({**with_cache_marks(asked, 1), "cache_control": MARK})
    assert found == body(
        ("assistant", [called]), ("user", [{**inner, "content": [text("x")]}, text("Go on.")])
    )
    assert without_cache_marks(found) is found


@given(JSON)
def test_taking_back_never_raises(value: Any) -> None:
    """Whatever a client's own body holds."""
    asked = {"messages": value, "system": value, "tools": value}
    assert without_cache_marks(asked) == without_cache_marks(without_cache_marks(asked))
