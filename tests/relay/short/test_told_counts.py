"""What upstreams' counters tell, in the forms that servers write."""

import json
from typing import Any

import pytest

from relay.neutral.failures import Failure, Kind
from relay.short.told_counts import has_no_counter, told_count

COUNTS: dict[str, tuple[Any, int | None]] = {
    "Anthropic": ({"input_tokens": 14}, 14),
    "Anthropic with edits": ({"input_tokens": 14, "context_management": {"original_input_tokens": 20}}, 14),
    "Google": ({"totalTokens": 14, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 14}]}, 14),
    "Code Assist behind a gateway": ({"response": {"totalTokens": 14}, "traceId": "x"}, 14),
    "Bedrock's own": ({"inputTokens": 14}, 14),
    "a usage": ({"usage": {"input_tokens": 14, "output_tokens": 0}}, 14),
    "an envelope": ({"code": 0, "data": {"input_tokens": 14}}, 14),
    "LiteLLM's own path": ({"total_tokens": 14, "request_model": "m", "tokenizer_type": "x"}, 14),
    "vLLM's tokenizer": ({"count": 14, "max_model_len": 4096, "tokens": [1, 2]}, 14),
    "a text": ({"input_tokens": "14"}, 14),
    "a float": ({"input_tokens": 14.0}, 14),
    "null beside the other": ({"input_tokens": None, "totalTokens": 14}, 14),
    "nothing": ({"input_tokens": 0}, 0),
    "a negative": ({"input_tokens": -1}, None),
    "a truth": ({"input_tokens": True}, None),
    "a fraction": ({"input_tokens": 1.5}, None),
    "too many": ({"input_tokens": 2**40}, None),
    "an object": ({"input_tokens": {"text": 14}}, None),
    "an error that counts": ({"error": {"message": "no"}, "count": 3}, None),
    "an empty object": ({}, None),
    "a list": ([14], None),
    "a number": (14, None),
}


def test_each_form_of_a_count_is_read() -> None:
    """The number where it is one, under the vendor's own word or another's; else an estimate answers."""
    told = {
        name: told_count(json.dumps(answer).encode(), "input_tokens") for name, (answer, _) in COUNTS.items()
    }
    assert told == {name: count for name, (_, count) in COUNTS.items()}


@pytest.mark.parametrize(
    ("content", "count"),
    [
        (b'\xef\xbb\xbf{"input_tokens":14}', 14),
        (b'{"input_tokens":14,"cost":NaN}', 14),
        (b'{"input_tokens":14,"note":"\\ud83d"}', 14),
        (b"", None),
        (b"<html>", None),
        (b'{"input_tokens":', None),
    ],
)
def test_odd_json_costs_itself(content: bytes, count: int | None) -> None:
    """A byte order mark, NaN or half a character beside the count; what is no JSON is no count."""
    assert told_count(content, "input_tokens") == count


@pytest.mark.parametrize(
    ("status", "message", "is_missing"),
    [
        (400, "The provided model doesn't support counting tokens.", True),
        (400, "count_tokens is not supported for this model", True),
        (400, "Token counting is not available for deepseek-chat.", True),
        (422, "Unsupported operation: CountTokens", True),
        (400, "Invalid URL (POST /v1/responses/input_tokens)", True),
        (400, "unknown endpoint", True),
        (400, "messages.0.content.1.image: this URL cannot be fetched", False),
        (400, "messages.0.content: Field required", False),
        (400, "prompt is too long: 300000 tokens > 200000 maximum", False),
        (404, "count_tokens is not supported", False),
    ],
)
def test_who_cannot_count_says_so(status: int, message: str, is_missing: bool) -> None:
    """Bedrock and gateways refuse with a 400, which is no fault of the request: it is estimated then."""
    assert has_no_counter(Failure(Kind.STATUS, message, status=status)) is is_missing
