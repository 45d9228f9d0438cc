"""What becomes of an embedding answer: told in the client's form, or passed through and mended."""

import base64
import json
import struct
from typing import Any

import pytest
from msgspec import Raw

from relay.dialects.embeddings.embedding import Form
from relay.dialects.embeddings.embedding_answers import (
    Vectors,
    WantedVectors,
    answer,
    passed_on,
    vectors_in,
    wanted,
)
from relay.dialects.embeddings.embedding_batches import joined
from relay.dialects.embeddings.told_rows import NoVectors, WrongNumber

TWO = WantedVectors("embeddings", "m", 2)
THREE = WantedVectors("embeddings", "m", 3)
A, B = [0.5, -2.0], [1.0, 4.0]


def packed(values: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()


def passed(told: Any, wants: WantedVectors) -> tuple[Any, list[str]]:
    bent: list[str] = []
    content, _ = passed_on(json.dumps(told).encode(), wants, bent)
    return json.loads(content), bent


def test_answers_in_each_form() -> None:
    """Unknown tokens are 0 where OpenAI requires a number, and left out where Gemini does not."""
    values = Raw(b"[0.5, -2.0]")
    vectors = Vectors((values,), None)
    assert answer(WantedVectors("embedContent", "m"), vectors) == {"embedding": {"values": values}}
    assert answer(WantedVectors("batchEmbedContents", "m"), vectors) == {"embeddings": [{"values": values}]}
    told = answer(WantedVectors("embeddings", "m", is_base64=True), vectors)
    assert told["usage"] == {"prompt_tokens": 0, "total_tokens": 0}
    assert json.loads(bytes(told["data"][0]["embedding"])) == packed([0.5, -2.0])


@pytest.mark.parametrize(
    ("body", "count", "is_base64"),
    [
        ({"input": "a"}, 1, False),
        ({"input": ["a", "b"]}, 2, False),
        ({"input": [1, 2, 3]}, 1, False),
        ({"input": [[1, 2], [3]]}, 2, False),
        ({"input": "a", "encoding_format": "float"}, 1, False),
        ({"input": "a", "encoding_format": None}, 1, False),
        ({"input": "a", "encoding_format": "base64"}, 1, True),
        ({"input": "a", "encoding_format": "ubinary"}, 1, None),
        ({"input": "a", "encoding_format": "base64", "output_dtype": "int8"}, 1, None),
        ({"input": "a", "output_dtype": "float"}, 1, False),
        ({"input": "a", "return_multivector": True}, 1, None),
        ({"input": "a", "return_multivector": False}, 1, False),
        ({"input": {"text": "a"}}, None, False),
    ],
)
def test_what_a_client_wants(body: dict[str, Any], count: int | None, is_base64: bool | None) -> None:
    """One vector for each text; floats unless it says otherwise; bytes and bits are its upstream's affair."""
    texts = body["input"]
    known = 1 if isinstance(texts, str) else len(texts) if texts == ["a", "b"] else 0
    assert wanted("embeddings", body, "m", known) == WantedVectors("embeddings", "m", count, is_base64)


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("embeddings", b'{"data":[{"embedding":[0.5],"index":0}, {"embedding":[1],"index":1}],"later":1}'),
        ("embeddings", b'{"data":[{"embedding":[0.5],"index":1},{"embedding":[1],"index":0}],"usage":null}'),
        ("batchEmbedContents", b'{"embeddings":[{"values":[1]},{"values":[2]}],"later":1}'),
    ],
)
def test_what_clients_can_read_passes_to_the_byte(form: Form, content: bytes) -> None:
    """Also what is new."""
    bent: list[str] = []
    assert passed_on(content, WantedVectors(form, "m", 2), bent) == (content, None)
    assert bent == []


def test_numbers_of_another_kind_pass_to_the_byte_where_the_client_asked_for_them() -> None:
    """Of bytes, bits and several vectors for a text only the client and its upstream know."""
    content = b'{"data":[{"embedding":[[1],[2]],"index":0},{"embedding":{"a":1},"index":1}]}'
    bent: list[str] = []
    assert passed_on(content, WantedVectors("embeddings", "m", 2, is_base64=None), bent) == (content, None)
    with pytest.raises(NoVectors):
        passed_on(content, TWO, [])
    assert bent == []


ODD_ROWS: tuple[Any, ...] = (
    {"embedding": {"float": A}},
    {"embedding": {"values": A}},
    {"embedding": [A]},
    {"embedding": [packed(A)]},
    {"float": A},
    {"values": A},
    A,
)
"""What stands in OpenAI's list of rows, and holds a vector where its clients do not look."""


