"""Sentences as data: a message to be translated, and its parameters. PURE.

Who decides what is said need not know the language: ``wording`` makes text or HTML of it. A message is an
English sentence with ``%(name)s`` places; a parameter may be a phrase itself.
"""

from collections.abc import Mapping

import msgspec


class Seconds(msgspec.Struct, frozen=True):
    """A duration, shown in the unit that suits it."""

    milliseconds: int


class Moment(msgspec.Struct, frozen=True):
    """A point in time, shown as a time of day in the reader's zone; seconds since the epoch."""

    at: float


class Phrase(msgspec.Struct, frozen=True):
    """One message (the English text is its name for translators) and what stands in its places."""

    message: str
    values: Mapping[str, "Value"] = {}


Value = str | int | Seconds | Moment | Phrase


def gettext_noop(message: str) -> str:
    """Mark a message for translation, as it is (Django's tools look for this name)."""
    return message
