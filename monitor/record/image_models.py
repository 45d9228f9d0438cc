"""Under which listed name an image model that drew pictures is priced. PURE.

Who drew is told by an answer, often in the client's own words, so a name that nobody has heard of must not
make pictures free: it is priced as ``DEAREST``.
"""

import re
from collections.abc import Mapping
from typing import Final

DRAWS: Final = "gpt-image-2.6-sunburst"
"""Who draws where an answer does not say it: the default of OpenAI's API reference (November 2026)."""

DEAREST: Final = "gpt-image-1"
"""Of all listed ones none costs more, whatever sort of tokens it used."""

LISTED: Final = frozenset(
    (
        "gpt-image-1",
        "gpt-image-1-mini",
        "gpt-image-1.5",
        "gpt-image-2",
        "gpt-image-2.5-flare",
        "gpt-image-2.5-sunburst",
    )
)
"""Those that the price library knows."""

_SAME_PRICE: Final = {
    "chatgpt-image": "gpt-image-1.5",
    "gpt-image-2-codex": "gpt-image-2",
    "gpt-image-2.6-flare": "gpt-image-2",
    "gpt-image-2.6-sunburst": "gpt-image-2",
}
"""Others by the listed one that costs the same: developers.openai.com (November 2026); Codex's own name for
GPT Image 2 stands in the answers of ChatGPT's upstream.
"""

_SNAPSHOT: Final = re.compile(r"-(?:\d{4}-\d{2}-\d{2}|\d{4}|latest)\Z", re.ASCII)


def priced_as(drawn_by: object) -> str | None:
    """The listed name that ``drawn_by`` of a row's facts is priced by; None for a name that nobody knows.

    A snapshot costs what its model does.
    """
    model = _SNAPSHOT.sub("", str(drawn_by or DRAWS))
    model = _SAME_PRICE.get(model, model)
    return model if model in LISTED else None


def is_unknown_drawer(facts: Mapping[str, object]) -> bool:
    """Pictures were drawn by a model whose price is not known, so what they cost is an estimate."""
    return "drawn_by" in facts and priced_as(facts["drawn_by"]) is None
