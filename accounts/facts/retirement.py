"""When vendors retire their models: the dates of ``model_facts.toml``, and which of them are due.  PURE."""

import tomllib
from collections.abc import Iterable
from datetime import date, timedelta
from importlib.resources import files

from msgspec import Struct

NOTICE = timedelta(days=30)
"""How long before its day a model's retirement is spoken of; behind it that never ends."""


class Retirement(Struct, frozen=True):
    """From the day ``on`` requests for ``model`` fail; ``source`` is where its vendor says so."""

    model: str
    on: date
    source: str


_TABLE = tomllib.loads(files("accounts.facts").joinpath("model_facts.toml").read_text("utf-8"))["retirement"]
RETIREMENTS: dict[str, Retirement] = {
    model: Retirement(model, row["on"], row["source"]) for row in _TABLE for model in row["models"]
}
"""By the exact name of the model."""


def due(models: Iterable[str], today: date) -> list[Retirement]:
    """Those of ``models`` that are retired within thirty days, or were before; the first to go first."""
    known = (RETIREMENTS.get(model) for model in set(models))
    told = [one for one in known if one is not None and today >= one.on - NOTICE]
    return sorted(told, key=lambda one: (one.on, one.model))
