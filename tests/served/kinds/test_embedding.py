"""Embeddings through the real server: two SDKs, and every kind of account that has them or has not."""

import base64
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import openai
import pytest
from google import genai
from google.genai import errors, types
from openai import OpenAI

from relay.short.short_exchange import LARGE_BYTES
from tests.running_server import json_value
from tests.served.kinds.every_kind import add_every_kind
from tests.served.world import KEY, World

WITH = ("embed-on-studio", "embed-on-vertex", "embed-on-openai")
WITHOUT = ("embed-on-claude", "embed-on-code-assist")
TEXTS = ["The first text.", "The second text.", "The third text."]


@pytest.fixture
def client(kinds_world: World) -> Iterator[OpenAI]:
    """OpenAI's SDK without retries of its own."""
    with OpenAI(api_key=KEY, base_url=f"{kinds_world.server.base_url}/v1", max_retries=0) as client:
        yield client


@pytest.fixture
def google(kinds_world: World) -> genai.Client:
    """Google's SDK."""
    return genai.Client(api_key=KEY, http_options=types.HttpOptions(base_url=kinds_world.server.base_url))


@pytest.mark.parametrize("model", WITH)
def test_the_openai_sdk(client: OpenAI, model: str) -> None:
    """Vectors in the order of the texts, of the asked length, with the tokens that upstream read."""
    answer = client.embeddings.create(model=model, input=TEXTS, dimensions=64)
    alone = client.embeddings.create(model=model, input=TEXTS[2], dimensions=64)
    assert [len(item.embedding) for item in answer.data] == [64, 64, 64]
    assert [item.index for item in answer.data] == [0, 1, 2]
    assert answer.data[2].embedding == pytest.approx(alone.data[0].embedding)
    assert answer.usage.prompt_tokens > 0


@pytest.mark.parametrize("model", WITH)
def test_floats_and_base64_are_the_same_vector(kinds_world: World, model: str) -> None:
    """``encoding_format`` is how OpenAI's clients want their numbers, whoever computed them."""

    def ask(form: str) -> Any:
        body = {"model": model, "input": "Hi.", "encoding_format": form, "dimensions": 16}
        return kinds_world.client.post("/v1/embeddings", json=body).json()["data"][0]["embedding"]

    packed = base64.b64decode(ask("base64"))
    assert list(struct.unpack("<16f", packed)) == pytest.approx(ask("float"), abs=1e-6)


@pytest.mark.parametrize("model", WITH)
@pytest.mark.parametrize("texts", [TEXTS[:1], TEXTS], ids=["one", "several"])
def test_the_google_sdk(google: genai.Client, model: str, texts: list[str]) -> None:
    """``embed_content`` asks ``batchEmbedContents``; an account without that method is asked otherwise."""
    config = types.EmbedContentConfig(output_dimensionality=32, task_type="RETRIEVAL_QUERY")
    answer = google.models.embed_content(model=model, contents=list(texts), config=config)
    assert [len(item.values or ()) for item in answer.embeddings or ()] == [32] * len(texts)


@pytest.mark.parametrize("model", WITH)
def test_one_content(kinds_world: World, model: str) -> None:
    """``:embedContent`` answers with one vector."""
    body = {"content": {"parts": [{"text": "Hi."}]}, "outputDimensionality": 8}
    answer = kinds_world.client.post(f"/v1beta/models/{model}:embedContent", json=body)
    assert len(answer.json()["embedding"]["values"]) == 8


def test_what_a_newer_client_says_reaches_upstream(kinds_world: World) -> None:
    """To upstreams of the same dialect unknown fields travel along, and the mapped model is named."""
    body = {"model": "embed-on-openai", "input": [1, 2, 3], "a_new_field": {"x": 1}}
    kinds_world.client.post("/v1/embeddings", json=body)
    sent = kinds_world.upstream_bodies_at("mbed")[-1]
    assert sent == {**body, "model": "text-embedding-3-small"}
    request = {"model": "models/embed-on-studio", "content": {"parts": [{"text": "Hi."}]}, "aNewField": 1}
    path = "/v1beta/models/embed-on-studio:batchEmbedContents"
    kinds_world.client.post(path, json={"requests": [request]})
    sent = kinds_world.upstream_bodies_at("mbed")[-1]
    assert sent == {"requests": [{**request, "model": "models/gemini-embedding-001"}]}


