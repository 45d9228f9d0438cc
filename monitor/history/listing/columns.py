"""The columns of the history: which there are, which can be sorted by, which a person wants to see."""

from collections.abc import Iterable
from typing import Any

import msgspec
from django.utils.translation import gettext_lazy as _

COOKIE = "evenkeel_hidden_columns"
"""Holds the names of the hidden columns with a dot between them; set by the page's script."""


class ColumnPart(msgspec.Struct, frozen=True):
    """One of the two lines of a column. ``field`` is what it sorts by, blank where that would say nothing."""

    name: str
    label: Any
    field: str = ""


class Column(msgspec.Struct, frozen=True):
    """One column of two lines; an ``is_extra`` one is hidden until somebody asks for it."""

    name: str
    parts: tuple[ColumnPart, ...]
    is_number: bool = True
    is_extra: bool = False


COLUMNS = (
    Column(
        "account",
        (ColumnPart("account", _("account")), ColumnPart("client_key", _("client key"))),
        is_number=False,
    ),
    Column(
        "times",
        (
            ColumnPart("duration", _("duration"), "duration_ms"),
            ColumnPart("first_data", _("first data"), "first_data_ms"),
        ),
    ),
    Column(
        "tokens",
        (
            ColumnPart("tokens_in", _("tokens in"), "tokens_in"),
            ColumnPart("tokens_out", _("tokens out"), "tokens_out"),
        ),
    ),
    Column(
        "cost", (ColumnPart("cost", _("cost"), "cost"), ColumnPart("attempts", _("attempts"), "attempts"))
    ),
    Column(
        "ended",
        (ColumnPart("ended_by", _("ended by")), ColumnPart("ended_in", _("ended in"))),
        is_number=False,
        is_extra=True,
    ),
    Column(
        "size",
        (
            ColumnPart("request_size", _("request size"), "request_bytes"),
            ColumnPart("answer_size", _("size of the answer"), "response_bytes"),
        ),
        is_extra=True,
    ),
)
"""Behind time, outcome and request, which always stand there."""

SORTED = {part.name: part.field for column in COLUMNS for part in column.parts if part.field}


def hidden_columns(cookie: str | None) -> list[str]:
    """The names of the columns that are not to be seen; what no column is called is left out."""
    if cookie is None:
        return [column.name for column in COLUMNS if column.is_extra]
    wanted = set(cookie.split("."))
    return [column.name for column in COLUMNS if column.name in wanted]


def heads(sort: str, hidden: Iterable[str]) -> list[dict[str, Any]]:
    """The heads of the columns: for each line what a click sorts by next, and how it is sorted now."""
    out_of_sight = set(hidden)
    return [
        {
            "name": column.name,
            "is_number": column.is_number,
            "is_hidden": column.name in out_of_sight,
            "parts": [_head(part, sort) for part in column.parts],
            "sorted": next((_direction(part, sort) for part in column.parts if _direction(part, sort)), ""),
        }
        for column in COLUMNS
    ]


def _head(part: ColumnPart, sort: str) -> dict[str, Any]:
    now = _direction(part, sort)
    following = {"": f"-{part.name}", "descending": part.name, "ascending": ""}[now]
    return {"label": part.label, "can_be_sorted": bool(part.field), "sorted": now, "following": following}


def _direction(part: ColumnPart, sort: str) -> str:
    return {part.name: "ascending", f"-{part.name}": "descending"}.get(sort, "") if part.field else ""
