"""Anthropic's errors, classified and written."""

import json
from collections.abc import Mapping

import anthropic
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.interface import ErrorAnswer
from relay.neutral.failures import Failure, Kind
from tests.relay.dialects.anthropic.streams import decoded, new_encoder, sse

DATE = "Sat, 21 Nov 2026 10:00:00 GMT"


def body_of(kind: str, message: str, **details: str) -> bytes:
    error: dict[str, object] = {"type": kind, "message": message}
    if details:
        error["details"] = details
    return json.dumps({"type": "error", "error": error, "request_id": "req_up"}).encode()


def classified(
    status: int,
    kind: str = "api_error",
    message: str = "m",
    headers: Mapping[str, str] | None = None,
    **details: str,
) -> Failure:
    return ANTHROPIC.classify(status, headers or {}, body_of(kind, message, **details))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (413, "request_too_large"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (504, "timeout_error"),
        (529, "overloaded_error"),
    ],
)
def test_status_type_message_and_body_are_kept(status: int, kind: str) -> None:
    """The failure says what upstream said, and which request it was there."""
    failure = classified(status, kind, "the words")
    assert (failure.kind, failure.status, failure.reason, failure.message) == (
        Kind.STATUS,
        status,
        kind,
        "the words",
    )
    assert failure.body == body_of(kind, "the words")
    assert failure.upstream_request_id == "req_up"
    assert not failure.account_fault
    assert not failure.is_signature


def test_the_error_code_is_the_reason_where_there_is_one() -> None:
    """``details.error_code`` names the cause; the type is only the category."""
    assert (
        classified(429, "rate_limit_error", error_code="ramp_limit_exceeded").reason == "ramp_limit_exceeded"
    )


def test_the_request_id_of_the_header_counts_first() -> None:
    """The body's is the second choice."""
    assert classified(500, headers={"request-id": "req_head"}).upstream_request_id == "req_head"


@pytest.mark.parametrize(
    "message",
    [
        "Your credit balance is too low to access the Anthropic API.",
        "Please go to the console to upgrade or purchase credits.",
        "You have reached your specified API usage limits.",
        "This organization has been disabled.",
        "Your organization reached its monthly spend limit.",
        "There is a problem with your billing details",
        "API key not valid. Please pass a valid API key.",
    ],
)
def test_a_400_about_money_or_the_key_is_the_accounts_fault(message: str) -> None:
    """It is not the client's request: another account may serve it."""
    assert classified(400, "invalid_request_error", message).account_fault
    assert not classified(429, "rate_limit_error", message).account_fault


def test_an_error_code_or_type_tells_the_accounts_fault_as_well() -> None:
    """Spend limits, holds and billing are told by code; a 402 is always the account's."""
    assert classified(400, "invalid_request_error", error_code="enforced_spend_limit_reached").account_fault
    assert classified(400, "billing_error").account_fault
    assert classified(402, "api_error").account_fault


@pytest.mark.parametrize(
    "message", ["max_tokens: Field required", "messages.0: credit card numbers are fine"]
)
def test_any_other_400_is_the_clients(message: str) -> None:
    """It goes to the client and no account is blamed."""
    assert not classified(400, "invalid_request_error", message).account_fault


def test_a_refused_signature_is_marked() -> None:
    """By its phrase, in a 400 only; with drop_block where the message offers it."""
    plain = "messages.1.content.0: Invalid `signature` in `thinking` block"
    assert classified(400, "invalid_request_error", plain).is_signature
    assert not classified(400, "invalid_request_error", plain).offers_drop_block
    assert not classified(500, "api_error", plain).is_signature
    bound = plain + '. Or set `prefix_mismatch_behavior` to "drop_block".'
    assert classified(400, "invalid_request_error", bound).offers_drop_block


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "12"}, 12.0),
        ({"retry-after-ms": "1500", "retry-after": "12"}, 1.5),
        ({"retry-after": "Sat, 21 Nov 2026 10:00:30 GMT", "date": DATE}, 30.0),
        ({"retry-after": "Sat, 21 Nov 2026 10:00:30 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
        (
            {
                "date": DATE,
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2026-11-21T10:00:07Z",
                "anthropic-ratelimit-input-tokens-remaining": "0",
                "anthropic-ratelimit-input-tokens-reset": "2026-11-21T10:00:41Z",
                "anthropic-ratelimit-output-tokens-remaining": "8000",
                "anthropic-ratelimit-output-tokens-reset": "2026-11-21T10:20:00Z",
            },
            41.0,
        ),
        (
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "x",
                "date": DATE,
            },
            None,
        ),
    ],
)
def test_how_long_upstream_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    """retry-after in all its forms, else the last of the exhausted limits; unknown stays unknown."""
    assert classified(429, headers=headers).retry_after_seconds == seconds


