"""Embedding requests and answers in the three forms."""

import base64
import struct
from typing import Any

import msgspec
import pytest
from msgspec import Raw

from relay.dialects.embeddings import embedding
from relay.neutral.failures import BadRequest, CannotCarry

TEXT = {"content": {"parts": [{"text": "a"}]}}


def test_openai_texts_become_requests() -> None:
    """One text or several; ``dimensions`` is Gemini's ``outputDimensionality``."""
    assert embedding.read("embeddings", {"input": "a"}) == [TEXT]
    both = embedding.read("embeddings", {"input": ["a", "a"], "dimensions": 8})
    assert both == [{**TEXT, "outputDimensionality": 8}] * 2


@pytest.mark.parametrize(
    ("form", "body"),
    [
        ("embedContent", {}),
        ("embedContent", {"content": "a"}),
        ("batchEmbedContents", {}),
        ("batchEmbedContents", {"requests": []}),
        ("batchEmbedContents", {"requests": [7]}),
        ("batchEmbedContents", {"requests": {"content": {}}}),
        ("embeddings", {}),
        ("embeddings", {"input": []}),
        ("embeddings", {"input": 7}),
    ],
)
def test_what_is_no_request_is_refused(form: embedding.Form, body: dict[str, Any]) -> None:
    """A BadRequest in words, never another exception."""
    with pytest.raises(BadRequest, match=r"content|requests|input"):
        embedding.read(form, body)


def test_token_numbers_belong_to_their_vendor() -> None:
    """Numbers are another tokenizer's words."""
    with pytest.raises(CannotCarry, match="token numbers"):
        embedding.read("embeddings", {"input": [[1, 2]]})


def test_to_openai_only_texts_travel_and_the_rest_is_named() -> None:
    """Parts are joined, settings that OpenAI has not are named once; a picture is refused."""
    changes: list[str] = []
    given = {"content": {"parts": [{"text": "a"}, {"text": "b"}]}, "taskType": "CLUSTERING", "title": "t"}
    body = embedding.openai_body([given, {**given, "outputDimensionality": 8}], "m", changes)
    assert body == {"model": "m", "input": ["a\nb", "a\nb"], "encoding_format": "float"}
    assert changes == ["taskType dropped", "title dropped"]
    picture = {"content": {"parts": [{"inlineData": {"mimeType": "image/png", "data": "AA=="}}]}}
    with pytest.raises(CannotCarry, match="texts"):
        embedding.openai_body([picture], "m", [])


def test_the_model_is_named_as_upstream_wants_it() -> None:
    """In each request of a batch; in a single one where the client named it; never on Vertex."""
    named = {**TEXT, "model": "models/x"}
    assert embedding.gemini_batch([TEXT], "y") == {"requests": [{**TEXT, "model": "models/y"}]}
    assert embedding.gemini_single(named, "y", is_vertex=False)["model"] == "models/y"
    assert embedding.gemini_single(TEXT, "y", is_vertex=False) == TEXT
    assert embedding.gemini_single(named, "y", is_vertex=True) == TEXT


def test_vectors_of_both_vendors() -> None:
    """Gemini's two answers, and OpenAI's, whose rows say their place."""
    one = b'{"embedding":{"values":[1]},"usageMetadata":{"promptTokenCount":2}}'
    two = b'{"embeddings":[{"values":[2]},{"values":[3]}],"later":true}'
    assert embedding.vectors_of_gemini([one, one]) == embedding.Vectors((Raw(b"[1]"), Raw(b"[1]")), 4)
    assert embedding.vectors_of_gemini([two]) == embedding.Vectors((Raw(b"[2]"), Raw(b"[3]")), None)
    rows = b'{"data":[{"index":1,"embedding":[5]},{"index":0,"embedding":[4]}],"usage":{"prompt_tokens":7}}'
    assert embedding.vectors_of_openai(rows) == embedding.Vectors((Raw(b"[4]"), Raw(b"[5]")), 7)
    for vector in (b'"AAAA"', b'["a"]', b"[null]", b"{}", b"[1e999]"):
        with pytest.raises(msgspec.DecodeError):
            embedding.vectors_of_openai(b'{"data":[{"embedding":%b}]}' % vector)


