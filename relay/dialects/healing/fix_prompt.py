"""What a healed request tells the model, in every dialect: one constant, the same bytes on every turn."""

FIX_PROMPT = (
    "Some of your earlier reasoning stands above as plain text, because its signature was no longer valid. "
    "Take it as your own notes and go on with the task as if nothing had happened."
)
"""Appended to the last user turn of a healed request, as a text of its own (behaviour section 8, step 3)."""
