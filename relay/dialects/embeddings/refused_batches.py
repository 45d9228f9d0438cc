"""What servers refuse of an embedding request's form, by their own words: texts at once, base64. PURE.

Each row names who says so. What is taken back has a name, which is remembered for the account and model.
"""

from typing import Any, NamedTuple

from monitor.masking.linear import compiled
from relay.dialects.errors.refused_parameters import STATUSES as _FORM_STATUSES
from relay.neutral.conversation import Json

STATUSES = _FORM_STATUSES | {413}
"""With these it is said; 413 is TEI's and SiliconFlow's."""

ENCODING = "encoding_format"
"""The field itself: a server that does not know it tells floats."""
NOT_FLOAT = "encoding_format other than float"
_NUMBER = r"([0-9]{1,5})\b"
_LONGEST = 2000


class BatchSentence(NamedTuple):
    """One way to say how many texts a request may hold: who says it, and the pattern."""

    vendor: str
    pattern: Any


def _row(vendor: str, words: str) -> BatchSentence:
    return BatchSentence(vendor, compiled(b"(?is)" + words.replace("{most}", _NUMBER).encode()))


ROWS = (
    _row("DashScope", r"batch size is invalid, it should not be larger than {most}"),
    _row("TEI, SiliconFlow", r"batch size [0-9]+ > maximum allowed batch size {most}"),
    _row("OpenAI", r"array too long\. expected an array with maximum length {most}"),
    _row("Gemini", r"at most {most} requests can be in one batch"),
    _row("Voyage", r"batch size limit is {most}"),
    _row("Cohere", r"number of texts must be at most {most}"),
    _row("Azure before 2023", r"max(?:imum)? number of inputs is {most}"),
    _row("Zhipu", "数组最大不得超过{most}条"),
)
"""The first that fits is taken."""

_ENCODING = compiled(b"(?i)encoding_format", captures=False)
_UNKNOWN = compiled(rb"(?i)extra|unknown|unexpected|unrecognized|not permitted|not allowed", captures=False)
_SAID = "more than {} texts at once"


def refused_of_embedding(status: int | None, message: str) -> str:
    """What is to be taken back of an embedding request that an error refuses; "" for any other error."""
    if status not in STATUSES:
        return ""
    text = message[:_LONGEST].encode("utf-8", "surrogatepass")
    for row in ROWS:
        if (found := row.pattern.search(text)) and (most := int(found.group(1))):
            return _SAID.format(most)
    if not _ENCODING.search(text):
        return ""
    return ENCODING if _UNKNOWN.search(text) else NOT_FLOAT


def without_refused(body: Json, refused: frozenset[str]) -> Json:
    """``body`` as a server takes it that refused so much before; the very same where it said none of that.

    Of what is neither base64 nor the default only the client's upstream knows: its refusal is the client's.
    """
    told = body.get(ENCODING)
    if ENCODING in refused and told in ("base64", "float"):
        return {name: value for name, value in body.items() if name != ENCODING}
    return {**body, ENCODING: "float"} if NOT_FLOAT in refused and told in (None, "base64") else body


def most_at_once(refused: frozenset[str], limit: int) -> int:
    """How many texts a request may hold where ``refused`` was refused before; ``limit`` at most."""
    told = (name.removeprefix("more than ").removesuffix(" texts at once") for name in refused)
    return min([limit, *(int(number) for number in told if number.isdecimal())])
