"""Upstream's errors are classified by what they say, wherever they say it; ours have Google's form."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.dialects.gemini import GEMINI
from relay.dialects.gemini.errors import error_event, identified
from relay.dialects.interface import ErrorAnswer
from relay.neutral.failures import Failure, Kind

TYPE = "type.googleapis.com/google.rpc."


def error(message: str = "m", status: str = "X", details: list | None = None, code: int = 400) -> bytes:
    """An error body."""
    held = {"code": code, "message": message, "status": status}
    return msgspec.json.encode({"error": {**held, "details": details} if details is not None else held})


def retry(delay: object) -> dict:
    """A RetryInfo."""
    return {"@type": f"{TYPE}RetryInfo", "retryDelay": delay}


def info(reason: str, **metadata: str) -> dict:
    """An ErrorInfo."""
    return {"@type": f"{TYPE}ErrorInfo", "reason": reason, "metadata": metadata}


def quota(quota_id: str) -> dict:
    """A QuotaFailure."""
    return {"@type": f"{TYPE}QuotaFailure", "violations": [{"quotaId": quota_id}]}


def classify(status: int, body: bytes, **headers: str) -> Failure:
    """The failure for an HTTP error; underscores in header names are hyphens."""
    return GEMINI.classify(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


def test_a_plain_error():
    """Status, words, and the body for a client of the same dialect."""
    body = error("Too hot.", "INVALID_ARGUMENT")
    assert classify(400, body) == Failure(
        Kind.STATUS, "Too hot.", status=400, reason="INVALID_ARGUMENT", body=body
    )


def test_a_list_of_one():
    """Errors outside of streams may come in a list."""
    assert classify(404, b"[" + error("gone", "NOT_FOUND") + b"]").message == "gone"


@pytest.mark.parametrize(
    ("details", "seconds"),
    [
        ([retry("12s")], 12.0),
        ([info("X"), quota("y"), retry("1.5s")], 1.5),
        ([retry({"seconds": "3", "nanos": 500000000})], 3.5),
        ([info("X", quotaResetDelay="2h3m4.5s")], 7384.5),
        ([{"@type": "other"}, info("X", quotaResetDelay="373.8ms")], 0.3738),
        ([info("X", quotaResetDelay="9s"), retry("4s")], 4.0),
        ([retry("soon")], None),
        ([retry(5), "strange", None], None),
        ([info("X")], None),
        ("no list", None),
    ],
)
def test_delays_at_any_index(details, seconds):
    """RetryInfo, else quotaResetDelay, is found at any index of the details."""
    told = classify(429, error(details=details)).retry_after_seconds
    assert told == (pytest.approx(seconds) if seconds is not None else None)


def test_the_header_comes_first():
    """``Retry-After`` rules over what the body says."""
    body = error(details=[retry("12s")])
    assert classify(429, body, retry_after="3").retry_after_seconds == 3.0
    assert classify(503, b"", retry_after="7").retry_after_seconds == 7.0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (error(details=[quota("q"), info("QUOTA_EXHAUSTED")]), "QUOTA_EXHAUSTED"),
        (error(details=[info("MODEL_CAPACITY_EXHAUSTED")]), "MODEL_CAPACITY_EXHAUSTED"),
        (error(details=[quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier")]), "QUOTA_EXHAUSTED"),
        (error(details=[quota("GenerateRequestsPerMinutePerProjectPerModel")]), "RATE_LIMIT_EXCEEDED"),
        (error("Your prepayment credits are depleted."), "QUOTA_EXHAUSTED"),
        (error("slow down", "RESOURCE_EXHAUSTED"), "RESOURCE_EXHAUSTED"),
        (error("?", "", [{"violations": ["strange", None]}]), ""),
    ],
)
def test_what_a_429_is_about(body, reason):
    """ErrorInfo's own word, else the quota's name tells the day's from the minute's."""
    assert classify(429, body).reason == reason


@pytest.mark.parametrize(
    ("status", "body", "is_fault"),
    [
        (400, error("API key not valid.", details=[info("API_KEY_INVALID")]), True),
        (400, error("API key not valid. Please pass a valid API key."), True),
        (400, error("API key expired. Please renew the API key."), True),
        (400, error("Please enable billing on this project.", "FAILED_PRECONDITION"), True),
        (400, error("Your prepaid credits are used up."), True),
        (402, error("pay"), True),
        (402, b"", True),
        (400, error("contents is not specified"), False),
        (400, error('Invalid JSON payload received. Unknown name "billing" at tools[0]'), False),
        (403, error("billing"), False),
    ],
)
def test_the_accounts_own_faults(status, body, is_fault):
    """A bad key and billing are about the account; what the client wrote is not."""
    assert classify(status, body).account_fault is is_fault


@pytest.mark.parametrize(
    ("status", "body", "is_signature"),
    [
        (400, error("Corrupted thought signature."), True),
        (400, error("Function call is missing a thought_signature in functionCall parts."), True),
        (
            400,
            error(
                "Bad.",
                details=[
                    {
                        "fieldViolations": [
                            {"description": 'thought_signature (TYPE_BYTES), Base64 decoding failed for "x"'}
                        ]
                    }
                ],
            ),
            True,
        ),
        (400, error("The signature of your contract is fine"), False),
        (500, error("Invalid thought signature."), False),
    ],
)
def test_refused_signatures(status, body, is_signature):
    """A 400 with one of the phrases is a refused signature, and nothing else is."""
    failure = classify(status, body)
    assert failure.is_signature is is_signature
    assert not failure.offers_drop_block


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "upstream answered 502 with no error body"),
        (
            b"<html><title>502 Bad\n Gateway</title><body>x</body></html>",
            "upstream answered 502: 502 Bad Gateway",
        ),
        (b"<p>No <b>title</b></p><script>evil()</script>", "upstream answered 502: No title"),
        (b"plain\x00 words\r\n", "upstream answered 502: plain words"),
        (b"\xff\xfe", "upstream answered 502: \ufffd\ufffd"),
        (b'"text"', 'upstream answered 502: "text"'),
        (b"x" * 999, "upstream answered 502: " + "x" * 300),
    ],
)
def test_bodies_that_are_no_error(body, message):
    """Any other body is said in a few words, without markup, and is not passed on."""
    failure = classify(502, body)
    assert (failure.message, failure.body) == (message, b"")


TOO_LONG = "The input token count (11) exceeds the maximum number of tokens allowed (10)."


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"message": TOO_LONG}, TOO_LONG),
        ({"detail": TOO_LONG}, TOO_LONG),
        ({"detail": [{"msg": TOO_LONG}]}, f'[{{"msg":"{TOO_LONG}"}}]'),
        ({"error": {"message": "no", "metadata": {"raw": TOO_LONG}}}, f"no: {TOO_LONG}"),
        (TOO_LONG, f"upstream answered 400: {TOO_LONG}"),
    ],
)
def test_a_gateways_own_shape_is_understood(body, message):
    """The words count, and the limit in them; only Google's own form goes on to its client."""
    failure = classify(400, body.encode() if isinstance(body, str) else msgspec.json.encode(body))
    assert failure.message == message
    assert (failure.limit.input_tokens, failure.limit.maximum_tokens) == (11, 10)
    assert (failure.body != b"") == ("error" in body)


