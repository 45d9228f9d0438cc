"""The rows of an embedding answer, each read once, and the places that they tell. PURE."""

from collections.abc import Sequence

import msgspec
from msgspec import Raw

_LISTS = ("data", "embeddings", "embedding", "vectors", "predictions")
_MARK = b"\xef\xbb\xbf"
_OF_NUMBERS = frozenset("-0123456789")

_fields = msgspec.json.Decoder(dict[str, Raw])
_entries = msgspec.json.Decoder(list[Raw])
_place = msgspec.json.Decoder(int | str)


class NoVectors(ValueError):
    """Upstream's answer holds none, or what is none."""


class WrongNumber(NoVectors):
    """Upstream answered another number of vectors than there were texts, or not one for each place."""


class VectorRow:
    """What is told of one text: its JSON, and the fields of an object (None: it is none)."""

    __slots__ = ("fields", "raw")

    def __init__(self, raw: Raw) -> None:
        """Raises msgspec.DecodeError."""
        self.raw = raw
        self.fields: dict[str, Raw] | None = _fields.decode(raw) if is_object(raw) else None

    @property
    def place(self) -> int | None:
        """The place that it tells; None where it tells none."""
        if self.fields is None or "index" not in self.fields:
            return None
        try:
            told = _place.decode(self.fields["index"])
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        if isinstance(told, str):
            return int(told) if told.isascii() and told.isdecimal() and len(told) < 9 else None
        return told


class Rows(msgspec.Struct, frozen=True):
    """What is told of each text, in upstream's order; ``key`` is where, "" for a list alone.

    ``fields`` are those of the whole answer, none for a list alone.
    """

    key: str
    rows: list[VectorRow]
    fields: dict[str, Raw]

    @property
    def places(self) -> list[int]:
        """The place of each row, from 0: as they tell it, else as they stand. Raises WrongNumber.

        Where all tell the same, none tells anything. A row that tells none is where it stands, or the one of
        place 0, which servers leave out that write no zeros; else nobody knows whose vector is whose.
        """
        told = [row.place for row in self.rows]
        several = set(told)
        if len(several) == 1:
            return list(range(len(told)))
        whole = [at if place is None else place for at, place in enumerate(told)]
        if None not in several and len(several) == len(told):
            ranks = {place: rank for rank, place in enumerate(sorted(whole))}
            return [ranks[place] for place in whole]
        without_zero = [place or 0 for place in told]
        for places in (whole, without_zero):
            if sorted(places) == list(range(len(places))):
                return places
        raise WrongNumber("places that are not one for each text")

    @property
    def in_order(self) -> Sequence[VectorRow]:
        """The rows by their places; raises WrongNumber."""
        ordered = sorted(zip(self.places, self.rows, strict=True), key=lambda pair: pair[0])
        return [row for _, row in ordered]


def rows_in(answer: bytes) -> Rows:
    """The rows of the first list that has any; raises NoVectors."""
    answer = answer.removeprefix(_MARK).strip()
    fields: dict[str, Raw] = {}
    try:
        if answer[:1] == b"[":
            found = {"": _rows(Raw(answer))}
        else:
            fields = _fields.decode(answer)
            found = {key: _rows(fields[key]) for key in _LISTS if key in fields}
        for key, rows in found.items():
            if rows:
                return Rows(key, [VectorRow(row) for row in rows], fields)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NoVectors("an answer that is no JSON of vectors") from error
    raise NoVectors("an answer without vectors")


def is_object(told: Raw) -> bool:
    """Is it an object?"""
    return kind(told) == "{"


def is_text(told: Raw) -> bool:
    """Is it base64 that stands in the vector's place?"""
    return kind(told) == '"'


def is_list(told: Raw) -> bool:
    """Is it a list of numbers that stands in the vector's place?"""
    return kind(told) == "[" and inner_kind(told) in _OF_NUMBERS


def kind(told: Raw | bytes) -> str:
    """The first character of some JSON."""
    return bytes(memoryview(told)[:64]).lstrip()[:1].decode("latin-1")


def inner_kind(told: Raw) -> str:
    """The first character of a list's first entry."""
    return bytes(memoryview(told)[:128]).lstrip()[1:].lstrip()[:1].decode("latin-1")


def _rows(told: Raw) -> list[Raw]:
    """The rows in what stands where a list should."""
    if kind(told) == "{":
        fields = _fields.decode(told)
        several = fields.get("float")
        return _rows(several) if several is not None else [told]
    if kind(told) != "[" or inner_kind(told) == "]":
        return []
    return _entries.decode(told) if inner_kind(told) not in _OF_NUMBERS else [told]
