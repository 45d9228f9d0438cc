"""What the relay learns of an Anthropic body, and how it refuses a wrong one."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.anthropic import ANTHROPIC
from relay.neutral.failures import BadRequest, CannotCarry
from tests.relay.dialects.anthropic.bodies import ANY_BODY

SESSION = "1b0d6f0e-55a4-4d0e-9a57-6a9f7f0c2f11"


def body_of(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    turns = list(messages) or [{"role": "user", "content": "hi"}]
    return {"model": "claude-x", "max_tokens": 10, "messages": turns, **fields}


def user(*texts: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "text", "text": text} for text in texts]}


def test_model_and_stream() -> None:
    """The model as the client names it; no stream unless it was asked for."""
    assert ANTHROPIC.inspect(body_of(), {}).model == "claude-x"
    assert not ANTHROPIC.inspect(body_of(), {}).is_stream
    assert not ANTHROPIC.inspect(body_of(stream=None), {}).is_stream
    assert ANTHROPIC.inspect(body_of(stream=True), {}).is_stream
    assert ANTHROPIC.inspect(body_of(), {}).wants_usage


@pytest.mark.parametrize(
    ("user_id", "session"),
    [
        (json.dumps({"device_id": "d", "account_uuid": "", "session_id": SESSION}), SESSION),
        (f"user_{'a' * 64}_account__session_{SESSION}", SESSION),
        ("customer-7", "customer-7"),
        ("", ""),
        (None, ""),
        (json.dumps({"session_id": 7}), json.dumps({"session_id": 7})),
    ],
)
def test_the_session_in_the_metadata(user_id: str | None, session: str) -> None:
    """Claude Code's JSON and its older form name the session; a plain id is taken as it is."""
    assert ANTHROPIC.inspect(body_of(metadata={"user_id": user_id}), {}).session_id == session


@pytest.mark.parametrize("header", ["x-claude-code-session-id", "session_id", "x-session-id"])
def test_the_session_in_a_header(header: str) -> None:
    """A header that names the session counts before the metadata."""
    assert ANTHROPIC.inspect(body_of(metadata={"user_id": "u"}), {header: SESSION}).session_id == SESSION


def test_the_seed_stays_through_a_conversation() -> None:
    """Later turns, cache markers, and text as string or block leave the session what it is."""
    first = ANTHROPIC.inspect(body_of({"role": "user", "content": "hi"}, system="Be kind."), {}).session_seed
    marked = {"type": "text", "text": "hi", "cache_control": {"type": "ephemeral"}}
    later = body_of(
        {"role": "user", "content": [marked]}, {"role": "assistant", "content": "yo"}, user("more"),
        system=[{"type": "text", "text": "Be kind.", "cache_control": {"type": "ephemeral", "ttl": "1h"}}],
    )  # fmt: skip
    assert ANTHROPIC.inspect(later, {}).session_seed == first
    assert ANTHROPIC.inspect(body_of(user("hi"), system="Be rude."), {}).session_seed != first
    assert ANTHROPIC.inspect(body_of(user("ho"), system="Be kind."), {}).session_seed != first


def test_the_clients_billing_line_does_not_change_the_session() -> None:
    """Claude Code's first system block differs in every request; it is no instruction."""

    def seed(nonce: str) -> str:
        line = f"x-anthropic-billing-header: cc_version=2.1.197.0a1; cc_entrypoint=cli; cch={nonce};"
        system = [{"type": "text", "text": line}, {"type": "text", "text": "Be kind."}]
        return ANTHROPIC.inspect(body_of(system=system), {}).session_seed

    assert seed("36ee5") == seed("0aaa9")


@pytest.mark.parametrize(
    ("messages", "preview"),
    [
        ([user("hello")], "hello"),
        ([{"role": "user", "content": " hello "}], "hello"),
        ([user("<system-reminder>x</system-reminder>", "fix the bug")], "fix the bug"),
        ([user("<system-reminder>x</system-reminder>")], "<system-reminder>x</system-reminder>"),
        ([user("a", "b")], "a\nb"),
        ([user("q"), {"role": "assistant", "content": "no"}, {"role": "system", "content": "s"}], "q"),
        ([user("q"), {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t"}]}], "q"),
        ([user("x" * 500)], "x" * 200),
        ([{"role": "user", "content": []}], ""),
    ],
)
def test_the_preview_is_what_the_user_said_last(messages: list[dict[str, Any]], preview: str) -> None:
    """At most 200 characters, without the reminders that a client adds by itself."""
    assert ANTHROPIC.inspect(body_of(*messages), {}).preview == preview


def test_wrong_types_are_refused_with_their_place(subtests: pytest.Subtests) -> None:
    """The text says where in the body, so that the client's author finds it."""
    for body, where in [
        ({}, "model"),
        ({"model": 7}, "model"),
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": []}, "messages"),
        ({"model": "m", "messages": {}}, "messages"),
        ({"model": "m", "messages": ["x"]}, "messages.0"),
        (body_of({"role": 7, "content": "x"}), "messages.0.role"),
        (body_of(user("x"), {"role": "user"}), "messages.1.content"),
        (body_of({"role": "user", "content": ["x"]}), "messages.0.content.0"),
        (body_of(stream="yes"), "stream"),
        (body_of(max_tokens="9"), "max_tokens"),
        (body_of(max_tokens=1.5), "max_tokens"),
        (body_of(tools={}), "tools"),
        (body_of(thinking="on"), "thinking"),
        (body_of(metadata=[]), "metadata"),
        (body_of(metadata={"user_id": 7}), "metadata.user_id"),
        (body_of(system=7), "system"),
        (body_of(system=[7]), "system.0"),
    ]:
        with subtests.test(f"{body, where!r:.120}"), pytest.raises(BadRequest, match=rf"^{where}\b"):
            ANTHROPIC.inspect(body, {})


@given(ANY_BODY, st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=2))
def test_any_json_object_is_inspected_or_refused(body: dict[str, Any], headers: dict[str, str]) -> None:
    """No body raises anything but BadRequest."""
    try:
        found = ANTHROPIC.inspect(body, headers)
    except BadRequest:
        return
    assert found.model
    assert len(found.preview) <= 200


@given(ANY_BODY)
def test_any_json_object_is_read_or_refused(body: dict[str, Any]) -> None:
    """No body raises anything but BadRequest and CannotCarry, and none is changed."""
    before = json.dumps(body)
    with contextlib.suppress(BadRequest, CannotCarry):
        ANTHROPIC.read(body)
    assert json.dumps(body) == before
