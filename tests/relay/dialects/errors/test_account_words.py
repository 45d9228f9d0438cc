"""The words that are about the account and not about the request, whoever says them."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.errors.account_words import (
    EMPTY_PURSES,
    has_no_money,
    is_about_money,
    is_about_the_account,
)
from relay.dialects.gemini import GEMINI
from relay.dialects.openai import OPENAI_CHAT

MONEY = [
    "Your credit balance is too low to access the API.",
    "Please enable billing on this project.",
    "Your prepaid credits are used up.",
    "Insufficient credit",
    "Your credit balance must be greater than 0 to use the API.",
    "You have reached your specified API usage limits.",
    "Your organization reached its monthly spending limit.",
]
KEY = [
    "API key not valid. Please pass a valid API key.",
    "API_KEY_INVALID",
    "This organization has been disabled.",
]
THE_REQUESTS = [
    'Invalid JSON payload received. Unknown name "billing" at tools[0]',
    "tools.3.custom.input_schema: the property 'credits' is twice there",
    "Invalid schema for function 'pay': in context=('properties', 'payment'), 'type' is missing",
    "messages.4.content: billing: Extra inputs are not permitted",
    "max_tokens: Field required",
    "messages.0: credit card numbers are fine",
    "tool description: field api_key_invalid must be a boolean",
    "tool description: field billing must be a boolean",
    "metadata.payment should be one of card, cash",
    "parameter credits: expected an integer",
    "There is no fault auth; there are api_key_invalid, overloaded",
]


@pytest.mark.parametrize("message", MONEY + KEY)
def test_the_accounts_trouble(message: str) -> None:
    """Money and keys are the account's; only the first is money."""
    assert is_about_the_account(message)
    assert is_about_money(message) is (message in MONEY)


@pytest.mark.parametrize("message", THE_REQUESTS)
def test_what_quotes_the_request_is_about_the_request(message: str) -> None:
    """A client's own tool may be about billing: no account is blamed for that."""
    assert not is_about_the_account(message)


def test_every_dialect_reads_the_same_words(subtests: pytest.Subtests) -> None:
    """Gateways pass each other's sentences on, so a 400 is judged alike in every dialect."""
    for message in MONEY + KEY + THE_REQUESTS:
        with subtests.test(f"{message!r:.120}"):
            body = b'{"error": {"message": "%s"}}' % message.replace('"', "'").encode()
            blamed = {d.classify(400, {}, body).account_fault for d in (ANTHROPIC, GEMINI, OPENAI_CHAT)}
            assert blamed == {message not in THE_REQUESTS}


def _as_bytes(told: Any) -> str:
    return repr(msgspec.json.encode(told))


EMPTY = [
    (
        "Anthropic",
        400,
        {"type": "invalid_request_error", "message": "Your credit balance is too low to access"},
    ),
    ("Mistral", 402, {"message": "Payment required"}),
    ("DeepSeek", 402, {"message": "Insufficient Balance", "code": "invalid_request_error"}),
    ("Moonshot", 429, {"message": "Check your plan.", "type": "exceeded_current_quota_error"}),
    ("Moonshot", 403, {"message": "Your account is suspended due to insufficient balance, please recharge"}),
    ("GLM", 429, {"code": "1113", "message": "Recharge."}),
    ("GLM", 429, {"code": "1113", "message": "余额不足或无可用资源包,请充值。"}),
    ("GLM", 429, {"message": "Insufficient balance or no resource package. Please recharge."}),
    ("MiniMax", 500, {"type": "api_error", "message": "insufficient balance (1008)"}),
    ("MiniMax", 429, {"type": "insufficient_balance_error", "message": "no", "http_code": "429"}),
    ("OpenRouter", 402, {"code": 402, "message": "Insufficient credits. Add more using https://x"}),
    ("OpenRouter", 402, {"code": 402, "message": "This request requires more credits, or fewer max_tokens."}),
    (
        "xAI",
        403,
        {"message": "Your team has either used all available credits or reached its monthly spending limit."},
    ),
    ("xAI", 402, {"code": "personal-team-blocked:spending-limit", "message": "You have run out of credits"}),
    ("SiliconFlow", 403, {"code": 30011, "message": "Your paid balance is insufficient. Please top up"}),
    ("SiliconFlow", 403, {"code": 30001, "message": "Sorry"}),
    (
        "Ark",
        403,
        {
            "code": "AccountOverdueError",
            "type": "Forbidden",
            "message": "The request failed because your account has an overdue balance.",
        },
    ),
    (
        "DashScope",
        400,
        {
            "code": "Arrearage",
            "message": "Access denied, please make sure your account is in good standing.",
        },
    ),
    (
        "Fireworks",
        412,
        {
            "code": "PRECONDITION_FAILED",
            "message": "Account a is suspended, possibly due to reaching the monthly spending limit or",
        },
    ),
    ("New API", 403, {"code": "insufficient_user_quota", "type": "new_api_error", "message": "no"}),
    ("Sub2API", 403, {"code": "INSUFFICIENT_BALANCE", "message": "Insufficient account balance"}),
]
"""As the vendors answer, by status and error; shortened."""

