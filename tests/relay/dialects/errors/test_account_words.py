"""The words that are about the account and not about the request, whoever says them."""

import pytest

from relay.dialects.anthropic import ANTHROPIC
from relay.dialects.errors.account_words import is_about_money, is_about_the_account
from relay.dialects.gemini import GEMINI
from relay.dialects.openai import OPENAI_CHAT

MONEY = [
    "Your credit balance is too low to access the API.",
    "Please enable billing on this project.",
    "Your prepaid credits are used up.",
    "Insufficient credit",
    "You have reached your specified API usage limits.",
    "Your organization reached its monthly spending limit.",
]
KEY = ["API key not valid. Please pass a valid API key.", "This organization has been disabled."]
THE_REQUESTS = [
    'Invalid JSON payload received. Unknown name "billing" at tools[0]',
    "tools.3.custom.input_schema: the property 'credits' is twice there",
    "Invalid schema for function 'pay': in context=('properties', 'payment'), 'type' is missing",
    "messages.4.content: billing: Extra inputs are not permitted",
    "max_tokens: Field required",
    "messages.0: credit card numbers are fine",
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
