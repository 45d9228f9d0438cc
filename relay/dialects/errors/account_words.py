"""Which words of a refusal are about the account's money or key, not the request (docs/behaviour.md 4).

PURE. One list for all vendors: gateways and compatible servers pass each other's sentences on. The machine
words (codes, types) of OpenAI, Anthropic and Google stand in their ``errors``, those of others here: they
speak several dialects.
"""

from typing import Any, NamedTuple

from monitor.masking.linear import Phrases, compiled
from relay.dialects.reading.error_shapes import error_in, text_in, vendor_code_of
from relay.dialects.reading.passed_on_object import object_at


class EmptyPurse(NamedTuple):
    """How a vendor tells that an account has no money left: its machine words, and phrases of its sentences.

    The status says little: of these answers some are a 400, 402, 403, 412, 429 or 500.
    """

    vendor: str
    codes: frozenset[str] = frozenset()
    phrases: tuple[str, ...] = ()


EMPTY_PURSES = (
    EmptyPurse("DeepSeek", phrases=(r"\binsufficient balance\b",)),  # 402
    EmptyPurse(  # 403, 429
        "Moonshot", frozenset({"exceeded_current_quota_error"}), (r"suspended due to insufficient balance",)
    ),
    EmptyPurse("GLM", phrases=(r"insufficient balance or no resource package",)),  # 429; 1113 is in its table
    EmptyPurse(  # 200, 429, 500; 1008 is in its table
        "MiniMax", frozenset({"insufficient_balance_error"}), (r"insufficient balance \(1008\)",)
    ),
    EmptyPurse("OpenRouter", phrases=(r"\binsufficient credits\b", r"requires more credits")),  # 402
    EmptyPurse(  # 402, 403, 429
        "xAI",
        frozenset({"personal-team-blocked:spending-limit"}),
        (r"used all available credits or reached its monthly spending limit", r"run out of credits"),
    ),
    EmptyPurse("SiliconFlow", frozenset({"30001", "30011"}), (r"\bbalance is insufficient\b",)),  # 403
    EmptyPurse("Ark", frozenset({"AccountOverdueError"}), (r"account has an overdue balance",)),  # 403
    EmptyPurse("DashScope", frozenset({"Arrearage"}), (r"account is in good standing",)),  # 400
    EmptyPurse(
        "Fireworks", phrases=(r"suspended, possibly due to reaching the monthly spending limit",)
    ),  # 412
    EmptyPurse("New API", frozenset({"insufficient_user_quota"})),  # 403
    EmptyPurse("Sub2API", frozenset({"INSUFFICIENT_BALANCE"}), (r"\binsufficient account balance\b",)),  # 403
)
"""From the vendors' pages on errors (DeepSeek, MiniMax, OpenRouter, Ark, DashScope) and public reports of
what they answered. Anthropic tells a 400 with words of ``_MONEY``, Mistral a 402 and no word of its own."""

_MONEY = Phrases(
    r"\bbilling\b", r"\bcredit balance\b", r"\bcredits\b", r"\binsufficient credit\b", r"\bprepa(?:y|id)",
    r"\bpayment\b", r"\bspend(?:ing)? limit\b", r"\bAPI usage limits\b",
)  # fmt: skip
_NAMES = Phrases(r"\bmodels?\b", r"\B'")
_MARKS = ("`", '"', "“", "‘", "「", "«", "模型")
"""What a gateway's own words have where they name something that the client wrote."""
_PASSES_ON = compiled(rb"(?:Exception - |\bError code: [0-9]{3} - |\bbody: |\berror: )\z", captures=False)
"""How a gateway's own words end before an error that it passes on; others may quote the client's request."""
_LONGEST_ENDING = 40
_DEEPEST = 3
"""Gateways one behind another, each with its own words."""
_KEY = Phrases(
    # A gateway may tell Google's code alone; behind other words it is a name.
    r"\A\W*(?:(?:error|reason|code|status|[0-9]{3})\W+){0,3}api_key_invalid\b",
    r"api key (?:not valid|expired|not found)", r"pass a valid api key",
    r"organization has been disabled",
)  # fmt: skip
# An error that quotes the request's own names may say "billing" and mean a field of the client's tool.
_QUOTES_REQUEST = Phrases(
    r"invalid (?:json|value|schema|type)", r"unknown (?:name|parameter)", r"function.?declaration",
    r"extra inputs are not permitted", r"input_schema", r"tools[.\[][0-9]", r"messages[.\[][0-9]",
    r"unrecognized request argument", r"(?:invalid|unknown|unsupported) model",
    r"channels? (?:available )?for model", r"\bfield required\b",
    # What a value has to be, without a mark: "field billing must be a boolean".
    r"\b(?:be|expected)(?: either)?(?: an?)?(?: valid)? (?:boolean|string|number|integer|array|object|list|"
    r"dictionary|enum|null|unique|true|false|one of)\b",
)  # fmt: skip
_NO_CHANNEL = "无可用渠道"
"""New API's word for a model that none of its channels has; it names the model without marks."""
# A model that is named without marks, up to what is said of it. A key that is not found is no model.
_LOST_KEY = compiled(rb"(?i)\bapi key not found\b", captures=False)
_REFUSED_MODEL = compiled(
    rb"(?is)\bmodel\b.*(?:not found|not exist|not supported|not available)", captures=False
)
# From the first mark of a kind to the last, for what is quoted may hold the mark itself; to the end where a
# cut took the last. An apostrophe within a word is none.
_QUOTED = tuple(
    compiled(b"(?s)" + opening + b"(?:.*" + closing + b"|.*)", captures=False)
    for opening, closing in (
        (b"`", b"`"),
        (b'"', b'"'),
        (rb"\B'", rb"'\B"),
        *((pair[0].encode(), pair[1].encode()) for pair in ("“”", "‘’", "「」", "«»")),
    )
)
_EMPTY = Phrases(*(phrase for purse in EMPTY_PURSES for phrase in purse.phrases))
_EMPTY_CODES = frozenset().union(*(purse.codes for purse in EMPTY_PURSES))
_IN_CHINESE = ("余额不足", "账户欠费", "账号欠费", "额度不足")


