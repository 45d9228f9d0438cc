"""OpenAI's errors, classified; ours, as the vendor's SDK understands them."""

import json
from typing import Any

import openai
import pytest

from relay.dialects.errors.retry_after import retry_after_seconds
from relay.dialects.interface import ErrorAnswer
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from relay.neutral.failures import Failure, Kind
from tests.relay.dialects.openai.streams import client_for


def body(message: str = "m", error_type: str = "invalid_request_error", code: Any = None) -> bytes:
    return json.dumps(
        {"error": {"message": message, "type": error_type, "param": None, "code": code}}
    ).encode()


def classified(status: int, content: bytes, **headers: str) -> Failure:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    failure = OPENAI_CHAT.classify(status, named, content)
    assert failure == OPENAI_RESPONSES.classify(status, named, content)
    return failure


@pytest.mark.parametrize(
    ("status", "content", "reason"),
    [
        (400, body("Bad"), "invalid_request_error"),
        (400, body("Too long", code="context_length_exceeded"), "context_length_exceeded"),
        (401, body("Incorrect API key", code="invalid_api_key"), "invalid_api_key"),
        (404, body("No such model", code="model_not_found"), "model_not_found"),
        (429, body("Slow", "rate_limit_error", "rate_limit_exceeded"), "rate_limit_exceeded"),
        (429, body("Quota", "insufficient_quota", "insufficient_quota"), "insufficient_quota"),
        (429, body("Credit", "insufficient_quota", "credit_balance_exhausted"), "credit_balance_exhausted"),
        (503, body("Busy", "service_unavailable_error", "server_is_overloaded"), "server_is_overloaded"),
        (500, body("Oops", "server_error"), "server_error"),
    ],
)
def test_classified(status: int, content: bytes, reason: str) -> None:
    """Status, message and machine word of OpenAI's own errors; the body is kept for its clients."""
    failure = classified(status, content, x_request_id="req_1")
    assert (failure.kind, failure.status, failure.reason) == (Kind.STATUS, status, reason)
    assert failure.message == json.loads(content)["error"]["message"]
    assert failure.upstream_request_id == "req_1"
    assert json.loads(failure.body) == json.loads(content)
    assert failure.account_fault is (reason in ("insufficient_quota", "credit_balance_exhausted"))
    assert not failure.is_signature


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"error":"model llama not found"}', "model llama not found"),
        (b'{"object":"error","message":"Bad","type":"BadRequestError","code":400}', "Bad"),
        (b'{"detail":"Not Found"}', "Not Found"),
        (
            b'{"detail":[{"loc":["body"],"msg":"field required"}]}',
            '[{"loc":["body"],"msg":"field required"}]',
        ),
        (
            b'[{"error":{"code":400,"message":"Google said so","status":"INVALID_ARGUMENT"}}]',
            "Google said so",
        ),
        (b"upstream connect error", "upstream connect error"),
        (b"", "upstream answered 404"),
        (b"7", "7"),
        (b'{"error":{}}', "upstream answered 404"),
        (b'{"detail":{"error":{"message":"Deep","code":5}}}', "Deep"),
        (b'{"detail":{"detail":"Deep"}}', "Deep"),
        (b'{"Response":{"Error":{"Code":"InvalidParameter","Message":"Bad"},"RequestId":"r"}}', "Bad"),
    ],
)
def test_what_compatible_servers_say(content: bytes, message: str) -> None:
    """Other shapes are understood, but not passed to a client as OpenAI's own."""
    failure = classified(404, content)
    assert failure.message in (message, '{"error":{}}')
    assert failure.body == b""


def test_what_a_gateways_provider_said() -> None:
    """OpenRouter's own words say nothing; those of the provider count, as text, JSON or an object."""
    said = "This model's maximum context length is 9 tokens. However, your messages resulted in 10 tokens."
    inner = {"error": {"message": said, "type": "Bad Request", "code": 400}}
    for raw in (said, json.dumps(inner), inner):
        error = {"message": "Provider returned error", "code": 400, "metadata": {"raw": raw}}
        failure = classified(400, json.dumps({"error": error}).encode())
        assert failure.message == f"Provider returned error: {said}"
        assert failure.limit is not None
        assert (failure.limit.input_tokens, failure.limit.maximum_tokens) == (10, 9)


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (402, body("Payment required"), True),
        (400, body("Your credit balance is too low"), True),
        (400, body("Billing is not active", code="billing_not_active"), True),
        (400, body("Bad key", code="invalid_api_key"), True),
        (429, body("Quota", "insufficient_quota", "insufficient_quota"), True),
        (429, body("See plan and billing", code="rate_limit_exceeded"), False),
        (400, body("Unknown field"), False),
        (401, body("Bad key", code="invalid_api_key"), False),
    ],
)
def test_the_accounts_own_faults(status: int, content: bytes, expected: bool) -> None:
    """A 402, and what is about the account's key or money, is its own fault and not the client's."""
    assert classified(status, content).account_fault is expected


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (400, body("Bad", code="invalid_encrypted_content"), True),
        (400, body("messages.1: Invalid `signature` in `thinking` block"), True),
        (400, body("Corrupted thought signature."), True),
        (500, body("Invalid signature"), False),
        (400, body("Unknown field"), False),
    ],
)
def test_refused_signatures(status: int, content: bytes, expected: bool) -> None:
    """A 400 that refuses reasoning: by the shared phrases, or by OpenAI's own code for it."""
    assert classified(status, content).is_signature is expected


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"retry_after": "7"}, "", 7),
        ({"retry_after_ms": "1500", "retry_after": "2"}, "", 1.5),
        ({"retry_after": "Sat, 21 Nov 2026 10:00:30 GMT", "date": "Sat, 21 Nov 2026 10:00:00 GMT"}, "", 30),
        (
            {"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "6m0s"},
            "Please try again in 1s",
            360,
        ),
        (
            {
                "x_ratelimit_remaining_requests": "5",
                "x_ratelimit_reset_requests": "6m0s",
                "x_ratelimit_remaining_tokens": "0",
                "x_ratelimit_reset_tokens": "20ms",
            },
            "",
            0.02,
        ),
        ({}, "Rate limit reached. Please try again in 1.2s. Visit …", 1.2),
        ({}, "Please try again in 1h2m3s.", 3723),
        ({}, "Please try again later.", None),
    ],
)
def test_told_delays(headers: dict[str, str], message: str, seconds: float | None) -> None:
    """How long to wait after a 429: a header, the limit that is used up, or the words."""
    failure = classified(429, body(message, "rate_limit_error"), **headers)
    assert failure.retry_after_seconds == seconds


