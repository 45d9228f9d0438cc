"""A request that is larger than the model is known by what each vendor says of it, and by nothing else."""

import json

import pytest

from monitor.record.failures.failure_kinds import ACCOUNT, OUTPUT_LIMIT, TOO_LONG_CONTEXT
from relay.dialects.registry import DIALECTS
from relay.dialects.token_limits.told_limits import _TABLE as TABLE
from relay.dialects.token_limits.told_limits import ROWS, told_limit
from relay.neutral.token_limit import TokenLimit

OTHERS = (
    (
        "Request too large for model `llama` on tokens per minute (TPM): Limit 6000, Requested 7013,"
        " please reduce"
        " your message size and try again."
    ),
    "tools.0.custom.input_schema: JSON schema is invalid",
    "messages: at least one message is required",
    "This model is limited to 20 messages a day",
    "Request exceeds the maximum size",
    "The maximum number of images is 20",
    "max_tokens: Field required",
    (
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens'"
        " instead."
    ),
    "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16, but got 4 instead.",
    "Expected a string with maximum length 1048576, but got a string with length 2000000 instead.",
)
"""What is no such error."""


def test_each_sentence_is_read() -> None:
    """By the row that it stands at, with the numbers that were told, and none where none were."""
    wrong = {}
    for place, row in enumerate(TABLE["row"]):
        assert row["said"], row["vendor"]
        assert row["source"].startswith("https://")
        for said in row["said"]:
            reached = next(
                number for number, one in enumerate(ROWS) if one.pattern.search(said["text"].encode())
            )
            numbers = (said.get(name) for name in ("input", "output", "maximum"))
            read = (reached, told_limit(said["text"]))
            if read != (place, TokenLimit(row["about"], *numbers)):
                wrong[said["text"]] = read
    assert wrong == {}


def test_no_other_error_is_one() -> None:
    """A rate, a size in bytes, a schema, a parameter: their own errors."""
    assert [message for message in OTHERS if told_limit(message) is not None] == []


@pytest.mark.parametrize(
    ("error", "limit"),
    [
        ({"code": "context_length_exceeded", "message": "No."}, TokenLimit("input")),
        ({"code": 1261, "message": "参数有误"}, TokenLimit("input")),
        (
            {
                "type": "exceed_context_size_error",
                "n_prompt_tokens": 5000,
                "n_ctx": 4096,
                "message": "too much",
            },
            TokenLimit("input", 5000, None, 4096),
        ),
        ({"code": "context_length_exceeded", "n_ctx": -1}, TokenLimit("input")),
        ({"code": {}, "type": ["x"]}, None),
    ],
)
def test_a_machine_word_is_enough(error: object, limit: TokenLimit | None) -> None:
    """Codes say it too, with llama.cpp's numbers beside them; impossible numbers are none."""
    assert told_limit(str(error.get("message", "")) if isinstance(error, dict) else "", error) == limit


def test_every_dialect_marks_it() -> None:
    """In a status and in a document inside a 200, in each dialect: it is the request's fault."""
    message = "prompt is too long: 208310 tokens > 200000 maximum"
    for dialect in DIALECTS:
        body = json.dumps({"error": {"message": message}}).encode()
        for status in (400, 413, 422, 500):
            failure = dialect.classify(status, {}, body)
            assert (failure.recorded_as, failure.status) == (TOO_LONG_CONTEXT, status), dialect.name
            assert failure.limit == TokenLimit("input", 208310, None, 200000)
        for status in (401, 403, 404, 429, 503):
            assert dialect.classify(status, {}, body).limit is None


def test_what_is_about_the_account_stays_so() -> None:
    """A sentence about money names no limit of the model; one about max_tokens has a word of its own."""
    dialect = DIALECTS[0]
    broke = {"error": {"message": "Your credit balance is too low: prompt is too long for free accounts"}}
    assert dialect.classify(400, {}, json.dumps(broke).encode()).recorded_as == ACCOUNT
    wanted = {"error": {"message": "max_tokens: 9 > 8, which is the maximum allowed number of output tokens"}}
    assert dialect.classify(400, {}, json.dumps(wanted).encode()).recorded_as == OUTPUT_LIMIT


def test_a_long_text_is_looked_at_in_part() -> None:
    """However long the text, only its beginning is read."""
    assert told_limit("x" * 3_000_000 + "prompt is too long") is None