def has_no_money(status: int | None, error: Any, message: str) -> bool:
    """Does an ``error`` of any status say in a vendor's own words that the account's money is used up?

    A rate that passes by waiting has other words. Of a 404 the codes alone count: its sentence names the
    model as the client wrote it.
    """
    within, words = _innermost(message)
    if any(map(_has_empty_code, (error, *within))):
        return True
    if status == 404:
        return False
    said = _own_words(words)
    return _EMPTY.are_in(said) or any(words in said for words in _IN_CHINESE)


def is_about_money(message: str) -> bool:
    """Does the account lack money or credit?"""
    return _MONEY.are_in(_own_words(message))


def is_about_the_account(message: str) -> bool:
    """Is it the account that has no money, or whose key or organization is refused?"""
    return is_about_money(message) or _KEY.are_in(_own_words(message, beside_a_model=True))


def _has_empty_code(error: Any) -> bool:
    if not isinstance(error, dict):
        return False
    words = (error.get(name) for name in ("code", "type", "status"))
    if any(str(word) in _EMPTY_CODES for word in words if isinstance(word, str | int)):
        return True
    code = vendor_code_of(error)
    return code is not None and code.is_empty_purse


def _own_words(message: str, *, beside_a_model: bool = False) -> str:
    """What upstream says itself: without what it quotes, and nothing where it quotes without marks.

    Else a client could name a model or a field so that every account is taken for one without money. What
    is said ``beside_a_model`` that is refused counts on demand: the plan that lacks it is no empty purse.
    """
    _, message = _innermost(message)
    if _QUOTES_REQUEST.are_in(message) or _NO_CHANNEL in message:
        return ""
    text = message.encode("utf-8", "surrogatepass")
    if beside_a_model:
        text = _LOST_KEY.sub(b"api key not valid", text)
    if (refused := _REFUSED_MODEL.search(text)) is not None:
        if not beside_a_model:
            return ""
        text = text[: refused.start()] + b" " + text[refused.end() :]
    for quoted in _QUOTED:
        found = quoted.search(text)
        text = text if found is None else text[: found.start()] + b" " + text[found.end() :]
    return text.decode("utf-8", "surrogatepass")


def _innermost(message: str) -> tuple[list[Any], str]:
    """The errors that gateways pass on whole, and what the last one says: ``message`` without one."""
    errors: list[Any] = []
    while len(errors) < _DEEPEST and (error := _passed_on(message)) is not None:
        errors.append(error)
        message = text_in(error)
    return errors, message


def _passed_on(message: str) -> Any:
    """The error that a gateway tells whole behind words of its own; None without one.

    Behind any other words, and where these name a model or quote, the object may be what the client wrote.
    """
    at = message.find("{")
    if at < 0:
        return None
    at -= 2 * message[:at].endswith(("b'", 'b"'))
    before = message[:at]
    ending = before[-_LONGEST_ENDING:].encode("utf-8", "surrogatepass")
    if before.strip() and _PASSES_ON.search(ending) is None:
        return None
    behind = message[message.rfind("}") + 1 :][:2]
    if not before.strip() and behind[:1] == " " and behind[1:].isalpha():  # as "{…} is not of type 'string'"
        return None
    if any(mark in before for mark in _MARKS) or _NAMES.are_in(before) or _QUOTES_REQUEST.are_in(before):
        return None
    told = object_at(message[at:])
    error = error_in(told) if told else None
    return error if error is not None and text_in(error) else None
