"""The words on which each vendor's agents act, with the numbers that were told and no others."""

import json
import re

import pytest

from relay.dialects.interface import Dialect, ErrorAnswer
from relay.dialects.registry import DIALECTS
from relay.neutral.token_limit import TokenLimit

NUMBERS = TokenLimit("input", 208310, None, 200000)
BARE = TokenLimit("input")
SUM = TokenLimit("both", 187254, 20000, 204798)
OVER_ALREADY = TokenLimit("both", 300000, 20000, 204798)
WANTED = TokenLimit("output", None, 64000, 32000)
WANTED_MOST = TokenLimit("output", None, None, 8192)
WANTED_BARE = TokenLimit("output")


def said(dialect: Dialect, limit: TokenLimit, upstream: str = "") -> dict[str, object]:
    """The error object for a client of ``dialect``."""
    told = json.loads(dialect.error_body(ErrorAnswer(400, upstream, "req_1", limit=limit)))
    error: dict[str, object] = told["error"]
    return error


def named(name: str) -> Dialect:
    return next(dialect for dialect in DIALECTS if dialect.name == name)


ANTHROPIC = [
    (NUMBERS, "prompt is too long: 208310 tokens > 200000 maximum"),
    (BARE, "prompt is too long"),
    (TokenLimit("input", None, None, 9), "prompt is too long"),
    (
        SUM,
        (
            "input length and `max_tokens` exceed context limit: 187254 + 20000 > 204798, decrease input"
            " length or"
            " `max_tokens` and try again"
        ),
    ),
    (OVER_ALREADY, "prompt is too long: 300000 tokens > 204798 maximum"),
    (WANTED, "max_tokens: 64000 > 32000, which is the maximum allowed number of output tokens"),
    (WANTED_MOST, "max_tokens: the value is more than the maximum allowed number of output tokens (8192)"),
    (WANTED_BARE, "max_tokens: the value is more than the maximum allowed number of output tokens"),
]
OPENAI = [
    (
        NUMBERS,
        "context_length_exceeded",
        (
            "This model's maximum context length is 200000 tokens. However, your messages resulted in"
            " 208310 tokens."
            " Please reduce the length of the messages."
        ),
    ),
    (
        BARE,
        "context_length_exceeded",
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
    ),
    (
        SUM,
        "context_length_exceeded",
        (
            "This model's maximum context length is 204798 tokens. However, you requested 207254 tokens"
            " (187254 in the"
            " messages, 20000 in the completion). Please reduce the length of the messages or completion."
        ),
    ),
    (
        WANTED,
        "invalid_value",
        (
            "max_tokens is too large: 64000. This model supports at most 32000 completion tokens, whereas"
            " you provided"
            " 64000."
        ),
    ),
    (
        WANTED_MOST,
        "invalid_value",
        "max_tokens is too large. This model supports at most 8192 completion tokens.",
    ),
    (WANTED_BARE, "invalid_value", "max_tokens is too large. This model supports fewer completion tokens."),
]
GEMINI = [
    (NUMBERS, "The input token count (208310) exceeds the maximum number of tokens allowed (200000)."),
    (BARE, "The input token count exceeds the maximum number of tokens allowed."),
    (
        SUM,
        (
            "The input token count (187254) with 20000 output tokens exceeds the maximum number of tokens"
            " allowed"
            " (204798)."
        ),
    ),
    (
        WANTED,
        (
            "Unable to submit request because it has a maxOutputTokens value of 64000 but the supported"
            " range is from 1"
            " (inclusive) to 32001 (exclusive). Update the value and try again."
        ),
    ),
    (
        WANTED_BARE,
        (
            "Unable to submit request because it has a maxOutputTokens but the supported range is lower."
            " Update the"
            " value and try again."
        ),
    ),
]


@pytest.mark.parametrize(("limit", "sentence"), ANTHROPIC)
def test_an_anthropic_client_hears_anthropics(limit: TokenLimit, sentence: str) -> None:
    """Claude Code compacts at the one, and asks for fewer tokens at the other."""
    assert said(named("anthropic"), limit) == {"type": "invalid_request_error", "message": sentence}


@pytest.mark.parametrize(("limit", "code", "sentence"), OPENAI)
def test_an_openai_client_hears_openais(limit: TokenLimit, code: str, sentence: str) -> None:
    """Both of OpenAI's dialects: agents look for the code, people and other proxies for the sentence."""
    for name in ("openai_chat", "openai_responses"):
        error = said(named(name), limit)
        assert (error["code"], error["type"], error["message"]) == (code, "invalid_request_error", sentence)


@pytest.mark.parametrize(("limit", "sentence"), GEMINI)
def test_a_gemini_client_hears_googles(limit: TokenLimit, sentence: str) -> None:
    """With Google's status word, as for every bad argument."""
    error = said(named("gemini"), limit)
    assert (error["code"], error["status"], error["message"]) == (400, "INVALID_ARGUMENT", sentence)


def test_upstreams_words_stand_behind_a_sentence_without_numbers() -> None:
    """Nothing that was told is lost, and nothing is said twice."""
    told = "This model's maximum context length is 128000 tokens."
    for name, sentence in (
        ("anthropic", "prompt is too long"),
        ("openai_chat", OPENAI[1][2]),
        ("gemini", "The input token count exceeds the maximum number of tokens allowed (128000)."),
    ):
        limit = TokenLimit("input", None, None, 128000)
        assert said(named(name), limit, told)["message"] == f"{sentence} ({told})"
        assert said(named(name), NUMBERS, told) == said(named(name), NUMBERS)
    assert said(named("anthropic"), BARE, "Prompt is too long")["message"] == "prompt is too long"


def test_upstreams_own_body_is_left_alone() -> None:
    """Where upstream spoke the client's dialect, its words stand, whatever is known of them."""
    body = b'{"error":{"message":"Prompt 9 of 8","type":"invalid_request_error","code":400,"status":"X"}}'
    for dialect in DIALECTS:
        answer = ErrorAnswer(400, "Prompt 9 of 8", "r", upstream_body=body, limit=NUMBERS)
        assert b"Prompt 9 of 8" in dialect.error_body(answer)


def test_no_number_is_made_up() -> None:
    """What upstream did not count is not counted here: an agent would plan by it."""
    for dialect in DIALECTS:
        for limit in (BARE, WANTED_BARE):
            assert re.search(r"[2-9]\d", str(said(dialect, limit)["message"])) is None
