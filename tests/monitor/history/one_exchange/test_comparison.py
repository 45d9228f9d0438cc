"""Two exchanges, fact by fact."""

from types import SimpleNamespace
from typing import Any, cast

from django.utils.translation import override

from monitor.history.one_exchange.comparison import _FACTS, compared


def row(**facts: Any) -> Any:
    return cast(Any, SimpleNamespace(**{name: None for _label, name, _write in _FACTS} | facts))


def test_a_size_has_its_unit() -> None:
    """As on the page of either; one that is not known is a dash."""
    with override("en"):
        *_rest, size = compared(row(response_bytes=3036), row(response_bytes=None))
    assert (size.first.replace("\xa0", " "), size.second, size.differs) == ("3.0 KB", "–", True)