@pytest.mark.parametrize("model", WITHOUT)
def test_kinds_without_embeddings_say_so(client: OpenAI, google: genai.Client, model: str) -> None:
    """A model that is mapped to a kind without embeddings is a clear 400, before anybody is asked."""
    with pytest.raises(openai.BadRequestError, match="have no embeddings"):
        client.embeddings.create(model=model, input="Hi.")
    with pytest.raises(errors.ClientError, match="have no embeddings") as refused:
        google.models.embed_content(model=model, contents="Hi.")
    assert refused.value.code == 400


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"input": "Hi."}, "model"),
        ({"model": "embed-on-studio"}, "input"),
        ({"model": "embed-on-studio", "input": []}, "input"),
        ({"model": "embed-on-studio", "input": [1, 2]}, "token numbers"),
        ({"model": 5, "input": "Hi."}, "model"),
        ({"model": "claude-what", "input": "Hi."}, "with embeddings"),
    ],
)
def test_wrong_requests_are_told_what_is_wrong(kinds_world: World, body: Any, says: str) -> None:
    """A 400 in OpenAI's shape that names the field."""
    answer = kinds_world.client.post("/v1/embeddings", json=body)
    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]


def test_another_account_is_asked_and_the_row_tells(kinds_world: World) -> None:
    """A refused account is marked and another embeds: two attempts, one row, its tokens and headers."""
    kinds_world.simulator.plan("status=429", path="batchEmbedContents")
    body = {"model": "embed-on-studio", "input": "Hi."}
    answer = kinds_world.client.post("/v1/embeddings", json=body)
    assert answer.status_code == 200
    assert answer.headers["x-attempts"] == "2"
    assert answer.headers["x-mapped-model"] == "gemini-embedding-001"
    row, attempts = kinds_world.row(answer), kinds_world.attempts(answer)
    assert answer.headers["x-account-email"] == row["account"] == attempts[1]["account"]
    assert attempts[0]["account"] != attempts[1]["account"]
    assert [attempt["status"] for attempt in attempts] == [429, 200]
    assert (row["outcome"], row["dialect"], row["preview"]) == ("retried", "openai", "Hi.")
    assert row["tokens_in"] > 0


@pytest.mark.parametrize("status", [429, 500])
def test_a_marked_account_is_passed_over(kinds_world: World, status: int) -> None:
    """What failed is left alone while others are there; those take turns, for no prompt cache is at stake."""
    kinds_world.simulator.plan(f"status={status}", path="batchEmbedContents")
    body = {"model": "embed-on-studio", "input": "Hi."}
    failed = kinds_world.attempts(kinds_world.client.post("/v1/embeddings", json=body))[0]["account"]
    answers = [kinds_world.client.post("/v1/embeddings", json=body) for _ in range(4)]
    asked = {answer.headers["x-account-email"] for answer in answers}
    assert failed not in asked
    assert len(asked) == 2


def test_when_every_attempt_fails(client: OpenAI, kinds_world: World) -> None:
    """The last real status arrives as the SDK's exception for it, after three attempts."""
    kinds_world.simulator.plan("status=500", repeat=True, path="embeddings")
    with pytest.raises(openai.InternalServerError, match="All 3 attempts failed") as failed:
        client.embeddings.create(model="embed-on-openai", input="Hi.")
    assert failed.value.response.headers["x-attempts"] == "3"


MANY = {"embed-on-studio": 250, "embed-on-vertex": 12, "embed-on-openai": 2100}
"""More texts than one request of the kind may hold; Vertex takes one at a time."""


