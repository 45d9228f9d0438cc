"""The account's credential is out of what upstream says before anything else looks at it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from monitor.masking.exact import exact_secrets
from monitor.masking.finder import LEFT_OUT
from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.errors.told_body import LONGEST_TOLD_BYTES, MOST_ESCAPES
from relay.dialects.gemini import GEMINI
from relay.dialects.interface import DecoderOptions, Dialect
from relay.dialects.openai import OPENAI_CHAT, OPENAI_RESPONSES
from relay.exchange.large_bodies import LARGE_BYTES
from relay.neutral.events import Event, Failed, TextDelta
from relay.neutral.failures import Failure, Kind
from relay.upstream.masking import MaskedDecoder, masked_failure, masked_headers, secrets_in, told_failure

KEY = "tenant-7/Qwerty+uiop=="
KNOWN = secrets_in({"authorization": f"Bearer {KEY}"})


def error(said: str) -> dict[str, Any]:
    """An error event that all of the dialects know for one."""
    return {
        "type": "error",
        "error": {"type": "api_error", "message": said, "code": 500, "status": "INTERNAL"},
    }


def events(dialect: Dialect, said: str) -> bytes:
    """A stream that is an error, after a word where the dialect has it short."""
    start = b""
    if dialect is OPENAI_CHAT:
        start = b'data: {"choices":[{"index":0,"delta":{"content":"Well"}}]}\n\n'
    if dialect is GEMINI:
        start = b'data: {"candidates":[{"content":{"parts":[{"text":"Well"}]}}]}\n\n'
    told = error(said) if dialect is not GEMINI else {"error": error(said)["error"]}
    return start + b"event: error\ndata: " + json.dumps(told).encode() + b"\n\n"


def decoded(dialect: Dialect, data: bytes, step: int) -> tuple[bytes, list[Event]]:
    decoder = MaskedDecoder(dialect.decoder(DecoderOptions("family", "seed")), KNOWN)
    raw, found = b"", []
    for at in range(0, len(data), step):
        chunk = decoder.feed(data[at : at + step])
        raw, found = raw + chunk.raw, found + list(chunk.events)
    chunk = decoder.finish()
    return raw + chunk.raw, found + list(chunk.events)


def test_no_error_event_tells_the_key(subtests: pytest.Subtests) -> None:
    """Neither its bytes nor the failure that it becomes, however the reads cut it; a key by shape neither."""
    for step in [1, 7, 10_000]:
        for dialect in [ANTHROPIC, GEMINI, OPENAI_CHAT, OPENAI_RESPONSES]:
            with subtests.test(f"{step, dialect!r:.120}"):
                said = f"no: {KEY}, {KEY.replace('/', chr(92) + '/')}, sk-ant-api03-A1b2c3d4e5f6g7h8"
                raw, found = decoded(dialect, events(dialect, said), step)
                failed = found[-1]
                assert isinstance(failed, Failed)
                for told in (
                    raw.decode(),
                    failed.failure.message,
                    failed.failure.body.decode(),
                    failed.failure.reason,
                ):
                    assert "Qwerty" not in told
                    assert "A1b2c3" not in told
                assert "[masked]" in failed.failure.message
                assert failed.failure.body == b"" or json.loads(failed.failure.body)
                for line in raw.decode().splitlines():
                    assert not line.startswith("data: ") or json.loads(line.removeprefix("data: "))


def test_what_a_model_says_loses_the_key_and_nothing_else() -> None:
    """A model's own example of a key is its answer; the account's key is not."""
    said = f"example: sk-ant-api03-A1b2c3d4e5f6g7h8, yours: {KEY}"
    told = {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": said}}]}
    event = b"data: " + json.dumps(told).encode() + b"\n\n"
    raw, found = decoded(OPENAI_CHAT, event, 9)
    text = "".join(event.text for event in found if isinstance(event, TextDelta))
    assert text == "example: sk-ant-api03-A1b2c3d4e5f6g7h8, yours: [masked]"
    assert raw == event.replace(KEY.encode(), b"[masked]")


@pytest.mark.parametrize("said", ["x" * (LONGEST_TOLD_BYTES + 1), "%" * (MOST_ESCAPES + 1), "\xe9" * 9_000])
def test_an_error_event_of_absurd_length_is_told_by_one_of_ours(said: str) -> None:
    """Its message is cut and its bytes do not travel, so that nobody has to search megabytes for secrets.

    Nor one of nothing but escapes, behind each of which a letter of a secret might be.
    """
    data = events(OPENAI_CHAT, said)
    raw, found = decoded(OPENAI_CHAT, data, len(data))
    failed = found[-1]
    assert isinstance(failed, Failed)
    assert (failed.failure.body, failed.failure.from_upstream_event) == (b"", False)
    assert len(failed.failure.message) <= 2_000
    assert b"Well" in raw
    assert said[:4].encode() not in raw


def test_headers_and_failures_are_masked() -> None:
    """What names the request at upstream may repeat the key as well."""
    assert masked_headers([("X-Request-Id", f"req-{KEY}")], KNOWN) == {"x-request-id": "req-[masked]"}
    failure = Failure(Kind.STATUS, f"no {KEY}", reason=KEY, body=json.dumps({"error": KEY}).encode())
    masked = masked_failure(failure, KNOWN)
    assert (masked.message, masked.reason, masked.body) == (
        "no [masked]",
        "[masked]",
        b'{"error": "[masked]"}',
    )


def test_the_scheme_is_no_part_of_the_secret() -> None:
    """``Bearer`` stays readable, and a key header's value is all secret."""
    with_scheme = secrets_in({"authorization": f"Bearer {KEY}"})
    assert with_scheme.exact is exact_secrets((KEY,))
    assert secrets_in({"x-api-key": KEY}).exact is with_scheme.exact


@pytest.mark.parametrize(
    "said", ["glpat-", "API_KEY=", "password is ", "-----BEGIN PRIVATE KEY-----", "ya29."]
)
async def test_a_hostile_error_is_left_out_and_looked_at_beside_the_loop(said: str) -> None:
    """Of 60 KB that look like secrets few places are looked at, and in the thread for what is large."""
    body = json.dumps(
        {"type": "error", "error": {"type": "api_error", "message": said * (60_000 // len(said))}}
    )
    weights = []

    async def beside(size_bytes: int, work: Callable[[], Failure]) -> Failure:
        weights.append(size_bytes)
        return work()

    failure = await told_failure(beside, ANTHROPIC, 400, {}, body.encode(), KNOWN)
    assert weights[0] >= LARGE_BYTES
    assert failure.body == LEFT_OUT or len(failure.body) < 200, failure.body[:200]
    assert len(failure.message) <= 1_000


async def test_an_ordinary_error_is_looked_at_at_once() -> None:
    """No thread is asked for what is read within a millisecond, and all of its own words stay."""
    told = json.dumps(
        {"type": "error", "error": {"type": "api_error", "message": f"no {KEY}, please. " * 50}}
    )

    async def beside(size_bytes: int, work: Callable[[], Failure]) -> Failure:
        assert size_bytes < LARGE_BYTES
        return work()

    failure = await told_failure(beside, ANTHROPIC, 400, {}, told.encode(), KNOWN)
    assert json.loads(failure.body)["error"]["message"] == "no [masked], please. " * 50