def test_the_limits_count_for_a_429_only() -> None:
    """They stand on every answer and mean nothing on another error; retry-after does."""
    headers = {
        "date": DATE,
        "anthropic-ratelimit-tokens-remaining": "0",
        "anthropic-ratelimit-tokens-reset": "2026-11-21T10:00:07Z",
    }
    assert classified(529, headers=headers).retry_after_seconds is None
    assert classified(529, headers={"retry-after": "3"}).retry_after_seconds == 3


@pytest.mark.parametrize(
    "body", [b"", b"<html>Bad Gateway</html>", b"[]", b"\xff", b'{"error":{}}', b'{"message":7}', b"{}"]
)
def test_a_body_that_is_no_error_of_this_dialect(body: bytes) -> None:
    """The status alone is told, and no body is passed on as if it were one."""
    failure = ANTHROPIC.classify(502, {}, body)
    assert (failure.status, failure.message, failure.body) == (502, "upstream answered 502", b"")


@pytest.mark.parametrize(
    "body",
    [
        b'{"message":"prompt is too long: 11 tokens > 10 maximum"}',
        b'{"detail":"prompt is too long: 11 tokens > 10 maximum"}',
        b'{"error":"prompt is too long: 11 tokens > 10 maximum"}',
        b'{"detail":[{"loc":["body"],"msg":"prompt is too long: 11 tokens > 10 maximum"}]}',
        b'[{"error":{"code":400,"message":"prompt is too long: 11 tokens > 10 maximum"}}]',
        b"prompt is too long: 11 tokens > 10 maximum",
        b'{"error":{"message":"no","metadata":{"raw":"prompt is too long: 11 tokens > 10 maximum"}}}',
    ],
)
def test_a_gateways_own_shape_is_understood(body: bytes) -> None:
    """Bedrock's, FastAPI's and others': the words and the limit in them count, and only our form goes on."""
    failure = ANTHROPIC.classify(400, {}, body)
    assert failure.message.rstrip('"}]').endswith("prompt is too long: 11 tokens > 10 maximum")
    assert failure.limit is not None
    assert (failure.limit.input_tokens, failure.limit.maximum_tokens) == (11, 10)
    assert failure.body in (b"", body if b"metadata" in body else b"")


def test_no_key_stands_in_a_message() -> None:
    """Gateways that repeat the key they were sent do not get it into a log or a row."""
    key = "sk-ant-api03-" + "Ab3" * 20
    failure = classified(401, "authentication_error", f"Incorrect API key provided: {key}.")
    assert key not in failure.message
    assert "Incorrect API key provided" in failure.message


@given(
    st.integers(400, 599),
    st.dictionaries(st.text(max_size=8), st.text(max_size=12), max_size=3),
    st.binary(max_size=40),
)
def test_any_error_is_classified_without_an_exception(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    """Whatever upstream answers, there is a failure with its status and a text."""
    failure = ANTHROPIC.classify(status, headers, body)
    assert failure.status == status
    assert failure.message


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("overloaded_error", 529),
        ("rate_limit_error", 429),
        ("api_error", 500),
        ("timeout_error", 504),
        ("new", 500),
    ],
)
def test_an_error_inside_a_stream_is_the_error_that_it_names(kind: str, status: int) -> None:
    """Its type tells the status that an HTTP error would have had."""
    failed = decoded(sse("error", error={"type": kind, "message": "m"})).events[-1]
    assert failed.failure.status == status
    assert failed.failure.message == "m"


def test_a_signature_refused_inside_a_stream_is_marked_too() -> None:
    """It can be healed like the 400."""
    error = {"type": "invalid_request_error", "message": "Invalid `signature` in `thinking` block"}
    assert decoded(sse("error", error=error)).events[-1].failure.is_signature


