"""What was changed is told in as many words as anybody reads, however much it was."""

import time

import msgspec

from accounts.snapshot import AccountView
from relay.dialects.anthropic import ANTHROPIC
from relay.engine.healing.signatures import SignatureCache
from relay.upstream.request import ClientCall, prepare
from relay.upstream.told_changes import AND_MORE, LONGEST_CHANGE, MOST_CHANGES, told_changes


def test_few_changes_are_told_as_they_are() -> None:
    """Each once, in order."""
    assert told_changes(["b", "a", "b"]) == ("b", "a")


def test_a_request_of_unknown_fields_has_few_changes() -> None:
    """A hundred thousand names, one of them of a megabyte: a hundred are told, and that there are more."""
    unknown = {"k" * 1_000_000: 1} | {f"k{number}": 1 for number in range(100_000)}
    body = {
        "model": "gemini-x",
        "messages": [{"role": "user", "content": "Hello."}],
        "max_tokens": 9,
    } | unknown
    call = ClientCall(ANTHROPIC, body, msgspec.json.encode(body), {}, "gemini-x", True, "s")
    account = AccountView(id=1, email="a@b", kind="gemini", base_url="http://127.0.0.1:1")
    request = prepare(call, account, "gemini-x", SignatureCache(), None, time.time())
    assert len(request.changes) == MOST_CHANGES + 1
    assert request.changes[-1] == AND_MORE
    assert max(map(len, request.changes)) <= LONGEST_CHANGE
