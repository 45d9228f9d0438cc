"""A request that is larger than a model: what of it, and the numbers that upstream told.  PURE."""

from typing import Literal

import msgspec

About = Literal["input", "both", "output"]
"""What is too long: the input, input and answer (as asked for) together, or ``max_tokens`` alone."""


class TokenLimit(msgspec.Struct, frozen=True, gc=False):
    """A limit that the request is over. A number is None where upstream did not tell it.

    ``input_tokens`` is what the request holds, ``output_tokens`` what it asks for, ``maximum_tokens`` the
    limit: of the input or of the context, for ``output`` that of the answer.
    """

    about: About
    input_tokens: int | None = None
    output_tokens: int | None = None
    maximum_tokens: int | None = None

    def said(self, sentence: str, upstream: str) -> str:
        """``sentence``, with upstream's own words behind it where it does not tell both numbers."""
        asked = self.output_tokens if self.about == "output" else self.input_tokens
        if (asked is not None and self.maximum_tokens is not None) or not upstream:
            return sentence
        return sentence if sentence.lower() in upstream.lower() else f"{sentence} ({upstream})"

    @property
    def total_tokens(self) -> int | None:
        """What the request is in all, as far as it counts for the limit."""
        if self.input_tokens is None or self.about == "input" or self.output_tokens is None:
            return self.input_tokens
        return self.input_tokens + self.output_tokens
