"""Does an error say that the request is larger than the model, and which numbers does it tell?  PURE.

What vendors say is data: ``vendor_words.toml``. Linear in the message, of which a bounded part is looked at;
each pattern is RE2's.
"""

import tomllib
from importlib.resources import files
from typing import Any, NamedTuple

import msgspec

from monitor.masking.linear import compiled
from relay.neutral.failures import Failure, Kind
from relay.neutral.token_limit import About, TokenLimit

STATUSES = frozenset({None, 400, 413, 422, 500})
"""With these it is said; small servers say 500, and an error event often has none."""

_LONGEST = 2000
_MOST_TOKENS = 10**9
_NUMBER = "[0-9][0-9,]{0,15}"


class LimitSentence(NamedTuple):
    """One way to say it: who, what is over the limit, and the pattern."""

    vendor: str
    about: About
    pattern: Any


def _row(told: dict[str, Any]) -> LimitSentence:
    words: str = told["words"].replace("{number}", _NUMBER)
    for name in ("input", "output", "maximum", "total", "beyond"):
        words = words.replace(f"{{{name}}}", f"(?P<{name}>{_NUMBER})", 1)
    return LimitSentence(told["vendor"], told["about"], compiled(b"(?is)" + words.encode()))


_TABLE = tomllib.loads(files(__package__).joinpath("vendor_words.toml").read_text("utf-8"))
ROWS: tuple[LimitSentence, ...] = tuple(_row(told) for told in _TABLE["row"])
"""The first that fits is taken."""


def told_limit(message: str, error: Any = None) -> TokenLimit | None:
    """The limit that an error is about; None for any other error. ``error`` is the error as JSON has it."""
    about, numbers = _said(message)
    fields = error if isinstance(error, dict) else {}
    if about is None:
        told = (str(fields[key]) for key in ("code", "type") if isinstance(fields.get(key), str | int))
        about = next((_TABLE["codes"][code] for code in told if code in _TABLE["codes"]), None)
    if about is None:
        return None
    for name, number in _TABLE["fields"].items():
        if type(fields.get(name)) is int:
            numbers.setdefault(number, fields[name])
    if "beyond" in numbers:
        numbers["maximum"] = numbers["beyond"] - 1
    if "total" in numbers:
        numbers["input"] = numbers["total"] - numbers.get("output", 0)
    return TokenLimit(about, *(_known(numbers.get(name)) for name in ("input", "output", "maximum")))


def with_limit(failure: Failure, error: Any) -> Failure:
    """The failure, marked where it says that the request is larger than the model.

    An error inside a 200 that names no status, or a server's own trouble, is a refused request then.
    """
    is_else = failure.account_fault or failure.is_signature or failure.names_missing_thing
    if failure.status not in STATUSES or is_else or failure.refused_parameter:
        return failure
    limit = told_limit(failure.message, error)
    if limit is None:
        return failure
    is_untold = failure.kind is Kind.ERROR_EVENT and failure.status in (None, 500)
    return msgspec.structs.replace(failure, limit=limit, status=400 if is_untold else failure.status)


def _said(message: str) -> tuple[About | None, dict[str, int]]:
    data = message[:_LONGEST].encode("utf-8", "surrogatepass")
    for row in ROWS:
        match = row.pattern.search(data)
        if match is not None:
            told: dict[bytes, bytes | None] = match.groupdict()
            return row.about, {
                name.decode(): int(text.replace(b",", b"")) for name, text in told.items() if text
            }
    return None, {}


def _known(number: int | None) -> int | None:
    return number if number is not None and 0 <= number <= _MOST_TOKENS else None