def test_the_error_type_of_a_status(subtests: pytest.Subtests) -> None:
    """Body and error event carry the type that clients switch on, and our request id."""
    for status, kind in [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (402, "billing_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (408, "timeout_error"),
        (409, "conflict_error"),
        (413, "request_too_large"),
        (422, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (502, "api_error"),
        (503, "overloaded_error"),
        (504, "timeout_error"),
        (529, "overloaded_error"),
    ]:
        with subtests.test(f"{status, kind!r:.120}"):
            answer = ErrorAnswer(status, "All 3 attempts failed.", "req_1")
            told = {
                "type": "error",
                "error": {"type": kind, "message": "All 3 attempts failed."},
                "request_id": "req_1",
            }
            assert json.loads(ANTHROPIC.error_body(answer)) == told
            event = new_encoder().fail(answer)
            assert event.startswith(b"event: error\ndata: ")
            assert event.endswith(b"}\n\n")
            assert json.loads(event.removeprefix(b"event: error\ndata: ")) == told


def test_upstreams_own_body_is_kept_to_the_byte() -> None:
    """Same dialect: Claude Code asks its gateways for that. The stream's event has our id, which our logs"
    " know."""
    upstream = b" " + body_of("rate_limit_error", "slow down", error_code="ramp_limit_exceeded") + b"\n"
    answer = ErrorAnswer(429, "ours", "req_1", upstream_body=upstream)
    assert ANTHROPIC.error_body(answer) == upstream
    told = json.loads(new_encoder().fail(answer).removeprefix(b"event: error\ndata: "))
    assert told["error"] == json.loads(upstream)["error"]
    assert told["request_id"] == "req_1"


def test_upstreams_id_stands_beside_ours_in_the_stream() -> None:
    """Its support asks for it; where upstream told none, there is none."""
    for upstreams_id, told_beside in ((b"req_up", "req_up"), (None, None)):
        upstream = b'{"type":"error","error":{"type":"overloaded_error","message":"no"}'
        upstream += b',"request_id":"' + upstreams_id + b'"}' if upstreams_id else b"}"
        event = new_encoder().fail(ErrorAnswer(529, "ours", "req_1", upstream_body=upstream))
        told = json.loads(event.removeprefix(b"event: error\ndata: "))
        assert (told["request_id"], told.get("upstream_request_id")) == ("req_1", told_beside)


def test_an_error_without_the_envelope_gets_it() -> None:
    """Some compatible servers leave the outer ``type`` out, by which SDKs know an error."""
    upstream = b'{"error":{"type":"invalid_request_error","message":"no"}}'
    told = json.loads(ANTHROPIC.error_body(ErrorAnswer(400, "ours", "req_1", upstream_body=upstream)))
    assert told == {"type": "error", **json.loads(upstream), "request_id": "req_1"}


@pytest.mark.parametrize("upstream", [b"<html>", b'{"error": "text"}', b"[]"])
def test_an_upstream_body_of_another_shape_is_not_passed_on(upstream: bytes) -> None:
    """Our own words stand in for it."""
    told = json.loads(ANTHROPIC.error_body(ErrorAnswer(502, "ours", "req_1", upstream_body=upstream)))
    assert told["error"] == {"type": "api_error", "message": "ours"}


@pytest.mark.parametrize(
    ("status", "error_class"),
    [
        (400, anthropic.BadRequestError),
        (404, anthropic.NotFoundError),
        (429, anthropic.RateLimitError),
        (502, anthropic.InternalServerError),
    ],
)
def test_the_vendors_sdk_reads_the_error_body(
    status: int, error_class: type[anthropic.APIStatusError]
) -> None:
    """Type and message arrive where SDK users look for them."""
    content = ANTHROPIC.error_body(ErrorAnswer(status, "the words", "req_1"))
    transport = httpx2.MockTransport(lambda _: httpx2.Response(status, content=content))
    client = anthropic.Anthropic(api_key="k", max_retries=0, http_client=httpx2.Client(transport=transport))
    with pytest.raises(error_class) as caught:
        client.messages.create(model="m", max_tokens=1, messages=[{"role": "user", "content": "x"}])
    assert caught.value.api_message == "the words"
    assert caught.value.type is not None
