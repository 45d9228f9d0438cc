"""What becomes of the answers to an embedding request."""

import pytest

from accounts.mapping import Target
from accounts.snapshot import AccountView
from relay.dialects.openai import OPENAI_CHAT
from relay.engine.healing.signatures import SignatureCache
from relay.neutral.events import Failed, Usage
from relay.neutral.failures import Failure, Kind
from relay.short.embedding import Embedding
from relay.short.short_exchange import DocumentDecoder
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


def test_what_documents_used_that_are_no_answer() -> None:
    """Each tells its tokens, whatever is wrong with its vectors; what tells none adds nothing."""
    work, *_ = embedding_of("openai")
    spoiled = b'\xef\xbb\xbf{"data":[],"usage":{"total_tokens":4}}'
    assert work.used([ANSWER, spoiled, b"<html>", b"[" * 9_999]).input_uncached == 7
    assert work.used([b"[[0.5]]", b'{"usage":7}']).input_uncached is None
    assert work.used([]).input_uncached is None


def test_a_document_that_is_no_answer_tells_what_it_used() -> None:
    """The attempt fails by what is wrong, and is paid."""
    work, asked, account = embedding_of("openai")
    two = [ANSWER.replace(b"}]", b"},{}]", 1)]
    decoder = DocumentDecoder(lambda: work.served(account, asked, two), lambda: work.used(two))
    used, failed = decoder.finish().events
    assert (type(failed), used) == (Failed, Usage(input_uncached=3))
