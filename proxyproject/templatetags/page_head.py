"""The way to a page, in its head."""

from collections.abc import Iterable
from typing import Any

from django import template

from proxyproject.pages import crumbs

register = template.Library()


@register.filter
def as_navigated(parts: Iterable[Any]) -> list[dict[str, Any]]:
    """The theme's ``parts`` in the words of the navigation."""
    return crumbs.crumbs(parts)
