"""Embeddings: a deterministic unit vector for each text."""

import hashlib
import math


def vector_of(text: str, dimensions: int) -> list[float]:
    """``dimensions`` numbers of length 1 together, the same for the same text."""
    raw = hashlib.shake_256(text.encode("utf-8", "replace")).digest(dimensions)
    values = [byte / 127.5 - 1 for byte in raw]
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    return [round(value / length, 6) for value in values]
