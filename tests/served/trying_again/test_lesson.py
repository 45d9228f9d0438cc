"""Every sentence of the troubleshooting lesson, over real sockets (docs/troubleshooting.md)."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from relay.engine.healing.signatures import MIN_SIGNATURE_LENGTH, SIGNATURE_TTL
from relay.engine.retrying.policy import MAX_RETRY_ATTEMPTS
from tests.served.world import CLAUDE, GEMINI, World, events, text_of

OwnWorld = Callable[..., AbstractContextManager[World]]
ENDPOINTS = ("claude", "gemini")


def ask(world: World, endpoint: str, prompt: str, **more: object):
    """One streamed request on one of the lesson's two paths."""
    return world.messages(prompt, **more) if endpoint == "claude" else world.gemini(prompt, **more)


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_zero_token_answers_are_caught_by_peek_prefetch(world: World, endpoint: str) -> None:
    """ "0 token issues are usually caught first by peek prefetch": the client sees a whole answer."""
    response = ask(world, endpoint, "Hello. [fault: empty, ok]")
    assert response.status_code == 200
    assert len(text_of(response)) > 50
    assert response.headers["x-attempts"] == "2"


@pytest.mark.parametrize(
    "fault",
    [
        "empty",
        "stop_empty",
        "comments",
        "reset_after_headers",
        "garbage@0",
        "error_event@0=overloaded_error",
        "html_200",
    ],
)
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_an_error_or_end_during_peek_enters_the_next_attempt_with_another_account(
    world: World, endpoint: str, fault: str
) -> None:
    """ "If an error/timeout/stream end occurs during the peek phase, it directly enters the next attempt"."""
    response = ask(world, endpoint, f"Hello. [fault: {fault}, ok]")
    assert response.status_code == 200
    assert text_of(response)
    first, second = world.attempts(response)
    rotates = "overloaded" not in fault
    assert (first["account"] != second["account"]) == rotates
    assert first["failure_kind"]
    assert second["failure_kind"] is None


def test_a_non_streaming_request_is_asked_as_a_stream_and_collected(world: World) -> None:
    """ "The proxy internally converts client non-streaming requests to streaming requests for upstream"."""
    response = world.messages("In one piece, please.", stream=False)
    assert response.headers["content-type"].startswith("application/json")
    answer = response.json()
    assert answer["type"] == "message"
    assert answer["usage"]["output_tokens"] > 0
    (received,) = world.upstream_bodies()
    assert received["stream"] is True
    assert any(
        "Auto-converting non-stream request to stream for better quota" in line
        for line in world.log_lines(response)
    )


def test_heartbeats_and_comments_are_no_valid_data(own_world: OwnWorld) -> None:
    """ "Skipping heartbeat/comment lines until it gets the first chunk that's not empty"."""
    with own_world(RELAY_PEEK_TIMEOUT_SECONDS="0.5") as world:
        response = world.gemini("Hello. [fault: pings_forever=0.02, ok]")
        assert text_of(response)
        assert b": " not in response.content.split(b"data:")[0]
        assert world.attempts(response)[0]["failure_kind"] == "first_data_timeout"


@pytest.mark.parametrize(
    ("status", "rotates"),
    [
        (401, True),
        (403, True),
        (404, True),
        (429, True),
        (500, True),
        (502, True),
        (503, False),
        (529, False),
    ],
)
def test_rotation_is_decided_by_status_code(world: World, status: int, rotates: bool) -> None:
    """ "Defines which status codes trigger account rotation": a fluctuation is no broken account."""
    response = world.messages(f"Hello. [fault: status={status}, ok]")
    assert response.status_code == 200
    first, second = world.attempts(response)
    assert first["status"] == status
    assert (first["account"] != second["account"]) is rotates
    line = "Rotating account for status" if rotates else "Keeping same account for status"
    assert any(f"{line} {status}" in text for text in world.log_lines(response))