def test_rows_in_another_form_are_told_in_the_clients() -> None:
    """A known key says nothing of the rows below it: each has the vector where the client looks for it."""
    for odd in ODD_ROWS:
        for is_base64 in (False, True):
            whole = {"data": [odd, {"embedding": B, "index": 1}], "usage": {"prompt_tokens": 4}}
            told, bent = passed(whole, WantedVectors("embeddings", "m", 2, is_base64))
            rows = [(row["object"], row["index"], row["embedding"]) for row in told["data"]]
            both = [packed(one) if is_base64 else one for one in (A, B)]
            assert rows == [("embedding", at, one) for at, one in enumerate(both)], odd
            assert (bent, told["usage"]["prompt_tokens"]) == (["data"], 4)
    told, _ = passed({"data": {"embedding": A, "index": 0}}, WantedVectors("embeddings", "m", 1))
    assert told["data"] == [{"object": "embedding", "index": 0, "embedding": A}]


def test_rows_in_another_form_are_told_in_googles() -> None:
    """Vectors without ``values``, in Cohere's kinds, or in base64."""
    for odd in (
        {"embeddings": [A]},
        {"embeddings": {"float": [A]}},
        {"embeddings": [{"values": packed(A)}]},
        {"embeddings": [{"embedding": A}]},
        {"embeddings": {"values": A}},
    ):
        told, bent = passed(odd, WantedVectors("batchEmbedContents", "m", 1))
        assert (told, bent) == ({"embeddings": [{"values": A}]}, ["embeddings"]), odd
    for other in (
        {"embedding": A},
        {"embedding": [A]},
        {"embedding": {"float": A}},
        {"embedding": [{"values": A}]},
        {"embedding": {"values": packed(A)}},
    ):
        told, bent = passed(other, WantedVectors("embedContent", "m", 1))
        assert (told, bent) == ({"embedding": {"values": A}}, ["embedding"]), other


def test_a_row_without_a_vector_is_no_answer() -> None:
    """Null, nothing, texts or no numbers in the vector's place: another account is asked."""
    row = {"embedding": B, "index": 1}
    for odd in (None, {"embedding": None}, {"embedding": []}, {"embedding": ["a"]}, {"embedding": ""}, {}):
        for is_base64 in (False, True):
            with pytest.raises(NoVectors):
                passed({"data": [odd, row]}, WantedVectors("embeddings", "m", 2, is_base64))
    for told in ([0.5, None], [0.5, "a"], "not base64!", "AAAA"):
        for is_base64 in (False, True):
            with pytest.raises(NoVectors):
                passed(
                    {"data": [{"embedding": told, "index": 0}, row]},
                    WantedVectors("embeddings", "m", 2, is_base64),
                )
    for form, whole in (
        ("batchEmbedContents", {"embeddings": [{"values": []}]}),
        ("batchEmbedContents", {"embeddings": [{"values": [0.5, None]}]}),
        ("embedContent", {"embedding": {"values": ["a"]}}),
    ):
        with pytest.raises(NoVectors):
            passed(whole, WantedVectors(form, "m", 1))


def test_what_no_client_could_read_is_mended_and_named() -> None:
    """Places are numbers, and vectors as they were asked for; all else stays as upstream said it."""
    odd = {"id": "x", "data": [{"embedding": B, "index": "1"}, {"embedding": A, "index": "0", "k": 1}]}
    assert passed(odd, TWO) == (
        {"id": "x", "data": [{"embedding": B, "index": 1}, {"embedding": A, "index": 0, "k": 1}]},
        ["data[].index"],
    )
    listed = {"data": [{"embedding": packed(A), "index": 0}, {"embedding": B, "index": 1}]}
    told, bent = passed(listed, TWO)
    assert [row["embedding"] for row in told["data"]] == [A, B]
    assert bent == ["data[].embedding"]
    told, bent = passed(listed, WantedVectors("embeddings", "m", 2, is_base64=True))
    assert [row["embedding"] for row in told["data"]] == [packed(A), packed(B)]
    assert bent == ["data[].embedding"]
    assert passed(listed, WantedVectors("embeddings", "m", 2, is_base64=None)) == (listed, [])


