"""Embeddings and counts that are written or refused oddly, through the whole server.

The upstream is a few canned answers on a real socket, chosen by a word in the first text.
"""

import base64
import json
import struct
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from openai import OpenAI

from tests.served.kinds.every_kind import wait_for_names
from tests.served.world import KEY, World

EMBEDDING, CLAUDE, GEMINI = "odd-embedding", "claude-odd", "gemini-odd"
MOST_AT_ONCE = 10
PICKY = {
    name: f"{EMBEDDING}-{number}"
    for number, name in enumerate(("ten at once", "four at once", "no base64", "no such field"))
}
"""What is refused is remembered by account and model: each way to refuse has a model of its own."""
TOO_MANY = (
    "<400> InternalError.Algo.InvalidParameter: Value error, batch size is invalid,"
    f" it should not be larger than {MOST_AT_ONCE}.: input.contents"
)


def packed(values: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()


def vector(text: str) -> list[float]:
    """Tells one text from another, in numbers that 32 bits hold."""
    return [float(len(text)), float(sum(text.encode()) % 1024), 0.5]


def error(message: str, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": "x", "param": None, "code": None, **fields}}


def embedded(name: str, body: dict[str, Any]) -> tuple[int, Any]:
    """Status and body of the answer in the way ``name``."""
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    rows: list[dict[str, Any]] = [
        {"object": "embedding", "index": index, "embedding": vector(text)} for index, text in enumerate(texts)
    ]
    usage: dict[str, Any] = {"usage": {"prompt_tokens": len(texts), "total_tokens": len(texts)}}
    is_base64 = body.get("encoding_format") == "base64"
    match name:
        case "numbers always":
            pass
        case "base64 always":
            rows = [row | {"embedding": packed(row["embedding"])} for row in rows]
        case "places as text":
            rows = [row | {"index": str(row["index"])} for row in reversed(rows)]
        case "no usage":
            usage = {}
        case "total alone":
            usage = {"usage": {"total_tokens": 5}}
        case "Ollama":
            return 200, {"model": "m", "embeddings": [vector(text) for text in texts], "prompt_eval_count": 5}
        case "TEI":
            return 200, [vector(text) for text in texts]
        case "no base64" if is_base64:
            return 400, error("encoding_format is missing, encoding_format does not have a valid value")
        case "no such field" if "encoding_format" in body:
            said = {"loc": ["body", "encoding_format"], "msg": "Extra inputs are not permitted"}
            return 422, {"detail": [said]}
        case "four at once" if len(texts) > 4:
            return 413, {
                "error": f"batch size {len(texts)} > maximum allowed batch size 4",
                "error_type": "x",
            }
        case "ten at once" if len(texts) > MOST_AT_ONCE:
            return 400, error(TOO_MANY, code="InvalidParameter")
        case "one too few":
            rows = rows[1:]
        case "second is limited" if not texts[0].startswith("["):
            return 200, {"error": {"code": "1302", "message": "Rate limit reached"}}
        case "an error":
            return 200, {"object": "error", "message": "This model has no embeddings.", "code": 400}
    return 200, {"object": "list", "data": rows, "model": "m", **usage}


COUNTS: dict[str, tuple[int, Any]] = {
    "text": (200, {"input_tokens": "14", "totalTokens": "14"}),
    "enveloped": (200, {"data": {"input_tokens": 14}, "response": {"totalTokens": 14}}),
    "other word": (200, {"total_tokens": 14}),
    "not here": (400, error("The provided model doesn't support counting tokens.")),
    "page": (200, "<html>"),
    "nowhere": (404, {"detail": "Not Found"}),
    "method": (405, {"detail": "Method Not Allowed"}),
    "broken": (500, error("Internal error")),
    "limited": (200, {"error": {"code": "1302", "message": "Rate limit reached"}}),
    "negative": (200, {"input_tokens": -1, "totalTokens": -1}),
    "wrong": (400, error("messages.0.content: Field required", type="invalid_request_error")),
}


class Odd(BaseHTTPRequestHandler):
    """Answers as the first ``[word]`` in the request says; what has none belongs to the one before it."""

    asked: tuple[dict[str, Any], ...] = ()
    name = ""

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["content-length"])).decode()
        body = json.loads(raw)
        Odd.asked = (*Odd.asked, body)
        if "[" in (found := raw.partition("Odd: ")[2]):
            Odd.name = found.partition("[")[2].partition("]")[0]
        status, told = embedded(Odd.name, body) if "input" in body else COUNTS[Odd.name]
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write((told if isinstance(told, str) else json.dumps(told)).encode())

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def odd_accounts(shared_world: World) -> Iterator[World]:
    """The shared world with accounts of three kinds at the odd upstream."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    Thread(target=server.serve_forever, daemon=True).start()
    models = {"openai": [EMBEDDING, *PICKY.values()], "anthropic": [CLAUDE], "gemini": [GEMINI]}
    shared_world.import_accounts(
        [
            {
                "email": f"short@odd-{kind}",
                "kind": kind,
                "base_url": f"http://127.0.0.1:{server.server_port}",
                "models": names,
                "priority": 9,
                "credential": {"api_key": f"sim-odd-{kind}"},
            }
            for kind, names in models.items()
        ]
    )
    wait_for_names(shared_world, {name for names in models.values() for name in names})
    yield shared_world
    code = (
        "from accounts.models import Account; Account.objects.filter(email__startswith='short@odd').delete()"
    )
    shared_world.server.manage("shell", "-v0", "-c", code)
    server.shutdown()
    server.server_close()


@pytest.fixture
def odd(odd_accounts: World) -> Iterator[World]:
    """Nothing asked yet; what a test marked is cleared behind it."""
    Odd.asked, Odd.name = (), ""
    yield odd_accounts
    odd_accounts.server.manage("clear_cooldowns", "--enable")


def embed(world: World, name: str, count: int = 2, **fields: Any) -> httpx.Response:
    body = {"model": PICKY.get(name, EMBEDDING), "input": texts(name, count), **fields}
    return world.client.post("/v1/embeddings", json=body)


def texts(name: str, count: int) -> list[str]:
    return [f"Odd: [{name}]"] + [f"{'x' * number}." for number in range(1, count)]


READABLE = (
    "plain",
    "numbers always",
    "base64 always",
    "places as text",
    "no usage",
    "total alone",
    "Ollama",
    "TEI",
)


@pytest.mark.parametrize("name", READABLE)
def test_what_was_asked_for_is_what_comes(odd: World, name: str) -> None:
    """Floats or base64, whatever the server makes of it; OpenAI's SDK asks for base64 by itself."""
    expected = [vector(text) for text in texts(name, 2)]
    for form in ("float", "base64"):
        rows = embed(odd, name, encoding_format=form).json()["data"]
        told = [row["embedding"] for row in sorted(rows, key=lambda row: row["index"])]
        assert told == (expected if form == "float" else [packed(one) for one in expected]), form
    with OpenAI(api_key=KEY, base_url=f"{odd.server.base_url}/v1", max_retries=0) as client:
        answer = client.embeddings.create(model=EMBEDDING, input=texts(name, 2))
    assert [item.embedding for item in sorted(answer.data, key=lambda item: item.index)] == expected
    assert len(Odd.asked) == 3


