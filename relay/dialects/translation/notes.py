"""What the relay itself says to a model, in a user's turn, where a model takes no other form of it. PURE."""

CONTINUE = (
    "Go on from exactly where your last message ends, with the very next character, be it a letter, a space"
    " or a line break. Repeat none of it, and say nothing about it."
)
"""Said where a model takes no unfinished turn of its own to continue (behaviour section 7)."""

OPENING = "(The conversation begins with your message.)"
"""Said before a conversation that the model begins, where the user has to."""

BEGIN = "(Begin.)"
"""Said behind a system prompt alone, which OpenAI takes, and others do not."""


def what_is_left(limit: int, tokens: int, minimum: int = 1) -> int:
    """Of an output limit, behind ``tokens`` that were said; nobody takes less than ``minimum``."""
    return max(limit - tokens, minimum)


def system_note(text: str) -> str:
    """A system turn between the others, for a model that knows only one at the beginning."""
    return f"<system-note>\n{text}\n</system-note>"
