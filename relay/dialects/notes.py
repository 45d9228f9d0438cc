"""What the relay itself says to a model, in a user's turn, where a model takes no other form of it. PURE."""

GO_ON = "Go on from exactly where your last message ends. Repeat none of it, and say nothing about it."
"""Said where a model takes no unfinished turn of its own to continue (behaviour section 7)."""


def system_note(text: str) -> str:
    """A system turn between the others, for a model that knows only one at the beginning."""
    return f"<system-note>\n{text}\n</system-note>"
