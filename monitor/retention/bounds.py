"""How long history may be kept."""

from typing import Final

MOST_DAYS: Final = 36_600
"""A century: behind more no calendar has a moment."""
