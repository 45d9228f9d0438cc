"""How a refused thinking signature is recognised: one table of phrases for all dialects.

PURE. The words are upstream's own, out of 400 bodies (behaviour section 8). Only these are healed; any
other 400 is the client's to see. Upstreams quote names in backticks, quotes or not at all, and a body
inside a body adds backslashes: quotes and backslashes may stand before and behind each word.
"""

import re2

from monitor.masking.linear import Phrases

_QUOTES = r"[`'\"\\]*"


def _phrase(words: str) -> str:
    """A pattern for ``words``, each of which may be quoted."""
    return r"\s+".join(_QUOTES + re2.escape(word) + _QUOTES for word in words.split())


_REFUSAL = Phrases(
    _phrase("Invalid signature"),
    _phrase("Invalid thought signature"),
    _phrase("Corrupted thought signature"),
    _phrase("thought signature is not valid"),
    r"thought_signature.*base64 decoding failed",
    r"base64 decoding failed.*thought_signature",
    _phrase("Invalid data in redacted_thinking"),
    r"thinking\.signature",
    r"thinking\.thinking",
    r"failed to deserialise",  # with "s"; "deserialize" is what any Rust server says of any bad body
    _phrase("must be thinking"),
    # Unquoted, "found text" may say anything.
    r"found\s+[`'\"\\]+text[`'\"\\]",
    # Near by and within the clause: a list of "expected tags: …, 'thinking', …" is an ordinary 400.
    r"\bexpected\b[^.:;,]{1,40}thinking",
    _phrase("missing a thought_signature"),
)
SIGNATURE_CODES = frozenset({"invalid_encrypted_content"})
"""Machine words that say the same: OpenAI's, of a reasoning item."""

_DROP_BLOCK = Phrases(r"\bdrop_block\b")


def is_signature_refusal(message: str) -> bool:
    """Does the ``message`` of a 400 refuse a thinking signature, or the place of a thinking block?"""
    return _REFUSAL.are_in(message)


def offers_drop_block(message: str) -> bool:
    """Does such a ``message`` offer that upstream drops the unreadable blocks itself (preserved thinking)?"""
    return is_signature_refusal(message) and _DROP_BLOCK.are_in(message)
