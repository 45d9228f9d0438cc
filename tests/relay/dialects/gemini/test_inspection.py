"""What the relay must know of a body before anything else, and what it says of one that is none."""

import pytest

from relay.dialects.gemini import GEMINI
from relay.neutral.conversation import digest
from relay.neutral.failures import BadRequest


def user(*texts: str) -> dict:
    """A user turn."""
    return {"role": "user", "parts": [{"text": text} for text in texts]}


def test_model_and_stream_stand_in_the_path():
    """The body says neither: they are left to whoever knows the path."""
    inspected = GEMINI.inspect({"contents": [user("hi")]}, {})
    assert (inspected.model, inspected.is_stream, inspected.wants_usage) == ("", False, True)


def test_preview_is_what_the_user_said_last():
    """The last user turn with words, its first 200 characters; tool results say none."""
    result = {"role": "user", "parts": [{"functionResponse": {"name": "f", "response": {}}}]}
    model = {"role": "model", "parts": [{"text": "answer"}]}
    body = {"contents": [user("first"), model, user("second", "x" * 300), model, result]}
    assert GEMINI.inspect(body, {}).preview == ("second\n" + "x" * 300)[:200]
    assert GEMINI.inspect({"contents": [result]}, {}).preview == ""


def test_the_seed_is_system_and_first_user_turn():
    """The session's seed stays the same while the conversation goes on, and tells beginnings apart."""
    system = {"parts": [{"text": "s"}]}
    first = GEMINI.inspect({"systemInstruction": system, "contents": [user("a")]}, {})
    later = GEMINI.inspect({"system_instruction": system, "contents": [user("a"), user("b")]}, {})
    other = GEMINI.inspect({"contents": [user("a")]}, {})
    assert first.session_seed == later.session_seed == digest([system, user("a")])
    assert other.session_seed != first.session_seed


@pytest.mark.parametrize(
    ("headers", "body", "session"),
    [
        ({}, {}, ""),
        ({"x-session-id": "h"}, {"sessionId": "b"}, "h"),
        ({"session_id": "u"}, {}, "u"),
        ({}, {"session_id": "b"}, "b"),
        ({}, {"sessionId": 3}, ""),
    ],
)
def test_the_clients_own_session(headers, body, session):
    """A session id comes in a header or in the body, or not at all."""
    assert GEMINI.inspect({"contents": [user("a")], **body}, headers).session_id == session


def test_a_counting_request():
    """What countTokens wraps is looked at like the request itself."""
    assert GEMINI.inspect({"generateContentRequest": {"contents": [user("hi")]}}, {}).preview == "hi"


def test_wrong_types(subtests: pytest.Subtests) -> None:
    """What later steps rely on is checked here, and the place is named."""
    for body, words in [
        ({}, "contents is missing or empty"),
        ({"contents": []}, "contents is missing or empty"),
        ({"contents": {}}, "contents must be an array"),
        ({"contents": [3]}, "contents.0 must be an object"),
        ({"contents": [{"role": 3}]}, "contents.0.role must be a string"),
        ({"contents": [{"parts": "hi"}]}, "contents.0.parts must be an array"),
        ({"contents": [{"parts": ["hi"]}]}, "contents.0.parts.0 must be an object"),
        ({"contents": [{"parts": [{"text": []}]}]}, "contents.0.parts.0.text must be a string"),
        ({"contents": [{"parts": [{"thought_signature": 1}]}]}, "thoughtSignature must be a string"),
        ({"contents": [{"parts": [{"functionCall": "f"}]}]}, "functionCall must be an object"),
        ({"contents": [user("a")], "systemInstruction": 3}, "systemInstruction must be an object"),
        ({"contents": [user("a")], "generation_config": []}, "generationConfig must be an object"),
        ({"contents": [user("a")], "tools": {}}, "tools must be an array"),
        ({"contents": [user("a")], "tools": [None]}, "tools.0 must be an object"),
        ({"generateContentRequest": []}, "generateContentRequest must be an object"),
    ]:
        with subtests.test(f"{body, words!r:.120}"), pytest.raises(BadRequest, match=words):
            GEMINI.inspect(body, {})
