"""What a client heard of an answer, in one form for all of them."""

from dataclasses import dataclass, field
from typing import Any

from tests.wire.recorded.shape import Tokens


@dataclass
class Heard:
    """An answer as the vendor's SDK gives it to a program.

    ``calls`` are names with their arguments: an object, or a text that is no JSON. ``media`` are media types
    with base64. ``status`` and ``error`` tell of the exception that the SDK raised for an error of the
    server's, ``crash`` of its own failure over bytes that it does not understand. ``other`` names what the
    answer holds beside all that.
    """

    text: str = ""
    thinking: str = ""
    calls: list[tuple[str, Any]] = field(default_factory=list)
    media: list[tuple[str, str]] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)
    refusal: str = ""
    stop: str = ""
    usage: Tokens = field(default_factory=Tokens)
    status: int = 200
    error: str = ""
    crash: str = ""
    other: list[str] = field(default_factory=list)
