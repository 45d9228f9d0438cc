"""The places of a request where a client writes an id, and how one is read there. PURE."""

from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from relay.dialects.json_object import json_object
from relay.neutral.conversation import Json

LONGEST_ID = 512
"""Characters; what is longer is no id. The longest of the known clients has 64."""
_LONGEST_JSON = 16_384
"""Characters of a text that is looked into as JSON; Codex's metadata has about one thousand."""


class Place(NamedTuple):
    """A header, or a field of the body by its path.

    ``inside``: the text there is a JSON object, and the id stands under this key. ``behind``: the id is what
    follows the last of these marks.
    """

    part: Literal["header", "body"]
    path: tuple[str, ...]
    inside: str = ""
    behind: str = ""


def header(name: str, inside: str = "") -> Place:
    """The header of that lower-case name."""
    return Place("header", (name,), inside)


def body(*path: str, inside: str = "", behind: str = "") -> Place:
    """The field of the body at that path."""
    return Place("body", path, inside, behind)


def first_id(places: Iterable[Place], headers: Mapping[str, str], request: Json) -> str:
    """The id at the first of the places that has one; "" where none has. Never raises.

    ``headers`` have lower-case names; ``request`` is the body.
    """
    return next((found for place in places if (found := _id_at(place, headers, request))), "")


def _id_at(place: Place, headers: Mapping[str, str], request: Json) -> str:
    value: object = headers.get(place.path[0]) if place.part == "header" else request
    if place.part == "body":
        for name in place.path:
            value = value.get(name) if isinstance(value, dict) else None
    if isinstance(value, str) and place.inside:
        held = json_object(value) if value[:1] == "{" and len(value) <= _LONGEST_JSON else None
        value = (held or {}).get(place.inside)
    if not isinstance(value, str) or len(value) > (_LONGEST_JSON if place.behind else LONGEST_ID):
        return ""
    told = value.rpartition(place.behind)[2] if place.behind and place.behind in value else value
    told = "" if place.behind and told is value else told.strip()
    return told if len(told) <= LONGEST_ID else ""