@pytest.mark.parametrize(("model", "count"), MANY.items())
@pytest.mark.parametrize("is_google", [False, True], ids=["openai", "google"])
def test_more_texts_than_one_request_holds(
    kinds_world: World, client: OpenAI, google: genai.Client, model: str, count: int, is_google: bool
) -> None:
    """They are asked in several requests, in order; the client gets one answer, with all of the usage."""
    texts = [f"Text {number}." for number in range(count)]
    if is_google:
        config = types.EmbedContentConfig(output_dimensionality=4)
        found = google.models.embed_content(model=model, contents=list(texts), config=config).embeddings
        vectors = [list(item.values or ()) for item in found or ()]
    else:
        answer = client.embeddings.create(model=model, input=texts, dimensions=4)
        assert [item.index for item in answer.data] == list(range(count))
        vectors = [item.embedding for item in answer.data]
        assert answer.usage.prompt_tokens >= count
        assert answer.usage.total_tokens == answer.usage.prompt_tokens
    assert len(vectors) == count
    asked = [request for request in kinds_world.simulator.requests if "mbed" in request.path]
    expected = {"embed-on-studio": 3, "embed-on-vertex": 12, "embed-on-openai": 2}
    assert len(asked) == expected[model]
    for at in (0, 99, 100, count - 1) if count > 100 else (0, count - 1):
        alone = client.embeddings.create(model=model, input=texts[at], dimensions=4)
        assert vectors[at] == pytest.approx(alone.data[0].embedding, abs=1e-6), at


def test_a_part_that_fails_is_an_attempt_that_fails(kinds_world: World, client: OpenAI) -> None:
    """One row: the second account is asked for all of it, and no more is asked behind what failed.

    What upstream told of the parts before it is paid, and stands with the attempt that failed.
    """
    kinds_world.simulator.plan("ok", path="batchEmbedContents")
    kinds_world.simulator.plan("status=429", path="batchEmbedContents")
    texts = [f"Text {number}." for number in range(201)]
    raw = client.with_raw_response.embeddings.create(model="embed-on-studio", input=texts, dimensions=4)
    assert len(raw.parse().data) == 201
    row = kinds_world.row(raw.headers["x-request-id"])
    assert (row["outcome"], row["attempts"]) == ("retried", 2)
    assert row["tokens_in"] >= 201
    assert len(kinds_world.simulator.requests) == 2 + 3
    failed, last = json_value(row["used_by_attempt"])
    assert failed["failed"]
    assert "failed" not in last
    assert 100 <= failed["tokens_in"] < last["tokens_in"] == row["tokens_in"]
    first, _ = kinds_world.attempts(raw.http_response)
    assert (first["status"], first["tokens_in"]) == (429, failed["tokens_in"])


def test_the_parts_together_are_bounded(own_world: Callable[..., AbstractContextManager[World]]) -> None:
    """Several answers that make one are no larger than one may be; each of them alone would be allowed."""
    with own_world(RELAY_MAX_ANSWER_BYTES="300000") as world:
        add_every_kind(world)
        for count, status in ((2048, 200), (4096, 502)):
            body = {"model": "embed-on-openai", "input": ["A."] * count, "dimensions": 4}
            answer = world.client.post("/v1/embeddings", json=body)
            assert answer.status_code == status, answer.text[:500]
        assert "RELAY_MAX_ANSWER_BYTES (300000)" in answer.json()["error"]["message"]
        assert world.row(answer)["attempts"] == 1


def test_a_large_answer_is_whole(kinds_world: World) -> None:
    """Documents of megabytes are read aside from the loop that serves everybody; nothing else differs."""
    texts = [f"Text {number}." for number in range(120)]
    for model in WITH:
        body = {"model": model, "input": texts, "dimensions": 1536}
        answer = kinds_world.client.post("/v1/embeddings", json=body)
        assert len(answer.content) > LARGE_BYTES
        rows = answer.json()["data"]
        assert [(row["index"], len(row["embedding"])) for row in rows] == [(at, 1536) for at in range(120)]
