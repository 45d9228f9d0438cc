"""Which words of a refusal are about the account's money or key, and not about the request (behaviour 4).

PURE. One list for all vendors: gateways and compatible servers pass each other's sentences on. Machine words
(codes, types) are each vendor's own and stand in its ``errors``.
"""

import re

_MONEY = re.compile(
    r"\bbilling\b|\bcredit balance\b|\bcredits\b|\binsufficient credit\b|\bprepa(?:y|id)|\bpayment\b"
    r"|\bspend(?:ing)? limit\b|\bAPI usage limits\b",
    re.IGNORECASE,
)
_KEY = re.compile(
    r"api_key_invalid|api key (?:not valid|expired|not found)|pass a valid api key"
    r"|organization has been disabled",
    re.IGNORECASE,
)
# A 400 that quotes the request's own names may say "billing" and mean a field of the client's tool.
_QUOTES_REQUEST = re.compile(
    r"invalid (?:json|value|schema|type)|unknown (?:name|parameter)|function.?declaration"
    r"|extra inputs are not permitted|input_schema|tools[.\[]\d|messages[.\[]\d",
    re.IGNORECASE,
)


def is_about_money(message: str) -> bool:
    """Does the account lack money or credit?"""
    return _MONEY.search(message) is not None and not _QUOTES_REQUEST.search(message)


def is_about_the_account(message: str) -> bool:
    """Is it the account that has no money, or whose key or organization is refused?"""
    return _KEY.search(message) is not None or is_about_money(message)
