"""The names that a model's price may stand under: gateways and clouds write the vendor before it. PURE.

What a vendor's own models cost is much the same wherever they are asked; whoever pays another price sets it.
Models that anybody may host have no one price: only these vendors' prefixes are left out, and such a
model of theirs has no name here.
"""

from collections.abc import Iterator
from typing import Final

_BEFORE: Final = (
    "models/", "publishers/google/models/", "publishers/anthropic/models/",
    "openai/", "anthropic/", "google/", "x-ai/",
)  # fmt: skip

_HOSTED_BY_ANYBODY: Final = "gpt-oss"

LONGEST_NAME: Final = 200
"""Characters: what a column of the tables holds. Nothing longer has a price, or is kept by a cache."""


def names_of(model: str) -> Iterator[str]:
    """``model`` itself first; then without its vendor, with a version as the vendor writes it."""
    name = next((model[len(prefix) :] for prefix in _BEFORE if model.startswith(prefix)), model)
    if name.lower().startswith(_HOSTED_BY_ANYBODY):
        return
    yield model
    name = name.replace("@", "-", 1)
    if name != model:
        yield name
    if name.startswith("claude-") and "." in name:
        yield name.replace(".", "-")
