"""The vectors in upstreams' answers, in the forms that servers write."""

import base64
import json
import struct
from typing import Any

import pytest
from msgspec import Raw

from relay.dialects.embeddings.embedding_answers import Vectors, tokens_in, vectors_in
from relay.dialects.embeddings.told_rows import NoVectors

A, B = [0.5, -2.0], [1.0, 4.0]


def packed(values: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()


def row(embedding: Any, **fields: Any) -> dict[str, Any]:
    return {"object": "embedding", "embedding": embedding, **fields}


FORMS: dict[str, tuple[Any, list[list[float]]]] = {
    "OpenAI": ({"object": "list", "data": [row(A, index=0), row(B, index=1)]}, [A, B]),
    "OpenAI, out of order": ({"data": [row(B, index=1), row(A, index=0)]}, [A, B]),
    "places as text": ({"data": [row(B, index="1"), row(A, index="0")]}, [A, B]),
    "places from one": ({"data": [row(B, index=2), row(A, index=1)]}, [A, B]),
    "all at place 0": ({"data": [row(A, index=0), row(B, index=0)]}, [A, B]),
    "a place missing": ({"data": [row(A, index=0), row(B)]}, [A, B]),
    "place 0 left out": ({"data": [row(B, index=1), row(A)]}, [A, B]),
    "places of other types": ({"data": [row(A, index=1.5), row(B, index=[0])]}, [A, B]),
    "base64": ({"data": [row(packed(A), index=0), row(packed(B), index=1)]}, [A, B]),
    "base64 and numbers": ({"data": [row(packed(A), index=0), row(B, index=1)]}, [A, B]),
    "a vector in a list of one": ({"data": [row([A], index=0), row([B], index=1)]}, [A, B]),
    "one row in no list": ({"data": row(A, index=0)}, [A]),
    "rows without objects": ({"data": [A, B]}, [A, B]),
    "whole numbers": ({"data": [row([1, 0], index=0)]}, [[1, 0]]),
    "Gemini's one": ({"embedding": {"values": A}}, [A]),
    "Gemini's several": ({"embeddings": [{"values": A}, {"values": B}]}, [A, B]),
    "null beside the other": ({"embedding": None, "embeddings": [{"values": A}]}, [A]),
    "an empty list beside the other": ({"data": [], "embeddings": [A]}, [A]),
    "Ollama's own path": ({"model": "m", "embeddings": [A, B], "prompt_eval_count": 4}, [A, B]),
    "Ollama's older path": ({"embedding": A}, [A]),
    "Cohere": ({"id": "x", "embeddings": {"float": [A, B]}, "texts": ["a", "b"]}, [A, B]),
    "MiniMax": ({"vectors": [A, B], "total_tokens": 4, "base_resp": {"status_code": 0}}, [A, B]),
    "Vertex AI's older models": (
        {"predictions": [{"embeddings": {"values": A, "statistics": {"token_count": 2}}}]},
        [A],
    ),
    "TEI's own path": ([A, B], [A, B]),
    "llama.cpp's own path": ([{"index": 0, "embedding": [A]}, {"index": 1, "embedding": [B]}], [A, B]),
    "a vector alone": (A, [A]),
}
NONE: dict[str, Any] = {
    "a place that two may have": {"data": [row(A), row(B, index=0)]},
    "an error": {"error": {"message": "no"}},
    "no rows": {"data": []},
    "null": {"data": None},
    "a number": {"data": 7},
    "a row of nothing": {"data": [{}]},
    "an empty vector": {"data": [row([])]},
    "texts": {"data": [row(["a"])]},
    "NaN as null": {"data": [row([None, 0.5])]},
    "an object": {"data": [row({"indices": [1], "count": [0.5]})]},
    "base64 of three bytes": {"data": [row("AAAA")]},
    "no base64": {"data": [row("not base64!")]},
    "base64 of NaN": {"data": [row(packed([float("nan")]))]},
    "several vectors for one text": {"data": [row([A, B])]},
    "Gemini's without values": {"embedding": {}},
    "usage alone": {"usage": {"prompt_tokens": 3}},
    "lists in lists": {"data": [row([[[[[A]]]]])]},
}


def test_each_form_is_read() -> None:
    """The vectors in the order of the texts, however they are written and wherever they stand."""
    read = {
        name: [json.loads(bytes(one)) for one in vectors_in([json.dumps(told).encode()]).values]
        for name, (told, _) in FORMS.items()
    }
    assert read == {name: vectors for name, (_, vectors) in FORMS.items()}


def test_a_mark_and_blanks_in_front_cost_nothing() -> None:
    """A byte order mark, and line breaks of a gateway that kept the connection awake."""
    for before in (b"\xef\xbb\xbf", b"\n\n", b"   "):
        assert vectors_in([before + b'{"data":[{"embedding":[0.5]}]}']).values == (Raw(b"[0.5]"),)


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_vector_is_none(name: str) -> None:
    """Another account is asked: no client gets a vector that its text does not have."""
    with pytest.raises(NoVectors):
        vectors_in([json.dumps(NONE[name]).encode()])


@pytest.mark.parametrize("answer", [b"", b"<html>", b'{"data":', b"[", b'{"data":[{"embedding":[1e999]}]}'])
def test_what_is_no_json_is_none(answer: bytes) -> None:
    """A page of a gateway's, half an answer, a number that no float holds."""
    with pytest.raises(NoVectors):
        vectors_in([answer])


def test_several_answers_are_one() -> None:
    """In their order, and the tokens of all that tell them."""
    one = b'{"embedding":{"values":[1]},"usageMetadata":{"promptTokenCount":2}}'
    assert vectors_in([one, one]) == Vectors((Raw(b"[1]"), Raw(b"[1]")), 4)
    assert vectors_in([one, b'{"embedding":{"values":[2]}}']) == Vectors((Raw(b"[1]"), Raw(b"[2]")), 2)


def test_tokens_are_read_wherever_they_are_told() -> None:
    """Voyage and Jina tell a total alone, Ollama and MiniMax no usage; what is no count is unknown."""
    for told, tokens in (
        ({"usage": {"prompt_tokens": 3, "total_tokens": 4}}, 3),
        ({"usage": {"total_tokens": 4}}, 4),
        ({"usage": {"input_tokens": 4}}, 4),
        ({"usage": {"prompt_tokens": "4"}}, 4),
        ({"usageMetadata": {"promptTokenCount": 4}}, 4),
        ({"usageMetadata": {"totalTokenCount": 4}}, 4),
        ({"prompt_eval_count": 4}, 4),
        ({"total_tokens": 4}, 4),
        ({"usage": None}, None),
        ({"usage": 7}, None),
        ({"usage": {"prompt_tokens": -1}}, None),
        ({"usage": {"prompt_tokens": []}, "total_tokens": {}}, None),
        ({}, None),
    ):
        fields = {name: Raw(json.dumps(value).encode()) for name, value in told.items()}
        assert tokens_in(fields) == tokens, told


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b"\n\n", b"\xef\xbb\xbf "])
def test_what_stands_in_front_costs_no_tokens(before: bytes) -> None:
    """A byte order mark or a line break in front: the counts are read as the vectors are."""
    answer = before + b'{"data":[{"embedding":[0.5]}],"usage":{"prompt_tokens":4}}'
    assert vectors_in([answer, answer]).tokens == 8