@pytest.mark.parametrize(
    ("told", "places"),
    [
        ((0, 1, 2), (0, 1, 2)),
        ((2, 0, 1), (2, 0, 1)),
        (("2", "0", "1"), (2, 0, 1)),
        ((3, 1, 2), (2, 0, 1)),
        ((-1, 7, 40), (0, 1, 2)),
        ((0, 0, 0), (0, 1, 2)),
        ((5, 5, 5), (0, 1, 2)),
        ((None, None, None), (0, 1, 2)),
        (("", "x", []), (0, 1, 2)),
        ((0, None, 2), (0, 1, 2)),
        ((2, None, 0), (2, 1, 0)),
        ((1, None, 2), (1, 0, 2)),
        ((1, 2, None), (1, 2, 0)),
        ((0, 0, 1), None),
        ((1, 1, 0), None),
        ((None, 0, 1), None),
        ((7, None, 9), None),
    ],
)
def test_places_are_those_told_else_the_order_and_a_mix_is_no_answer(
    told: tuple[Any, ...], places: tuple[int, ...] | None
) -> None:
    """A client that reads by place, one that reads in order, and another form's all get the same vectors."""
    rows = [{"embedding": [float(at)], "index": place} for at, place in enumerate(told)]
    content = json.dumps({"data": rows}).encode()
    if places is None:
        for read in (lambda: passed({"data": rows}, THREE), lambda: vectors_in([content])):
            with pytest.raises(WrongNumber):
                read()
        return
    found, bent = passed({"data": rows}, THREE)
    assert [(row["index"], row["embedding"]) for row in found["data"]] == [
        (place, [float(at)]) for at, place in enumerate(places)
    ]
    assert bent == ([] if places == told else ["data[].index"])
    in_order = [[float(places.index(at))] for at in range(3)]
    assert [json.loads(bytes(one)) for one in vectors_in([content]).values] == in_order
    whole = json.loads(joined([content, content], [3, 3]))
    assert [row["embedding"] for row in whole["data"]] == in_order * 2
    assert [row["index"] for row in whole["data"]] == list(range(6))


def test_an_answer_in_another_form_is_told_in_the_clients() -> None:
    """Ollama's own path, TEI's, or the other of Gemini's two methods."""
    for other in ({"embeddings": [A, B], "prompt_eval_count": 4}, [A, B], {"vectors": [A, B]}):
        told, bent = passed(other, TWO)
        assert [(row["index"], row["embedding"]) for row in told["data"]] == [(0, A), (1, B)]
        assert (told["object"], told["model"], len(bent)) == ("list", "m", 1)
    one = {"embeddings": [{"values": A}], "usageMetadata": {"promptTokenCount": 4}}
    assert passed(one, WantedVectors("embedContent", "m", 1))[0]["embedding"] == {"values": A}
    assert passed({"embedding": {"values": A}}, WantedVectors("batchEmbedContents", "m", 1))[0][
        "embeddings"
    ] == [{"values": A}]


@pytest.mark.parametrize(
    "content",
    [
        b"<html>",
        b"",
        b"[]",
        b"7",
        b'{"error":{}}',
        b'{"usage":{}}',
        b'{"data":',
        b'{"data":[]}',
        b'{"data":7}',
        b'{"data":[{"embedding":[1],"index":0}]}',
        b'{"data":[{"embedding":[1]},{"embedding":[1]},{"embedding":[1]}]}',
        b'{"data":[{"embedding":"AAAA","index":0},{"embedding":"AAAA","index":1}]}',
    ],
)
def test_what_is_no_answer_does_not_pass_through(content: bytes) -> None:
    """A page of a gateway's, an error under 200, a vector too few: another account is asked."""
    with pytest.raises(NoVectors):
        passed_on(content, TWO, [])


def test_absurd_counts_do_not_pass_through() -> None:
    """The vectors do. What is no count is 0 for the client and unknown for the row; a text may be one."""
    usage = '"usage":{"prompt_tokens":@,"total_tokens":@}'
    for told, tokens in (("-1", None), ("1e300", None), (str(2**70), None), ('"many"', None), ('"7"', 7)):
        content = '{"data":[{"embedding":[0.5],"index":0}],' + usage.replace("@", told) + "}"
        passing, count = passed_on(content.encode(), WantedVectors("embeddings", "m", 1), [])
        assert count == tokens
        whole = json.loads(passing)
        assert whole["data"] == [{"embedding": [0.5], "index": 0}]
        assert set(whole["usage"].values()) == {tokens or 0}
    content = '{"embeddings":[{"values":[0.5]}],"usageMetadata":{"promptTokenCount":-1}}'
    passing, count = passed_on(content.encode(), WantedVectors("batchEmbedContents", "m", 1), [])
    assert (json.loads(passing)["usageMetadata"], count) == ({"promptTokenCount": 0}, None)
    told_usage = {
        "prompt_tokens": 3.0,
        "total_tokens": 4.5,
        "cost": 0.5,
        "prompt_tokens_details": {"audio_tokens": None},
    }
    rows = [{"embedding": [0.5], "index": 0}]
    counted, bent = passed(
        {"data": rows, "a_new_field": [1.0], "usage": told_usage}, WantedVectors("embeddings", "m", 1)
    )
    assert counted == {
        "data": rows,
        "a_new_field": [1.0],
        "usage": {**told_usage, "prompt_tokens": 3, "total_tokens": 0},
    }
    assert (type(counted["usage"]["prompt_tokens"]), bent) == (int, ["usage"])