LIMITED = [
    (429, {"message": "You exceeded your current quota, please check your plan and billing details."}),
    (429, {"code": "1302", "message": "Rate limit reached"}),
    (429, {"message": "Too many requests. Buy credits for higher limits.", "type": "rate_limit_error"}),
    (403, {"message": "You do not have access to the requested resource."}),
    (500, {"message": "messages[3]: insufficient balance"}),
    (400, {"message": "Invalid schema for function 'pay': 'insufficient balance' is no type"}),
]
"""What passes by waiting, or is about the request."""


def test_an_empty_purse_in_each_vendors_words() -> None:
    """It is the account's trouble whatever the status, in every dialect and shape, and nothing else is."""
    by_status = {"Anthropic", "Mistral"}
    assert {vendor for vendor, _, _ in EMPTY} == {purse.vendor for purse in EMPTY_PURSES} | by_status
    for dialect in (ANTHROPIC, GEMINI, OPENAI_CHAT):
        for vendor, status, error in EMPTY:
            for body in ({"error": error}, error):
                failure = dialect.classify(status, {}, msgspec.json.encode(body))
                assert (failure.status, failure.account_fault) == (status, True), (vendor, body)
        for status, error in LIMITED:
            failure = dialect.classify(status, {}, msgspec.json.encode({"error": error}))
            assert not failure.account_fault, error


BAIT = (
    "insufficient balance",
    "Insufficient credits",
    "余额不足",
    "billing",
    "api_key_invalid",
    "x` 余额不足 `y",
)
"""What a client may name a model or a field, to have accounts taken for ones without money or a key."""
QUOTING = [
    (404, "The model `{}` does not exist or you do not have access to it."),
    (404, "model: {}"),
    (404, "models/{} is not found for API version v1beta, or is not supported for generateContent."),
    (404, "Publisher Model {} was not found."),
    (400, "Unrecognized request argument supplied: {}"),
    (400, "/chat/completions: Invalid model name passed in model={}. Call `/v1/models`."),
    (400, "The requested model '{}' is not offered."),
    (400, 'Value "{}" is none of the field\'s.'),
    (400, "No model “{}” here"),
    (400, "Model {} is not supported"),
    (403, "Project p does not have access to model `{}`"),
    (503, "No available channel for model {} under group default (distributor)"),
    (503, "当前分组 default 下对于模型 {} 无可用渠道"),
    (500, "no such thing: `{}"),
]
"""How upstreams repeat it, by status; the last is a sentence that was cut off."""


def test_what_a_client_named_itself_is_no_word_about_the_account() -> None:
    """One request for a model of such a name marked every account of the pool, one after the other."""
    for dialect in (ANTHROPIC, GEMINI, OPENAI_CHAT):
        for status, sentence in QUOTING:
            for named in BAIT:
                message = sentence.format(named)
                failure = dialect.classify(status, {}, msgspec.json.encode({"error": {"message": message}}))
                assert not failure.account_fault, (dialect, status, message)


def test_a_letter_of_several_bytes_before_a_mark_is_whole() -> None:
    """Only the quotation is cut: what stands before it still counts, as does half of a character."""
    for letter in ("\x80", "é", "東", "\U0001f600", "\ud83d"):
        for marked in (f"insufficient balance {letter}'x'", f"insufficient balance '{letter}'", f"{letter}'"):
            assert has_no_money(400, None, marked) is ("balance" in marked)
    assert has_no_money(403, None, "余额不足'gpt-4'")


BEFORE = (
    "litellm.BadRequestError: AnthropicException - ",
    "Error code: 400 - ",
    "bad response status code 402, body: ",
    "Upstream's error: ",
    "",
)
"""What gateways, and the vendors' own SDKs, say before the error that they pass on."""
BEHIND = ("", ". Received Group=credit balance\nAvailable Fallbacks=None", "\nNo fallback: model x not found")


