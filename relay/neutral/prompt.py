"""A request as upstream's prompt cache sees it: in its order, and where caching is asked for. PURE."""

from typing import Any

import msgspec

SHORT_SECONDS = 300
"""For how long vendors keep a prefix that nobody uses, at the least: Claude five minutes, OpenAI's models
before gpt-5.6 five to ten. For others a model's facts say it (``cache_lasts_seconds``)."""

LONG_SECONDS = 3600
"""Claude's longer time, where a mark asks for it (``ttl: 1h``)."""


class Prompt(msgspec.Struct, frozen=True):
    """The parts of a body in plain JSON, without marks, in the order in which caches compare them.

    ``settings`` are parameters that change what is cached, by name. ``marks`` are the places where the body
    asks for caching, each as the number of pieces before its end; None where upstream caches by itself.
    ``lasts_seconds`` is how long what is cached is kept unused.
    """

    tools: list[Any]
    system: list[Any]
    turns: list[Any]
    settings: dict[str, Any] = {}
    marks: tuple[int, ...] | None = None
    lasts_seconds: int = SHORT_SECONDS


def listed(value: object) -> list[Any]:
    """``value`` as a list: nothing is none, and what is no list stands alone."""
    if value is None or value == "":
        return []
    return value if isinstance(value, list) else [value]


def given(body: dict[str, Any], *names: str) -> dict[str, Any]:
    """Those of the named parameters that ``body`` gives."""
    return {name: body[name] for name in names if body.get(name) is not None}
