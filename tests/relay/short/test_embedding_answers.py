"""What becomes of the answers to an embedding request."""

import pytest

from accounts.mapping import Target
from accounts.snapshot import AccountView
from relay.dialects.openai import OPENAI_CHAT
from relay.engine.healing.signatures import SignatureCache
from relay.neutral.failures import Failure, Kind
from relay.short.embedding import Embedding
from relay.short.short_exchange import Served
from relay.upstream.request import ClientCall

ANSWER = b'{"data":[{"embedding":[0.5],"index":0}],"usage":{"prompt_tokens":3}}'


@pytest.mark.parametrize("kind", ["openai", "gemini", "vertex"])
def test_what_holds_no_vectors_is_no_answer(kind: str) -> None:
    """A page of a gateway's or an error under 200 is a failure whichever account it comes from."""
    body = {"model": "m", "input": ["Hi."]}
    call = ClientCall(OPENAI_CHAT, body, b"", {}, "m", False, "")
    work = Embedding(call, Target("m"), "embeddings", [{"content": {"parts": [{"text": "Hi."}]}}])
    account = AccountView(id=1, email="a@b", kind=kind, base_url="http://127.0.0.1:1")
    asked = work.asked(account, SignatureCache())
    for content in (b"<html>", b"", b"[]", b'{"error":{"message":"no"}}', b'{"usage":{}}'):
        served = work.served(account, asked, [content])
        assert isinstance(served, Failure), content
        assert served.kind is Kind.GARBAGE, content
    if kind == "openai":
        assert isinstance(served := work.served(account, asked, [ANSWER]), Served)
        assert (served.content, served.usage.input_uncached) == (ANSWER, 3)