@pytest.mark.parametrize(("endpoint", "model"), [("claude", CLAUDE), ("gemini", GEMINI)])
def test_the_response_headers_name_account_and_mapped_model(world: World, endpoint: str, model: str) -> None:
    """Step 2: "look for these response headers: X-Account-Email, X-Mapped-Model"."""
    response = ask(world, endpoint, "Hello.")
    assert "@" in response.headers["x-account-email"]
    assert response.headers["x-mapped-model"] == model
    assert response.headers["x-request-id"]


def test_the_headers_stand_on_failed_requests_too(world: World) -> None:
    """Step 2: "In that failed request, look for these response headers"."""
    response = world.messages("Hello. [fault: empty*]")
    assert response.status_code == 502
    assert "@" in response.headers["x-account-email"]
    assert response.headers["x-mapped-model"] == CLAUDE
    assert response.headers["x-attempts"] == "3"


def test_the_record_shows_path_method_status_and_duration(world: World) -> None:
    """Step 1: "The request record shows URL/method/status code (and request duration)"."""
    row = world.row(world.messages("Hello."))
    assert (row["path"], row["method"], row["status"]) == ("/v1/messages", "POST", 200)
    assert row["duration_ms"] >= 0
    row = world.row(world.gemini("Hello."))
    assert row["path"].startswith(f"/v1beta/models/{GEMINI}:streamGenerateContent")


LOG_KEYWORDS = [
    ("claude", "reset_after_headers", "Stream error during peek"),
    ("claude", "empty", "Stream ended during peek (Empty Response), retrying..."),
    ("gemini", "stop_empty", "[Gemini] Empty first chunk received, retrying..."),
    ("gemini", "reset_after_headers", "[Gemini] Stream error during peek"),
    ("gemini", "empty", "[Gemini] Stream ended immediately, retrying..."),
]


@pytest.mark.parametrize(("endpoint", "fault", "keyword"), LOG_KEYWORDS)
def test_app_log_is_searchable_for_the_lessons_keywords(
    world: World, endpoint: str, fault: str, keyword: str
) -> None:
    """Step 3: "in the latest app.log*, search for these keywords"."""
    response = ask(world, endpoint, f"Hello. [fault: {fault}, ok]")
    assert any(keyword in line for line in world.log_lines(response))


def test_the_first_data_timeout_is_logged_with_its_seconds(own_world: OwnWorld) -> None:
    """Step 3: "Timeout waiting for first data"; Gemini: "Timeout waiting for first chunk"."""
    with own_world(RELAY_PEEK_TIMEOUT_SECONDS="0.3") as world:
        response = world.messages("Hello. [fault: stall, ok]")
        assert text_of(response)
        assert any(
            "Timeout waiting for first data (0.3s), retrying..." in line for line in world.log_lines(response)
        )
        response = world.gemini("Hello. [fault: stall, ok]")
        assert any(
            "[Gemini] Timeout waiting for first chunk, retrying..." in line
            for line in world.log_lines(response)
        )


def thinking_history(prompt: str) -> list[dict[str, object]]:
    """A conversation of its own whose last assistant turn has signed thinking."""
    return [
        {"role": "user", "content": f"What is 6 times 7? ({uuid.uuid4().hex})"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "Six sevens are 42.", "signature": "c2lnbmF0dXJl" * 8},
                {"type": "text", "text": "42."},
            ],
        },
        {"role": "user", "content": prompt},
    ]


def test_a_refused_signature_is_healed_and_tried_again(world: World) -> None:
    """Step 4: "converts historical Thinking blocks to Text, and appends fix prompt to the last user"."""
    response = world.messages("", messages=thinking_history("And 6 times 8? [fault: refused_signature, ok]"))
    assert response.status_code == 200
    first, second = world.upstream_bodies()
    assert first["messages"][1]["content"][0]["type"] == "thinking"
    assert [block["type"] for block in second["messages"][1]["content"]] == ["text", "text"]
    assert second["messages"][1]["content"][0]["text"] == "Six sevens are 42."
    assert len(str(second["messages"][2])) > len(str(first["messages"][2]))
    assert any(
        "Unexpected thinking signature error" in line and "Retrying with all thinking blocks removed." in line
        for line in world.log_lines(response)
    )
    row = world.row(response)
    assert row["outcome"] == "healed"
    attempts = world.attempts(response)
    assert attempts[0]["account"] == attempts[1]["account"]
    assert attempts[0]["delay_ms"] is not None


