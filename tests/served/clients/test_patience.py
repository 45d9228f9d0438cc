"""Patience and keep-alives: a client that gives up on silence hears something, and no lie."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest
from google import genai
from google.genai import types

from tests.running_server import ServerWorld
from tests.served.kinds.every_kind import wait_for_names
from tests.served.world import CLAUDE, GEMINI, KEY, World, events, lasting_world, text_of

OwnWorld = Callable[..., AbstractContextManager[World]]


@pytest.fixture(scope="module")
def impatient_server(server_world: ServerWorld) -> Iterator[World]:
    """A server that opens after 0.2 s and speaks up after 0.1 s of silence; an attempt has 1 s."""
    env = {
        "RELAY_PATIENCE_SECONDS": "0.2",
        "RELAY_KEEP_ALIVE_SECONDS": "0.1",
        "RELAY_PEEK_TIMEOUT_SECONDS": "1",
    }
    with lasting_world(server_world, **env) as world:
        yield world


@pytest.fixture
def impatient(impatient_server: World) -> Iterator[World]:
    """The same, with a fresh simulator and without marks."""
    yield from impatient_server.fresh()


def test_a_slow_stream_is_opened_early_and_goes_on(impatient: World) -> None:
    """200 and keep-alives while the attempts go on; then the answer, whole. The row knows the account."""
    response = impatient.messages("Hello. [fault: hang=0.6, ok]")
    assert response.status_code == 200
    names = [name for name, _ in events(response)]
    assert names[0] == "ping"
    assert names.count("message_start") == names.count("message_stop") == 1
    assert text_of(response)
    assert response.headers["x-request-id"]
    assert response.headers["x-mapped-model"]
    assert "x-account-email" not in response.headers
    assert "x-attempts" not in response.headers
    assert "@" in impatient.row(response)["account"]


def test_a_failure_behind_an_open_stream_is_the_error_event(impatient: World) -> None:
    """The 200 cannot be taken back; the dialect's error event says what happened."""
    response = impatient.messages("Hello. [fault: hang, empty*]")
    assert response.status_code == 200
    name, data = events(response)[-1]
    assert name == "error"
    assert "attempts failed" in data["error"]["message"]
    assert "message_stop" not in response.text
    row = impatient.row(response)
    assert (row["outcome"], row["attempts"]) == ("zero_tokens", 3)


def test_before_patience_runs_out_failures_are_real_statuses(impatient: World) -> None:
    """A quick failure has its own HTTP status."""
    assert impatient.messages("Hello. [fault: empty*]").status_code == 502


def test_collected_answers_are_never_opened_early(impatient: World) -> None:
    """A client that waits for one JSON answer gets it, or a real status."""
    response = impatient.messages("Hello. [fault: hang, empty*]", stream=False)
    assert response.status_code == 502


def test_silence_in_the_middle_is_bridged_between_events(impatient: World) -> None:
    """After the commit a pause is filled with pings, and nothing is torn."""
    response = impatient.messages("Hello. [fault: stall@3=0.5]")
    names = [name for name, _ in events(response)]
    assert "ping" in names[3:-3]
    assert names[-1] == "message_stop"


def test_gemini_is_bridged_by_what_its_sdk_can_read(impatient: World) -> None:
    """Blank lines, never comments: google-genai raises on a comment line."""
    options = types.HttpOptions(base_url=impatient.server.base_url, api_version="v1beta")
    client = genai.Client(api_key=KEY, http_options=options)
    for fault in ("hang=0.6, ok", "stall@3=0.5"):
        chunks = list(
            client.models.generate_content_stream(model=GEMINI, contents=f"Hello. [fault: {fault}]")
        )
        assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP


def test_the_array_form_is_bridged_by_white_space(impatient: World) -> None:
    """A JSON array stays a JSON array, opened early or bridged."""
    for fault in ("hang=0.6, ok", "stall@3=0.5"):
        response = impatient.gemini(f"Hello. [fault: {fault}]", method="streamGenerateContent")
        assert response.headers["content-type"].startswith("application/json")
        assert response.json()[-1]["candidates"][0]["finishReason"] == "STOP"
    broken = impatient.gemini("Hello. [fault: hang, empty*]", method="streamGenerateContent").json()
    assert list(broken[-1]) == ["error"]


FORMS: dict[str, tuple[str, dict[str, Any]]] = {
    "anthropic": ("/v1/messages", {"model": CLAUDE, "max_tokens": 1024}),
    "gemini": (f"/v1beta/models/{GEMINI}:streamGenerateContent?alt=sse", {}),
    "openai": ("/v1/chat/completions", {"model": CLAUDE}),
}
"""Path and body of a stream, but for the prompt."""


@pytest.mark.parametrize("form", FORMS)
def test_a_client_that_aborts_on_silence_does_not(impatient: World, form: str) -> None:
    """Claude Code aborts after 180 s without a byte; scaled down to 0.6 s it outlasts longer silences."""
    path, body = FORMS[form]
    for fault in ("hang=0.9, ok", "stall@3=0.9"):
        prompt = f"Hello. [fault: {fault}]"
        said = {"contents": [{"role": "user", "parts": [{"text": prompt}]}]}
        if form != "gemini":
            said = {"messages": [{"role": "user", "content": prompt}], "stream": True}
        gives_up = httpx.Timeout(30, read=0.6)
        response = impatient.client.post(path, json=body | said, timeout=gives_up)
        assert response.status_code == 200
        assert text_of(response)
        assert events(response)[-1][1].get("type") != "error"
    if form != "gemini":  # it does give up where nothing may be sent: a collected answer
        with pytest.raises(httpx.ReadTimeout):
            impatient.client.post(path, json=body | said | {"stream": False}, timeout=gives_up)


def test_zero_patience_is_patience_without_end(own_world: OwnWorld) -> None:
    """RELAY_PATIENCE_SECONDS=0: never opened early, every failure before the commit is a real status."""
    with own_world(RELAY_PATIENCE_SECONDS="0", RELAY_PEEK_TIMEOUT_SECONDS="0.5") as world:
        assert world.messages("Hello. [fault: hang, empty*]").status_code == 502


def test_keep_alives_go_out_while_a_tool_call_is_held(impatient: World) -> None:
    """A call that takes its time is held until it is whole; the client hears that somebody is there."""
    impatient.import_mappings([{"pattern": "safe", "target": CLAUDE, "tool_safe": True}])
    wait_for_names(impatient, {"safe"})
    tool = {"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
    prompt = "Please use the tool. [say: silent] [fault: stall@1=0.8, ok]"
    names = [name for name, _ in events(impatient.messages(prompt, model="safe", tools=[tool]))]
    assert names[: names.index("message_start")] == ["ping"] * names.index("message_start")
    assert names.index("message_start") >= 3
    assert names[-1] == "message_stop"
