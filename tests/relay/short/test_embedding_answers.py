"""What becomes of the answers to an embedding request."""

import pytest

from accounts.mapping import Target
from accounts.snapshot import AccountView
from relay.dialects.openai import OPENAI_CHAT
from relay.engine.healing.signatures import SignatureCache
from relay.neutral.failures import Failure, Kind
from relay.short.embedding import Embedding
from relay.short.short_work import Asked, Served
from relay.upstream.request import ClientCall

ANSWER = b'{"data":[{"embedding":[0.5],"index":0}],"usage":{"prompt_tokens":3}}'


def embedding_of(kind: str) -> tuple[Embedding, Asked, AccountView]:
    """One text for OpenAI's client, and what an account of ``kind`` is asked for it."""
    body = {"model": "m", "input": ["Hi."]}
    call = ClientCall(OPENAI_CHAT, body, b"", {}, "m", False, "")
    work = Embedding(call, Target("m"), "embeddings", [{"content": {"parts": [{"text": "Hi."}]}}])
    account = AccountView(id=1, email="a@b", kind=kind, base_url="http://127.0.0.1:1")
    return work, work.asked(account, SignatureCache()), account


@pytest.mark.parametrize("kind", ["openai", "gemini", "vertex"])
def test_what_holds_no_vectors_is_no_answer(kind: str) -> None:
    """A page of a gateway's or an error under 200 is a failure whichever account it comes from."""
    work, asked, account = embedding_of(kind)
    for content in (b"<html>", b"", b"[]", b'{"data":[]}', b'{"usage":{}}'):
        served = work.served(account, asked, [content])
        assert isinstance(served, Failure), content
        assert served.kind is Kind.GARBAGE, content
    if kind == "openai":
        assert isinstance(served := work.served(account, asked, [ANSWER]), Served)
        assert (served.content, served.usage.input_uncached) == (ANSWER, 3)


@pytest.mark.parametrize("kind", ["openai", "gemini", "vertex"])
@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b'{"error":{"message":"slow down","code":429}}', 429),
        (b'{"error":{"message":"Rate limit reached","code":"1302"}}', 429),
        (b'{"object":"error","message":"no such model","code":404}', 404),
        (b'{"vectors":null,"base_resp":{"status_code":1002,"status_msg":"rate limit"}}', 429),
        (b'{"error_code":18,"error_msg":"Open api qps request limit reached"}', 429),
        (b'{"success":false,"errors":[{"code":400,"message":"bad input"}],"result":null}', 400),
    ],
)
def test_an_error_under_200_is_that_error(kind: str, content: bytes, status: int) -> None:
    """With its status, so that the account rests or the client sees what is wrong with its request."""
    work, asked, account = embedding_of(kind)
    served = work.served(account, asked, [content])
    assert isinstance(served, Failure)
    assert (served.kind, served.status) == (Kind.ERROR_EVENT, status)