def test_no_delay_is_read_out_of_words_elsewhere() -> None:
    """Only a 429 is about waiting; a header counts for every status."""
    assert classified(400, body("try again in 5s")).retry_after_seconds is None
    assert classified(503, body("busy"), retry_after="3").retry_after_seconds == 3


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "0"}, 0),
        ({"retry-after-ms": "x", "retry-after": "2.5"}, 2.5),
        ({"retry-after": "Sat, 21 Nov 2026 10:00:30 GMT"}, None),
        ({"retry-after": "Sat, 21 Nov 2026 10:00:30 GMT", "date": "Sat, 21 Nov 2026 10:01:00 GMT"}, 0),
        ({"retry-after": "Sat, 21 Nov 2026 10:00:30 GMT", "date": "Sat, 21 Nov 2026 10:00:00"}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds, or a date against the answer's own date; anything else tells nothing."""
    assert retry_after_seconds(headers) == seconds


def test_no_key_leaves() -> None:
    """Upstream's words may quote the key: it is masked."""
    key = "sk-proj-A1b2C3d4E5f6G7h8I9j0K1l2"
    failure = classified(401, body(f"Incorrect API key provided: {key}."))
    assert key not in failure.message
    assert key.encode() not in failure.body


@pytest.mark.parametrize(
    ("status", "exception"),
    [
        (400, openai.BadRequestError),
        (401, openai.AuthenticationError),
        (403, openai.PermissionDeniedError),
        (404, openai.NotFoundError),
        (422, openai.UnprocessableEntityError),
        (429, openai.RateLimitError),
        (500, openai.InternalServerError),
        (503, openai.InternalServerError),
        (529, openai.InternalServerError),
    ],
)
def test_the_sdk_raises_the_right_class(status: int, exception: type[openai.APIStatusError]) -> None:
    """Our error bodies arrive as the SDK's own exceptions, with message and code."""
    content = OPENAI_CHAT.error_body(ErrorAnswer(status, "All 3 attempts failed.", "req_1"))
    assert content == OPENAI_RESPONSES.error_body(ErrorAnswer(status, "All 3 attempts failed.", "req_1"))
    client = client_for(content, status, "application/json")
    with pytest.raises(exception) as raised:
        client.chat.completions.create(model="m", messages=[])
    assert "All 3 attempts failed." in raised.value.message


@pytest.mark.parametrize(
    ("answer", "error_type", "code"),
    [
        (ErrorAnswer(400, "m", "r"), "invalid_request_error", None),
        (ErrorAnswer(401, "m", "r"), "invalid_request_error", "invalid_api_key"),
        (ErrorAnswer(404, "m", "r"), "invalid_request_error", "model_not_found"),
        (ErrorAnswer(429, "m", "r"), "rate_limit_error", "rate_limit_exceeded"),
        (ErrorAnswer(429, "m", "r", "insufficient_quota"), "rate_limit_error", "insufficient_quota"),
        (ErrorAnswer(429, "m", "r", "RESOURCE_EXHAUSTED"), "rate_limit_error", "rate_limit_exceeded"),
        (ErrorAnswer(502, "m", "r", "cut"), "server_error", None),
        (ErrorAnswer(504, "m", "r"), "server_error", "timeout"),
        (ErrorAnswer(529, "m", "r", "overloaded_error"), "service_unavailable_error", "server_is_overloaded"),
    ],
)
def test_our_words(answer: ErrorAnswer, error_type: str, code: str | None) -> None:
    """Type and code as OpenAI would say it, whoever upstream was."""
    error = json.loads(OPENAI_CHAT.error_body(answer))["error"]
    assert (error["type"], error["code"], error["param"], error["message"]) == (
        error_type,
        code,
        None,
        answer.message,
    )


def test_upstreams_own_body_is_passed_on() -> None:
    """Where upstream spoke this dialect, the client reads upstream's own body."""
    content = body("Upstream's words", code="x")
    assert OPENAI_CHAT.error_body(ErrorAnswer(400, "ours", "r", upstream_body=content)) == content