@pytest.mark.parametrize("write", [lambda told: msgspec.json.encode(told).decode(), repr, _as_bytes])
@pytest.mark.parametrize("before", BEFORE)
def test_an_error_that_a_gateway_passes_on_whole_is_judged_by_its_own_sentence(
    before: str, write: Callable[[Any], str]
) -> None:
    """Its marks are JSON's or Python's, and quote nobody; what it quotes is no word about the account.

    What the gateway says behind it is none either.
    """
    for sentence, is_ours in (
        ("Your credit balance is too low to access the API.", True),
        ('You haven\'t paid: your credit balance is "too low".', True),
        ("No `credit balance` is known here", False),
        ("The model credit balance is not found", False),
    ):
        told = {
            "type": "error",
            "error": {"type": "invalid_request_error", "message": sentence, "code": None},
        }
        for behind in BEHIND:
            body = {"error": {"message": before + write(told) + behind}}
            for dialect in (ANTHROPIC, OPENAI_CHAT):
                failure = dialect.classify(400, {}, msgspec.json.encode(body))
                assert failure.account_fault is is_ours, body


def test_the_code_of_an_error_that_a_gateway_passes_on_counts() -> None:
    """Whatever its sentence says, and through several gateways."""
    told: Any = {"error": {"code": "Arrearage", "message": "Access denied"}}
    for before in BEFORE[:3]:
        told = {"error": {"message": before + repr(told)}}
        failure = OPENAI_CHAT.classify(403, {}, msgspec.json.encode(told))
        assert failure.account_fault


def test_an_object_that_a_client_named_is_no_error_that_was_passed_on() -> None:
    """Where the sentence names a model or quotes, the object in it may be the client's."""
    for bait in ("insufficient balance", "api_key_invalid"):
        told = {"error": {"code": "Arrearage", "message": bait}}
        for named in (repr(told), msgspec.json.encode(told).decode()):
            for status, sentence in QUOTING:
                body = msgspec.json.encode({"error": {"message": sentence.format(named)}})
                for dialect in (ANTHROPIC, GEMINI, OPENAI_CHAT):
                    assert not dialect.classify(status, {}, body).account_fault, (sentence, named)


def test_an_object_behind_words_that_pass_nothing_on_is_the_clients() -> None:
    """A server that checks types shows the value that it refuses: no field of a request blames an account."""
    pydantic = "1 validation error for ChatCompletionRequest\nmetadata\n  Input should be a valid string "
    for before in (
        pydantic + "[type=string_type, input_value=",
        "Failed to parse tool arguments: ",
        "Extra data: ",
        "Invalid tool_choice: ",
        "json: cannot unmarshal object into Go value: ",
        "OpenAIException - Input tag: ",
        "The body: of Error code: 400 - is ",
    ):
        for bait in ("Insufficient Balance", "api key not valid"):
            told = {"error": {"code": "Arrearage", "message": bait}}
            for named in (repr(told), msgspec.json.encode(told).decode()):
                body = msgspec.json.encode({"error": {"message": f"{before}{named}, input_type=dict]"}})
                for dialect in (ANTHROPIC, GEMINI, OPENAI_CHAT):
                    assert not dialect.classify(400, {}, body).account_fault, (before, named)


def test_an_object_of_which_a_sentence_speaks_is_the_clients() -> None:
    """A check of a schema begins with the value that it refuses."""
    told = {"error": {"code": "Arrearage", "message": "Insufficient Balance"}}
    for behind in ("is not of type 'string'", "is not valid under any of the given schemas"):
        body = msgspec.json.encode({"error": {"message": f"{told!r} {behind}"}})
        for dialect in (ANTHROPIC, GEMINI, OPENAI_CHAT):
            assert not dialect.classify(400, {}, body).account_fault, behind


def test_a_refused_key_counts_beside_a_model_that_is_not_available() -> None:
    """Only what stands between the model and what is said of it may be the client's."""
    for message, is_ours in (
        ("Your API key expired. The model x is not available.", True),
        ("The model x is not available to you: API key not valid.", True),
        ("No answer from model gpt-5. API key not found. Please pass a valid API key.", True),
        ("Error calling model gpt-5: API key not found", True),
        ("The model API key not found is not supported", False),
        ("The model is not available without credits", False),
    ):
        assert is_about_the_account(message) is is_ours, message
        assert not is_about_money(message)


def test_a_vendors_words_beside_a_quoted_name_still_count() -> None:
    """Only what stands in the marks is the client's; an apostrophe is no mark; a code counts in a 404 too."""
    for status, error in (
        (403, {"message": "Model `m`: insufficient balance"}),
        (403, {"message": "You can't do that: insufficient balance; it isn't paid"}),
        (429, {"message": "Account 'a': 余额不足"}),
        (404, {"message": "`m` is not there", "code": "Arrearage"}),
    ):
        for dialect in (ANTHROPIC, GEMINI, OPENAI_CHAT):
            failure = dialect.classify(status, {}, msgspec.json.encode({"error": error}))
            assert failure.account_fault, (dialect, error)
