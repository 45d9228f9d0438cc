"""The arguments of a call that has none. PURE."""

from typing import Final

NO_ARGUMENTS: Final = "{}"
"""As OpenAI tells them. Some servers tell an empty text, which breaks whoever reads it as JSON."""
