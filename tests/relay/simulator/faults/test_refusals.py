"""The faults that answer with an error, in each dialect's own words."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import pytest

from tests.relay.simulator.raw import DIALECTS, HEADERS, PATHS, ask, body_for, stream

each_dialect = pytest.mark.parametrize("dialect", DIALECTS)


@pytest.mark.parametrize(
    ("status", "anthropic", "gemini"),
    [
        (400, "invalid_request_error", "INVALID_ARGUMENT"),
        (401, "authentication_error", "UNAUTHENTICATED"),
        (402, "billing_error", "UNKNOWN"),
        (403, "permission_error", "PERMISSION_DENIED"),
        (404, "not_found_error", "NOT_FOUND"),
        (408, "invalid_request_error", "UNKNOWN"),
        (413, "request_too_large", "UNKNOWN"),
        (429, "rate_limit_error", "RESOURCE_EXHAUSTED"),
        (500, "api_error", "INTERNAL"),
        (503, "api_error", "UNAVAILABLE"),
        (504, "timeout_error", "DEADLINE_EXCEEDED"),
        (529, "overloaded_error", "UNKNOWN"),
    ],
)
async def test_a_status_has_the_dialects_body(simulator, status, anthropic, gemini):
    """``status=N``: the status with the error body that the real upstream sends with it."""
    simulator.plan(f"status={status}", repeat=True)
    claude = await stream(simulator.base_url, "anthropic", "x")
    assert (claude.status, claude.json()["type"], claude.json()["error"]["type"]) == (
        status,
        "error",
        anthropic,
    )
    assert claude.json()["request_id"] == claude.headers["request-id"]
    google = await stream(simulator.base_url, "gemini", "x")
    assert google.json()["error"] | {"message": ""} == {"code": status, "message": "", "status": gemini}
    chat = await stream(simulator.base_url, "chat", "x")
    assert (chat.status, set(chat.json()["error"])) == (status, {"message", "type", "param", "code"})


async def test_a_bad_gateway_is_a_page(simulator):
    """``status=502``: what a proxy in front of the upstream says, not JSON."""
    simulator.plan("status=502")
    answer = await stream(simulator.base_url, "gemini", "x")
    assert (answer.status, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")


@pytest.mark.parametrize(
    ("fault", "index", "entry"),
    [
        ("retry_info=12s", 0, {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "12s"}),
        ("retry_info@2=3.5s", 2, {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3.5s"}),
    ],
)
async def test_retry_info_at_any_index(simulator, fault, index, entry):
    """``retry_info@n``: RetryInfo stands behind n other details."""
    simulator.plan(fault)
    error = (await stream(simulator.base_url, "gemini", "x")).json()["error"]
    assert (error["code"], error["details"][index], len(error["details"])) == (429, entry, index + 1)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("quota_exhausted", "QUOTA_EXHAUSTED"),
        ("rate_limit", "RATE_LIMIT_EXCEEDED"),
        ("capacity", "MODEL_CAPACITY_EXHAUSTED"),
        ("quotaResetDelay=7s", "QUOTA_EXHAUSTED"),
    ],
)
async def test_quota_reasons(simulator, fault, reason):
    """429s tell their reason in ErrorInfo; ``quota_reset_delay`` its delay in the metadata."""
    simulator.plan(fault)
    error = (await stream(simulator.base_url, "gemini", "x")).json()["error"]
    assert error["details"][0]["reason"] == reason
    assert error["details"][0]["metadata"].get("quotaResetDelay") == ("7s" if "7s" in fault else None)


async def test_openai_tells_quota_from_rate(simulator):
    """A spent quota and a rate limit have their own codes in OpenAI's shape."""
    simulator.plan("quota_exhausted", "rate_limit")
    codes = [(await stream(simulator.base_url, "chat", "x")).json()["error"]["code"] for _ in range(2)]
    assert codes == ["insufficient_quota", "rate_limit_exceeded"]


@each_dialect
async def test_retry_after_in_seconds_and_as_a_date(simulator, dialect):
    """``retry_after`` and ``retry_after_date``: the header in both forms."""
    simulator.plan("retry_after=3", "retry_after_date=60")
    seconds = await stream(simulator.base_url, dialect, "x")
    assert (seconds.status, seconds.headers["retry-after"]) == (429, "3")
    date = await stream(simulator.base_url, dialect, "x")
    left = parsedate_to_datetime(date.headers["retry-after"]) - datetime.now(UTC)
    assert 30 < left.total_seconds() <= 60


