"""The errors which say that something that the request names is not there: one table for all dialects.

PURE. A file, a cached content, a stored item or a thread lives on one account. A request that names one
which is not there gets a 403 or 404 that says nothing of the account or its models: it is the client's to
see, and must not cost the pool an account for everybody else. The words are upstream's own.
"""

from monitor.masking.linear import Phrases

_THREAD_CODES = "thread_"
"""How Anthropic's ``error_code`` begins for what is wrong with a message thread."""

_THING = r"\b(files?|items?|containers?|responses?|skills?|vector stores?|prompts?|CachedContent)\b"
_MISSING = Phrases(
    rf"{_THING}.{{0,200}}\bnot found\b", rf"\bno such {_THING}", r"\bpermission to access the file\b"
)
_MODEL = Phrases(r"\bmodels?\b")


def names_missing_thing(status: int | None, message: str, code: str = "") -> bool:
    """Is this refusal about a thing that the request names, and not about the account or the model?"""
    if status not in (403, 404):
        return False
    if code.startswith(_THREAD_CODES):
        return True
    return _MISSING.are_in(message) and not _MODEL.are_in(message)