def test_a_field_of_another_type_costs_itself() -> None:
    """The vectors are there, whatever stands beside them; without places they stand in their order."""
    both = (Raw(b"[4]"), Raw(b"[5]"))
    for odd in (b"null", b"7", b'"x"', b"[]", b'{"prompt_tokens":[],"promptTokenCount":{}}', b"1e999"):
        rows = b'{"data":[{"embedding":[4],"index":%b},{"embedding":[5]}],"usage":%b}' % (odd, odd)
        assert embedding.vectors_of_openai(rows) == embedding.Vectors(both, None), odd
        listed = b'{"embedding":null,"embeddings":[{"values":[4]},{"values":[5]}],"usageMetadata":%b}' % odd
        assert embedding.vectors_of_gemini([listed]) == embedding.Vectors(both, None), odd
    one = b'{"embedding":{"values":[4]},"embeddings":null}'
    assert embedding.vectors_of_gemini([one]) == embedding.Vectors(both[:1], None)


def test_answers_in_each_form() -> None:
    """Unknown tokens are 0 where OpenAI requires a number, and left out where Gemini does not."""
    values = Raw(b"[0.5, -2.0]")
    vectors = embedding.Vectors((values,), None)
    assert embedding.answer("embedContent", vectors, "m", False) == {"embedding": {"values": values}}
    assert embedding.answer("batchEmbedContents", vectors, "m", False) == {"embeddings": [{"values": values}]}
    told = embedding.answer("embeddings", vectors, "m", True)
    assert told["usage"] == {"prompt_tokens": 0, "total_tokens": 0}
    packed = base64.b64decode(told["data"][0]["embedding"])
    assert struct.unpack("<2f", packed) == (0.5, -2.0)


@pytest.mark.parametrize(
    ("content", "tokens"),
    [
        (b'{"data":[],"usage":{"prompt_tokens":3}}', 3),
        (b'{"usageMetadata":{"promptTokenCount":4},"embeddings":[]}', 4),
        (b'{"embedding":{}}', None),
        (b'{"data":7,"usage":7}', None),
    ],
)
def test_tokens_are_read_from_what_passes_through(content: bytes, tokens: int | None) -> None:
    """For the row; whatever else the answer holds is not looked at."""
    assert embedding.passed_on(content) == (content, tokens)


@pytest.mark.parametrize(
    "content", [b"<html>", b"", b"[]", b"7", b'{"error":{}}', b'{"usage":{}}', b'{"data":']
)
def test_what_is_no_answer_does_not_pass_through(content: bytes) -> None:
    """A page of a gateway's, an error under 200: another account is asked, and no client is told of it."""
    with pytest.raises(msgspec.DecodeError):
        embedding.passed_on(content)


def test_absurd_counts_do_not_pass_through() -> None:
    """The vectors do. What is no count is 0 for the client and unknown for the row; a text may be one."""
    openai, gemini = '"usage":{"prompt_tokens":@,"total_tokens":@}', '"usageMetadata":{"promptTokenCount":@}'
    for told, tokens in (("-1", None), ("1e300", None), (str(2**70), None), ('"many"', None), ('"7"', 7)):
        for usage in (openai, gemini):
            content = '{"data":[{"embedding":[0.5],"index":0}],' + usage.replace("@", told) + "}"
            passed, count = embedding.passed_on(content.encode())
            assert count == tokens
            whole = msgspec.json.decode(passed)
            assert whole["data"] == [{"embedding": [0.5], "index": 0}]
            counts = whole.get("usage") or whole["usageMetadata"]
            assert set(counts.values()) == {tokens or 0}
    told = {
        "prompt_tokens": 3.0,
        "total_tokens": 4.5,
        "cost": 0.5,
        "prompt_tokens_details": {"audio_tokens": None},
    }
    content = msgspec.json.encode({"data": [], "a_new_field": [1.0], "usage": told})
    passed, count = embedding.passed_on(content)
    assert (type(count), count) == (int, 3)
    counted = msgspec.json.decode(passed)
    assert counted == {
        "data": [],
        "a_new_field": [1.0],
        "usage": {**told, "prompt_tokens": 3, "total_tokens": 0},
    }
    assert type(counted["usage"]["prompt_tokens"]) is int
    answer = b'{"data":[{"embedding":[0.5],"index":0}],"usage":{"prompt_tokens":-7}}'
    assert embedding.vectors_of_openai(answer).tokens is None
    answer = b'{"embedding":{"values":[0.5]},"usageMetadata":{"promptTokenCount":1e300}}'
    assert embedding.vectors_of_gemini([answer]).tokens is None
