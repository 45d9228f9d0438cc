"""Which words of a refusal are about the account's money or key, not the request (docs/behaviour.md 4).

PURE. One list for all vendors: gateways and compatible servers pass each other's sentences on. Machine words
(codes, types) are each vendor's own and stand in its ``errors``.
"""

from monitor.masking.linear import Phrases

_MONEY = Phrases(
    r"\bbilling\b", r"\bcredit balance\b", r"\bcredits\b", r"\binsufficient credit\b", r"\bprepa(?:y|id)",
    r"\bpayment\b", r"\bspend(?:ing)? limit\b", r"\bAPI usage limits\b",
)  # fmt: skip
_KEY = Phrases(
    r"api_key_invalid", r"api key (?:not valid|expired|not found)", r"pass a valid api key",
    r"organization has been disabled",
)  # fmt: skip
# A 400 that quotes the request's own names may say "billing" and mean a field of the client's tool.
_QUOTES_REQUEST = Phrases(
    r"invalid (?:json|value|schema|type)", r"unknown (?:name|parameter)", r"function.?declaration",
    r"extra inputs are not permitted", r"input_schema", r"tools[.\[][0-9]", r"messages[.\[][0-9]",
)  # fmt: skip


def is_about_money(message: str) -> bool:
    """Does the account lack money or credit?"""
    return _MONEY.are_in(message) and not _QUOTES_REQUEST.are_in(message)


def is_about_the_account(message: str) -> bool:
    """Is it the account that has no money, or whose key or organization is refused?"""
    return _KEY.are_in(message) or is_about_money(message)