@pytest.mark.parametrize("name", READABLE)
def test_googles_client_is_told_the_same(odd: World, name: str) -> None:
    """In the order of the texts, by whatever places they come."""
    requests = [{"content": {"parts": [{"text": text}]}} for text in texts(name, 2)]
    answer = odd.client.post(f"/v1beta/models/{EMBEDDING}:batchEmbedContents", json={"requests": requests})
    assert [one["values"] for one in answer.json()["embeddings"]] == [vector(text) for text in texts(name, 2)]


def test_the_row_tells_tokens_and_what_was_bent(odd: World) -> None:
    """Also a total alone, and Ollama's word for it; each kind of place is named once."""
    for name, tokens, bent in (
        ("total alone", 5, None),
        ("Ollama", 5, "embeddings"),
        ("places as text", 2, "data[].index"),
        ("base64 always", 2, "data[].embedding"),
    ):
        row = odd.row(embed(odd, name))
        told = row["diagnostics"]  # a document on PostgreSQL, its text on SQLite
        told = told if isinstance(told, dict) else json.loads(told)
        assert (row["tokens_in"], told.get("bent"), row["outcome"]) == (tokens, bent, "ok"), name


def test_a_server_that_takes_fewer_texts_at_once_is_asked_for_fewer(odd: World) -> None:
    """By its own words, within the exchange; it is remembered for the next. The order stays."""
    for name, parts in (("ten at once", 3), ("four at once", 7)):
        for attempts, asked in ((2, 1 + parts), (1, parts)):
            Odd.asked = ()
            answer = embed(odd, name, 25, encoding_format="float")
            told = [row["embedding"] for row in answer.json()["data"]]
            assert told == [vector(text) for text in texts(name, 25)]
            assert [row["index"] for row in answer.json()["data"]] == list(range(25))
            assert (answer.headers["x-attempts"], len(Odd.asked)) == (str(attempts), asked), name
            assert answer.json()["usage"]["prompt_tokens"] == 25


