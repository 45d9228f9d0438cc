"""Whatever upstream sends is data: broken at random, it is an answer or a failure, and never an exception."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from relay.dialects.interface import DecoderOptions, ErrorAnswer
from relay.neutral.events import Failed
from relay.neutral.sse import SseParser
from tests.relay.dialects.every_dialect import DIALECTS, new_encoder
from tests.relay.dialects.openai.streams import TRANSCRIPTS
from tests.relay.dialects.whatever_comes.mutations import mutants

SEED = 20261130
COUNT = 40
"""Of each stream."""

STREAMS: list[tuple[str, Path]] = [
    (path.stem.removeprefix("openai_").split("_")[0], path)
    for path in sorted(TRANSCRIPTS.glob("*.sse"))
    if not path.stem.startswith("encoded_")
]
ERRORS: tuple[dict[str, Any], ...] = (
    {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}, "request_id": "req_1"},
    {
        "error": {
            "code": 429,
            "message": "Quota exceeded. Please retry in 3.5s.",
            "status": "RESOURCE_EXHAUSTED",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                    "violations": [
                        {"quotaMetric": "m", "quotaId": "GenerateRequestsPerDay", "quotaValue": "9"}
                    ],
                },
                {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "3s"},
                {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "R", "metadata": {"a": "b"}},
                {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{"field": "f"}]},
            ],
        }
    },
    {"error": {"message": "Invalid signature", "type": "invalid_request_error", "param": "p", "code": "c"}},
    {"base_resp": {"status_code": 1002, "status_msg": "limit"}},
    {"error_code": 18, "error_msg": "limit"},
    {"success": False, "errors": [{"code": 7, "message": "no"}]},
    {"detail": [{"loc": ["body"], "msg": "m"}]},
)
HEADERS = {"retry-after": "3", "content-type": "application/json"}
ERROR = ErrorAnswer(502, "broken", "req_1")


def wrong_with(upstream: str, reads: Iterable[bytes]) -> str:
    """What goes wrong with an answer of ``upstream``'s dialect; "" when nothing does."""
    reads = list(reads)
    for client in DIALECTS:
        options = DecoderOptions("gpt", "seed", is_enveloped=b'"response":' in b"".join(reads))
        decoder = DIALECTS[upstream].decoder(options)
        encoder = new_encoder(client)
        out, has_failed = b"", False
        for chunk in (*map(decoder.feed, reads), decoder.finish()):
            if has_failed and (chunk.raw or chunk.events):
                return "something follows a failure"
            has_failed = any(type(event) is Failed for event in chunk.events)
            out += encoder.forward(chunk) if client == upstream else encoder.encode(chunk.events)
        if encoder.fault is not None:
            return f"{client}: {type(encoder.fault).__name__}: {encoder.fault}"
        if encoder.state.terminal:
            DIALECTS[client].collect(out)
        elif not encoder.gap:
            out += encoder.fail(ERROR)
        out.decode()
        for event in SseParser(len(out) + 1).feed(out):
            if event.data is not None and event.data != b"[DONE]":
                json.loads(event.data)
    return ""


@pytest.mark.thorough
@pytest.mark.parametrize("vendor", DIALECTS)
def test_a_broken_answer_is_an_answer_or_a_failure(vendor: str) -> None:
    """Flipped bytes, lost and doubled events, other types, absurd numbers, 100,000 levels."""
    wrong = {}
    for number, (upstream, path) in enumerate(STREAMS):
        for broken, reads in mutants(path.read_bytes(), SEED + number, COUNT) if upstream == vendor else ():
            try:
                what = wrong_with(upstream, reads)
            except Exception as error:
                what = f"{type(error).__name__}: {error}"
            if what:
                wrong[what] = (path.name, broken[:3000])
    assert wrong == {}


@pytest.mark.thorough
@pytest.mark.parametrize("vendor", DIALECTS)
def test_a_broken_error_is_a_failure(vendor: str) -> None:
    """Whatever stands in an error's body, it is classified and told on to a client of every dialect."""
    wrong = {}
    for number, error in enumerate(ERRORS):
        for mutant, _ in mutants(b"data:" + json.dumps(error).encode(), SEED + number, 4 * COUNT):
            body = mutant.removeprefix(b"data:")
            try:
                for status in (400, 429, 503):
                    failure = DIALECTS[vendor].classify(status, HEADERS, body)
                    msgspec.json.encode(failure)
                    for client in DIALECTS.values():
                        answer = ErrorAnswer(status, failure.message, "req_1", upstream_body=failure.body)
                        json.loads(client.error_body(answer))
            except Exception as stumble:
                wrong[f"{type(stumble).__name__}: {stumble}"] = body[:3000]
    assert wrong == {}


def test_what_is_no_text_beside_the_data_is_not_passed_on() -> None:
    """In names, comments and unknown fields: SDKs read every line as UTF-8."""
    for upstream, path in STREAMS:
        stream = path.read_bytes()
        for line in (b"event: \xe8\xff\n", b": \xed\xa0\x80\n", b"id: \xff\n", b"\xc3(\n"):
            at = stream.find(b"data:")
            assert wrong_with(upstream, [stream[:at] + line + stream[at:]]) == "", (path.name, line)
            assert wrong_with(upstream, [line + b"\n" + stream]) == "", (path.name, line)