async def test_a_bad_key_is_a_400_at_google_and_a_401_elsewhere(simulator):
    """``api_key_invalid``: reason API_KEY_INVALID in a 400, a plain 401 in the other dialects."""
    simulator.plan("api_key_invalid", repeat=True)
    google = await stream(simulator.base_url, "gemini", "x")
    assert (google.status, google.json()["error"]["details"][0]["reason"]) == (400, "API_KEY_INVALID")
    assert [(await stream(simulator.base_url, d, "x")).status for d in ("anthropic", "chat")] == [401, 401]


@each_dialect
async def test_billing_is_a_402_or_a_400_with_credit_words(simulator, dialect):
    """``billing`` comes in both forms."""
    simulator.plan("billing", "billing=400", "forbidden")
    assert (await stream(simulator.base_url, dialect, "x")).status == 402
    refused = await stream(simulator.base_url, dialect, "x")
    assert refused.status == 400
    message = refused.json()["error"]["message"].lower()
    assert "credit" in message or "billing" in message
    assert (await stream(simulator.base_url, dialect, "x")).status == 403


async def test_a_signature_is_refused_on_request(simulator):
    """``refused_signature``: the dialect's own text, naming the first thinking block there is."""
    simulator.plan("refused_signature_twice", "refused_signature")
    body = body_for("anthropic", "x")
    thinking = {"type": "thinking", "thinking": "t", "signature": "s"}
    reply = {"role": "assistant", "content": [thinking, {"type": "text", "text": "a"}]}
    body["messages"] += [reply, {"role": "user", "content": "and now"}]
    for _ in range(2):
        claude = await ask(simulator.base_url, PATHS["anthropic"], body, HEADERS["anthropic"])
        assert claude.status == 400
        assert claude.json()["error"]["message"] == (
            "messages.1.content.0: Invalid `signature` in `thinking` block"
        )
    google = await stream(simulator.base_url, "gemini", "x")
    assert google.json()["error"]["message"] == "Corrupted thought signature."


async def test_bound_signature_offers_drop_block_until_it_is_taken(simulator):
    """``bound_signature``: the 400 that offers ``drop_block``; with it the request passes."""
    simulator.plan("bound_signature", repeat=True)
    refused = await stream(simulator.base_url, "anthropic", "x")
    message = refused.json()["error"]["message"]
    assert "The block is bound to a different conversation." in message
    assert 'set `thinking.block_binding.prefix_mismatch_behavior` to "drop_block".' in message
    body = body_for("anthropic", "x")
    body["thinking"]["block_binding"] = {"prefix_mismatch_behavior": "drop_block"}
    headers = HEADERS["anthropic"] | {"anthropic-beta": "thinking-binding-controls-2026-08-01"}
    assert (await ask(simulator.base_url, PATHS["anthropic"], body, headers)).status == 200


async def test_delays_in_the_other_dialects(simulator):
    """Where there is no RetryInfo, a told delay comes in the headers; a spent quota has its code."""
    simulator.plan("retry_info=2s", "quota_reset_delay=7s", "quota_exhausted", "refused_signature")
    first = await stream(simulator.base_url, "chat", "x")
    assert (first.status, first.headers["retry-after-ms"]) == (429, "2000")
    assert (await stream(simulator.base_url, "chat", "x")).headers["retry-after"] == "7"
    claude = await stream(simulator.base_url, "anthropic", "x")
    assert claude.json()["error"]["details"] == {"error_code": "contract_spend_limit_reached"}
    encrypted = await stream(simulator.base_url, "responses", "x")
    assert encrypted.json()["error"]["code"] == "invalid_encrypted_content"


@pytest.mark.parametrize("marker", ["[fault: nonsense]", "[fault: status=99]", "[fault: stall=soon]"])
async def test_a_wrong_marker_is_told(simulator, marker):
    """A marker that cannot be read is a 400 that says why, not an answer without a fault."""
    answer = await stream(simulator.base_url, "anthropic", marker)
    assert answer.status == 400
    assert answer.json()["error"]["message"].startswith("simulator: ")


async def test_a_marker_reaches_through_plain_text(simulator):
    """The faults in a prompt's marker strike one after the other, over all accounts."""
    prompt = "[fault#once: empty, status=503] hello"
    seen = []
    for account in ("sim-a", "sim-b", "sim-c"):
        headers = HEADERS["gemini"] | {"x-goog-api-key": account}
        seen.append(await ask(simulator.base_url, PATHS["gemini"], body_for("gemini", prompt), headers))
    assert [answer.status for answer in seen] == [200, 503, 200]
    assert [len(answer.payload) > 0 for answer in seen] == [False, True, True]
    assert simulator.counts()["by_fault"] == {"empty": 1, "status=503": 1, "ok": 1}