@pytest.mark.parametrize(
    ("name", "second"), [("no base64", {"encoding_format": "float"}), ("no such field", {})]
)
def test_a_server_that_refuses_base64_is_asked_for_floats(
    odd: World, name: str, second: dict[str, str]
) -> None:
    """The client gets its base64 all the same, and the next is asked so at once."""
    for attempts in (2, 1):
        Odd.asked = ()
        answer = embed(odd, name, encoding_format="base64")
        told = [row["embedding"] for row in answer.json()["data"]]
        assert told == [packed(vector(text)) for text in texts(name, 2)]
        asked = [{key: body[key] for key in body if key == "encoding_format"} for body in Odd.asked]
        assert asked == [{"encoding_format": "base64"}, second][2 - attempts :]


def test_a_vector_too_few_is_no_answer(odd: World) -> None:
    """Every text behind it would have another's."""
    attempts = odd.attempts(embed(odd, "one too few"))
    assert attempts[0]["account"] == "short@odd-openai"
    assert "other vectors than asked" in attempts[0]["failure_text"]


def test_an_error_under_200_is_that_error(odd: World) -> None:
    """The client's own is told to it and asked once; a limit in one part of several is the attempt's."""
    answer = embed(odd, "an error")
    assert (answer.status_code, len(Odd.asked)) == (400, 1)
    assert "has no embeddings" in answer.json()["error"]["message"]
    attempts = odd.attempts(embed(odd, "second is limited", 2049))
    assert (attempts[0]["status"], "Rate limit reached" in attempts[0]["failure_text"]) == (429, True)


def count(world: World, model: str, name: str) -> tuple[httpx.Response, int | None]:
    """The answer of the counter that the client of ``model``'s vendor asks, and the count in it."""
    text = f"Odd: [{name}]"
    if model == GEMINI:
        body: dict[str, Any] = {"contents": [{"parts": [{"text": text}]}]}
        answer = world.client.post(f"/v1beta/models/{model}:countTokens", json=body)
        return answer, answer.json().get("totalTokens")
    body = {"model": model, "messages": [{"role": "user", "content": text}]}
    answer = world.client.post("/v1/messages/count_tokens", json=body)
    return answer, answer.json().get("input_tokens")


@pytest.mark.parametrize("model", [CLAUDE, GEMINI])
def test_a_count_is_a_number_whatever_the_counter_says(odd: World, model: str) -> None:
    """Read where it is one, else another account's, or estimated; only the request's own fault is told."""
    told: dict[str, str] = {}
    for name in COUNTS:
        answer, tokens = count(odd, model, name)
        assert (tokens is not None) == (answer.status_code == 200), name
        is_ours = "odd" in answer.headers["x-account-email"]
        of_whom = "ours" if is_ours else "another's"
        told[name] = (
            f"{of_whom}, {answer.headers['x-token-count']}" if answer.status_code == 200 else "refused"
        )
        assert tokens == 14 or told[name] != "ours, exact", name
        odd.server.manage("clear_cooldowns", "--enable")
    assert told == {
        "text": "ours, exact",
        "enveloped": "ours, exact",
        "other word": "ours, exact",
        "not here": "ours, estimate",
        "method": "ours, estimate",
        "page": "another's, exact",
        "nowhere": "another's, exact",
        "broken": "another's, exact",
        "limited": "another's, exact",
        "negative": "another's, exact",
        "wrong": "refused",
    }