def test_gemini_heals_too_and_appends_the_prompt_to_the_parts(world: World) -> None:
    """Step 4: "Gemini handler also appends same prompt to contents[].parts"."""
    contents = [
        {"role": "user", "parts": [{"text": "6 times 7?"}]},
        {
            "role": "model",
            "parts": [
                {"text": "Six sevens.", "thought": True},
                {"text": "42", "thoughtSignature": "c2ln" * 20},
            ],
        },
        {"role": "user", "parts": [{"text": "And 8? [fault: refused_signature, ok]"}]},
    ]
    response = world.gemini(contents=contents)
    assert response.status_code == 200, response.text
    first, second = world.upstream_bodies()
    assert len(second["contents"][2]["parts"]) == len(first["contents"][2]["parts"]) + 1
    assert "thoughtSignature" not in str(second["contents"][1])
    assert any("[Gemini] Signature error detected on account" in line for line in world.log_lines(response))


def test_when_the_heal_fails_the_log_says_that_a_human_must_look(world: World) -> None:
    """Pitfalls: "only consider manual intervention when logs explicitly indicate unrecoverable"."""
    response = world.messages(
        "", messages=thinking_history("And 8? [fault: refused_signature, refused_signature, ok]")
    )
    assert response.status_code == 400
    assert "signature" in response.json()["error"]["message"]
    assert any(
        "Signature healing failed, not retrying: manual intervention needed" in line
        for line in world.log_lines(response)
    )
    assert len(world.attempts(response)) == 2


def test_the_key_constants_are_the_lessons() -> None:
    """ "MAX_RETRY_ATTEMPTS = 3, SIGNATURE_TTL = 2 * 60 * 60 seconds, MIN_SIGNATURE_LENGTH = 50"."""
    assert (MAX_RETRY_ATTEMPTS, SIGNATURE_TTL, MIN_SIGNATURE_LENGTH) == (3, 2 * 60 * 60, 50)


def test_three_attempts_in_all_then_an_error_with_its_reason(world: World) -> None:
    """ "MAX_RETRY_ATTEMPTS": however large the pool; never a 200 without an answer."""
    response = world.messages("Hello. [fault: stop_empty*]")
    assert response.status_code == 502
    assert response.json()["error"]["message"].startswith("All 3 attempts failed.")
    assert len(world.attempts(response)) == 3
    assert world.row(response)["outcome"] == "zero_tokens"
    assert any("All 3 attempts failed." in line for line in world.log_lines(response))


def test_a_stream_that_breaks_halfway_ends_in_an_error_event(world: World) -> None:
    """ "Streaming output stops halfway, the client appears frozen": here it is told."""
    response = world.messages("Speak. [fault: cut@5]")
    name, data = events(response)[-1]
    assert name == "error"
    assert data["error"]["type"] in {"api_error", "overloaded_error"}
    assert "message_stop" not in response.text
    assert world.row(response)["outcome"] == "interrupted"
    last = events(world.gemini("Speak. [fault: cut@5]"))[-1][1]
    assert next(iter(last)) == "error"


def test_an_ordinary_400_is_the_clients_to_see(world: World) -> None:
    """Pitfalls: do not "rotate account for all 400/503/529"; an ordinary 400 is not retried."""
    response = world.messages("Hello. [fault: status=400, ok]")
    assert response.status_code == 400
    assert len(world.attempts(response)) == 1


def test_logs_are_in_the_data_directory(world: World) -> None:
    """ "Logs are in the logs/ directory under the data directory", app.log*."""
    world.row(world.messages("Hello."))
    assert (world.server.data_dir / "logs" / "app.log").exists()
