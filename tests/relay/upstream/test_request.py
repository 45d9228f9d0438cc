"""What is asked of one upstream, out of what the client asked."""

import pytest

from accounts.snapshot import AccountView
from relay.dialects.openai import OPENAI_CHAT
from relay.dialects.openai.requests import half_arguments
from relay.engine.healing.signatures import SignatureCache
from relay.upstream.request import ClientCall, prepare


def test_a_body_is_mended_once_for_all_attempts(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the client's own, and the same for each account; what was mended is told with each attempt."""
    read: list[str] = []

    def read_once(told: str) -> dict[str, str]:
        read.append(told)
        return {"a": "\ufffd"}

    monkeypatch.setattr(half_arguments, "json_object", read_once)
    call_of_a_tool = {
        "id": "c",
        "type": "function",
        "function": {"name": "f", "arguments": r'{"a":"\ud83d"}'},
    }
    messages = [{"role": "user", "content": "Hi."}, {"role": "assistant", "tool_calls": [call_of_a_tool]}]
    body = {"model": "m", "messages": messages}
    call = ClientCall(OPENAI_CHAT, body, b"", {}, "m", True, "session")
    account = AccountView(id=1, email="a@b", kind="openai", base_url="http://127.0.0.1:1")
    attempts = [prepare(call, account, "m", SignatureCache(), None, 0) for _ in range(3)]
    assert read == [r'{"a":"\ud83d"}']
    for attempt in attempts:
        assert "halves of characters in the arguments of calls became U+FFFD" in attempt.changes
        assert attempt.body["messages"][1]["tool_calls"][0]["function"]["arguments"] == '{"a":"\ufffd"}'