def test_no_key_leaves():
    """Google quotes the caller's key in its messages: neither message nor body tells it."""
    key = "AIzaSy" + "A1b2C3d4E5" * 3 + "xyz"
    failure = classify(403, error(f"Consumer 'api_key:{key}' has been suspended."))
    assert key not in failure.message
    assert key.encode() not in failure.body
    assert msgspec.json.decode(failure.body)
    assert key not in classify(502, f"oops {key}".encode()).message


def test_upstreams_request_id():
    """The id that upstream gives its answer is kept."""
    assert classify(500, b"", x_request_id="r1").upstream_request_id == "r1"
    assert classify(500, error(), x_request_id="r1").upstream_request_id == "r1"


_names = st.sampled_from(
    ["message", "code", "status", "details", "reason", "metadata", "violations", "retryDelay",
     "quotaResetDelay", "fieldViolations", "description", "quotaId", "seconds", "nanos"]
)  # fmt: skip
_values = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=12,
)


@given(
    st.integers(400, 599),
    st.binary(max_size=200) | _values.map(lambda one: msgspec.json.encode({"error": one})),
)
def test_any_body_is_classified(status, body):
    """No body makes the classification fail."""
    failure = classify(status, body)
    assert failure.status == status
    assert failure.message


def test_our_errors():
    """Our error bodies are google.rpc.Status with Google's word, and say when to come again."""
    answer = ErrorAnswer(429, "slow down", "req-1", "QUOTA_EXHAUSTED", 2.5)
    assert msgspec.json.decode(GEMINI.error_body(answer)) == {
        "error": {
            "code": 429,
            "message": "slow down",
            "status": "RESOURCE_EXHAUSTED",
            "details": [
                {"@type": f"{TYPE}ErrorInfo", "reason": "QUOTA_EXHAUSTED", "domain": "evenkeel"},
                {"@type": f"{TYPE}RetryInfo", "retryDelay": "2.5s"},
                {"@type": f"{TYPE}RequestInfo", "requestId": "req-1"},
            ],
        }
    }
    assert "details" not in msgspec.json.decode(GEMINI.error_body(ErrorAnswer(400, "m", "")))["error"]


@pytest.mark.parametrize(
    ("status", "word"),
    [(400, "INVALID_ARGUMENT"), (401, "UNAUTHENTICATED"), (404, "NOT_FOUND"), (502, "UNAVAILABLE"),
     (504, "DEADLINE_EXCEEDED"), (529, "UNAVAILABLE"), (418, "INVALID_ARGUMENT"), (599, "INTERNAL")],
)  # fmt: skip
def test_status_words(status, word):
    """Every status has its word."""
    told = msgspec.json.decode(GEMINI.error_body(ErrorAnswer(status, "m", "r")))["error"]
    assert (told["code"], told["status"]) == (status, word)


def test_ids_of_an_error_event():
    """Our request id is one more detail behind upstream's own, beside upstream's id where one is known.

    Where we have none, there is no such detail.
    """
    body = error("its words", details=[retry("1s")])
    told = msgspec.json.decode(error_event(ErrorAnswer(503, "m", "r", upstream_body=body)))["error"]
    ours = {"@type": f"{TYPE}RequestInfo", "requestId": "r"}
    assert told["details"] == [retry("1s"), ours]
    nameless = msgspec.json.decode(error_event(ErrorAnswer(503, "m", "", upstream_body=body)))["error"]
    assert nameless["details"] == [retry("1s")]
    plain = msgspec.json.decode(error("its words"))
    assert identified(plain, "", "theirs") == plain
    answer = ErrorAnswer(502, "m", "r", upstream_request_id="theirs")
    told = msgspec.json.decode(error_event(answer))["error"]
    assert told["details"] == [{**ours, "servingData": "upstream_request_id=theirs"}]


def test_upstreams_own_error():
    """Upstream's own body goes to a client of the same dialect as it came."""
    body = error("its words", details=[retry("1s")])
    assert GEMINI.error_body(ErrorAnswer(400, "m", "r", upstream_body=body)) == body
