"""Embedding requests in the three forms."""

from typing import Any

import pytest

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
