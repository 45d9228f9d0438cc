"""What a validator would not read, said to the model in a description. PURE."""

from collections.abc import Iterable


def described(description: object, said: Iterable[str]) -> str:
    """``description``, and what else is ``said`` in brackets behind it."""
    words = ", ".join(said)
    before = description if isinstance(description, str) else ""
    if not words:
        return before
    return f"{before} ({words})" if before else words
