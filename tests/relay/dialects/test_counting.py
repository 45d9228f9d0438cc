"""What counters are asked, and what is estimated."""

from typing import Any, get_type_hints

import pytest
from openai.types.responses.input_token_count_params import InputTokenCountParams

from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.gemini.client_side import COUNTING
from relay.dialects.openai import OPENAI_RESPONSES
from relay.dialects.token_estimate import MOST_VALUES, estimate

BODY = {
    "contents": [{"parts": [{"text": "Hi."}]}],
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "safetySettings": [],
}


def test_each_home_of_gemini_is_asked_in_its_own_words() -> None:
    """The Developer API wants a wrapper, Vertex the fields, Code Assist an envelope for the contents."""
    contents, system = BODY["contents"], BODY["systemInstruction"]
    wrapped = {"model": "models/m", "contents": contents, "systemInstruction": system}
    assert COUNTING.counter_body("gemini", "m", BODY) == {"generateContentRequest": wrapped}
    assert COUNTING.counter_body("gemini", "m", {"contents": contents}) == {"contents": contents}
    assert COUNTING.counter_body("vertex", "m", BODY) == {"contents": contents, "systemInstruction": system}
    envelope = {"request": {"model": "models/m", "contents": contents}}
    assert COUNTING.counter_body("code_assist", "m", BODY) == envelope


def test_anthropics_counter_takes_no_settings_of_the_answer() -> None:
    """``max_tokens``, ``stream`` and the like would be a 400 there."""
    assert ANTHROPIC.counting is not None
    body = {"model": "m", "messages": [], "max_tokens": 5, "stream": True, "metadata": {}, "tools": []}
    assert ANTHROPIC.counting.counter_body("anthropic", "m", body) == {
        "model": "m",
        "messages": [],
        "tools": [],
    }


def test_openais_counter_takes_what_its_sdk_has_for_it() -> None:
    """``stream``, ``store`` and the like would be a 400 there; only its client's answer names itself."""
    assert OPENAI_RESPONSES.counting is not None
    taken = set(get_type_hints(InputTokenCountParams)) - {
        "conversation",
        "previous_response_id",
        "personality",
    }
    body = dict.fromkeys([*taken, "stream", "store", "include", "max_output_tokens"], "x")
    counted = OPENAI_RESPONSES.counting.counter_body("openai", "m", body)
    assert counted.keys() == taken
    assert OPENAI_RESPONSES.counting.beside == {"object": "response.input_tokens"}
    assert ANTHROPIC.counting is not None
    assert (ANTHROPIC.counting.beside, COUNTING.beside) == ({}, {})


@pytest.mark.parametrize(
    ("kind", "rest"), [("gemini", set()), ("vertex", set()), ("code_assist", {"systemInstruction"})]
)
def test_what_a_counter_has_no_place_for_is_known(kind: str, rest: set[str]) -> None:
    """So that a count without it is not called exact."""
    assert COUNTING.uncounted(kind, BODY).keys() == rest


def test_an_estimate_counts_texts_and_media() -> None:
    """Four bytes a token; a picture's base64 is no text."""
    assert estimate({"messages": [{"content": "x" * 400}]}, 500) == 100
    picture = {"source": {"type": "base64", "media_type": "image/png", "data": "A" * 100_000}}
    assert 1500 <= estimate({"messages": [{"content": [picture]}]}, 100_200) < 1600
    assert estimate({}, 2) == 1
    assert estimate({"a": "\u00e4" * 200}, 500) == 100
    assert estimate({"a": "\u00e4" * 200_000}, 500_000) == 100_000


def test_a_medium_is_one_in_every_dialect_and_a_seal_is_no_text() -> None:
    """Base64 as OpenAI and Gemini have it counts as one medium; what is signed or encrypted not at all."""
    base64 = "A" * 3_000_000
    url = f"data:image/png;base64,{base64}"
    for medium in (
        {"type": "image_url", "image_url": {"url": url, "detail": "low"}},
        {"type": "input_image", "image_url": url},
        {"type": "file", "file": {"filename": "a.pdf", "file_data": url}},
        {"type": "input_file", "filename": "a.pdf", "file_data": base64},
        {"type": "input_audio", "input_audio": {"data": base64, "format": "wav"}},
        {"inline_data": {"mime_type": "image/png", "data": base64}},
        {"inlineData": {"mimeType": "image/png", "data": base64}},
    ):
        assert 1500 <= estimate({"messages": [{"content": [medium]}]}, 3_000_100) < 1520, medium
    for sealed in ("signature", "thoughtSignature", "encrypted_content"):
        assert estimate({"messages": [{sealed: base64, "text": "x" * 400}]}, 3_000_450) == 100
    assert estimate({"input": {"data": "x" * 400, "signature": 7}}, 500) == 100


class Counted(dict[str, object]):
    """An object of a body that counts how often its values are asked for."""

    asked = 0

    def values(self) -> Any:
        Counted.asked += 1
        return super().values()


def test_of_a_body_of_many_values_its_length_tells_enough() -> None:
    """Work on the event loop is bounded: a few thousand values are looked at, and no more."""
    picture = {"media_type": "image/png", "data": "A" * 4000}
    for values in (9_000, 100_000, [[["x"] * 100] * 100] * 100):
        many = [Counted(n="x") for _ in range(values)] if isinstance(values, int) else values
        Counted.asked = 0
        told = estimate({"messages": [many, picture]}, 8_004_000)
        assert Counted.asked <= MOST_VALUES
        if values != 9_000:
            assert told == 2_000_000 + 1500
