"""Many texts to embed: cut at the vendors' limits, and the answers joined in order."""

import json
from typing import Any

import pytest

from relay.dialects.embeddings.embedding_batches import cut, joined
from relay.dialects.embeddings.told_rows import WrongNumber


@pytest.mark.parametrize(
    ("given", "sizes"),
    [
        (["a"] * 5, [2, 2, 1]),
        (["a"] * 4, [2, 2]),
        ([[1, 2, 3]] * 3, [2, 1]),
        ([1, 2, 3], [3]),
        (["a"], [1]),
        ([], [0]),
        ("a long text", [11]),
        (None, [0]),
    ],
)
def test_a_body_is_cut_at_the_limit(given: Any, sizes: list[int]) -> None:
    """In order and with all else that it says; token numbers are one text."""
    body = {"input": given, "model": "m", "a_new_field": 1}
    bodies = cut(body, "input", 2)
    assert [len(one["input"] or ()) for one in bodies] == sizes
    assert all(one | {"input": 0} == body | {"input": 0} for one in bodies)
    if len(bodies) == 1:
        assert bodies[0] is body
    else:
        assert [text for one in bodies for text in one["input"]] == given


def openai_answer(*places: int, tokens: int) -> bytes:
    data = [{"object": "embedding", "index": place, "embedding": [place]} for place in places]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens, "cost": 0.5, "details": {"x": 1}}
    return json.dumps({"object": "list", "data": data, "model": "m", "usage": usage}).encode()


def test_openais_answers_are_joined() -> None:
    """Each vector at its place among all, whatever the order in which upstream tells them."""
    whole = json.loads(joined([openai_answer(1, 0, tokens=3), openai_answer(0, tokens=4)], [2, 1]))
    assert [(row["index"], row["embedding"]) for row in whole["data"]] == [(0, [0]), (1, [1]), (2, [0])]
    assert whole["usage"] == {"prompt_tokens": 7, "total_tokens": 7, "cost": 1.0, "details": {"x": 1}}
    assert (whole["object"], whole["model"]) == ("list", "m")


def test_geminis_answers_are_joined() -> None:
    """By their order alone; usage may be missing."""
    first = {"embeddings": [{"values": [1]}, {"values": [2]}], "usageMetadata": {"promptTokenCount": 5}}
    answers = [json.dumps(one).encode() for one in (first, {"embeddings": [{"values": [3]}]})]
    whole = json.loads(joined(answers, [2, 1]))
    assert whole["embeddings"] == [{"values": [1]}, {"values": [2]}, {"values": [3]}]
    assert whole["usageMetadata"] == {"promptTokenCount": 5}


def test_a_field_of_another_type_costs_itself() -> None:
    """An odd place or none, a row alone, a usage that is none: no vector is lost, nor its place."""
    odd = b'{"data":[{"embedding":[7],"index":"0"},[8],{"embedding":[9]}],"usage":[]}'
    whole = json.loads(joined([odd, openai_answer(0, tokens=4)], [3, 1]))
    assert [(row["index"], row["embedding"]) for row in whole["data"]] == [
        (0, [7]),
        (1, [8]),
        (2, [9]),
        (3, [0]),
    ]
    assert whole["usage"]["prompt_tokens"] == 4


def test_places_as_text_and_lists_alone_are_joined() -> None:
    """A server that bends its places bends those of each part; one without objects has no place to tell."""
    bent = b'{"data":[{"embedding":[8],"index":"1"},{"embedding":[7],"index":"0"}]}'
    for second in (bent, b"[[7],[8]]"):
        whole = json.loads(joined([bent, second], [2, 2]))
        assert [row["embedding"] for row in whole["data"]] == [[7], [8]] * 2
        assert [row["index"] for row in whole["data"]] == [0, 1, 2, 3]
    counted = b'{"data":[{"embedding":[7]}],"usage":{"prompt_tokens":"4"}}'
    assert json.loads(joined([counted, counted], [1, 1]))["usage"] == {"prompt_tokens": 8}


def test_a_mark_in_front_of_each_answer_costs_no_field() -> None:
    """Usage, model and kind of answers with a byte order mark stand in the one that they become."""
    mark = b"\xef\xbb\xbf"
    whole = json.loads(joined([mark + openai_answer(0, tokens=3), mark + openai_answer(0, tokens=4)], [1, 1]))
    assert (whole["object"], whole["model"], whole["usage"]["prompt_tokens"]) == ("list", "m", 7)
    assert [row["index"] for row in whole["data"]] == [0, 1]


@pytest.mark.parametrize("answer", [b"{}", b'{"data": 1}', b'{"error": {}}', b"[]", b"no"])
def test_what_is_no_list_of_as_many_vectors_is_no_answer(answer: bytes) -> None:
    """A vector too few would give every text behind it another's."""
    for answers in ([answer, openai_answer(0, tokens=1)], [openai_answer(0, tokens=1), answer]):
        with pytest.raises(ValueError):  # noqa: PT011 - msgspec's, or ours
            joined(answers, [1, 1])
    with pytest.raises(WrongNumber):
        joined([openai_answer(0, tokens=1), openai_answer(0, 1, tokens=1)], [1, 1])
