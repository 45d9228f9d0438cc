"""The vectors in an upstream's answer, however it is written. PURE.

OpenAI writes ``{"data": [{"index", "embedding"}]}``, Google ``{"embedding": {"values"}}`` and
``{"embeddings": [{"values"}]}``. Seen besides: ``{"embeddings": [[…]]}`` (Ollama's own path),
``{"embeddings": {"float": [[…]]}}`` (Cohere), ``{"vectors": [[…]]}`` (MiniMax),
``{"predictions": [{"embeddings": {"values"}}]}`` (Vertex AI's older models), lists alone (TEI's ``/embed``),
a vector in a list of one (llama.cpp), one row in no list, base64 where numbers were asked for, numbers where
base64 was (SGLang, Infinity, LM Studio), and places that are texts, all the same, or missing.
"""

import base64
import math
import struct
from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from msgspec import Raw

_LISTS = ("data", "embeddings", "embedding", "vectors", "predictions")
_VECTORS = ("embedding", "embeddings", "values", "float")
_DEEPEST = 4
_MARK = b"\xef\xbb\xbf"
_OF_NUMBERS = frozenset("-0123456789")

_fields = msgspec.json.Decoder(dict[str, Raw])
_entries = msgspec.json.Decoder(list[Raw])
_numbers = msgspec.json.Decoder(list[float])
_text = msgspec.json.Decoder(str)
_place = msgspec.json.Decoder(int | str)


class NoVectors(ValueError):
    """Upstream's answer holds none, or what is none."""


class WrongNumber(NoVectors):
    """Upstream answered another number of vectors than there were texts."""


class Rows(NamedTuple):
    """What is told of each text, in upstream's order; ``key`` is where, "" for a list alone.

    ``fields`` are those of the whole answer, none for a list alone.
    """

    key: str
    rows: list[Raw]
    fields: dict[str, Raw]


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
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NoVectors("an answer that is no JSON of vectors") from error
    told = next((Rows(key, rows, fields) for key, rows in found.items() if rows), None)
    if told is None:
        raise NoVectors("an answer without vectors")
    return told


def vector_of(row: Raw) -> Raw:
    """The vector in ``row``, as a JSON list of numbers: as numbers it would take four times the room.

    Raises NoVectors.
    """
    told = told_of(row)
    try:
        if is_text(told):
            return unpacked(told)
        if not _numbers.decode(told):
            raise NoVectors("a vector of no numbers")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NoVectors("what is no vector") from error
    return told


def told_of(row: Raw) -> Raw:
    """What stands in the vector's place in ``row``: a list of numbers, or base64, where it is one.

    Raises NoVectors.
    """
    try:
        for _ in range(_DEEPEST):
            match _kind(row):
                case "{":
                    fields = _fields.decode(row)
                    row = next((fields[key] for key in _VECTORS if key in fields), Raw(b"null"))
                case "[" if _inner_kind(row) in ("[", "{", '"'):
                    inner = _entries.decode(row)
                    if len(inner) != 1:
                        raise NoVectors("several vectors for one text")
                    row = inner[0]
                case _:
                    break
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NoVectors("what is no vector") from error
    return row


def in_order(rows: Sequence[Raw]) -> list[Raw]:
    """``rows`` by the places that they tell; in their own order where these are not one for each."""
    places = [place for row in rows if (place := place_of(row)) is not None]
    if len(set(places)) != len(rows):
        return list(rows)
    return [row for _, row in sorted(zip(places, rows, strict=True), key=lambda pair: pair[0])]


def place_of(row: Raw) -> int | None:
    """The place that a row tells; None where it tells none."""
    if _kind(row) != "{":
        return None
    try:
        told = _place.decode(_fields.decode(row).get("index", Raw(b"null")))
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    if isinstance(told, str):
        return int(told) if told.isascii() and told.isdecimal() and len(told) < 9 else None
    return told


def packed(vector: Raw) -> Raw:
    """Base64 of little-endian 32-bit floats, which OpenAI's SDKs ask for by themselves; raises NoVectors."""
    try:
        values = _numbers.decode(vector)
        content = struct.pack(f"<{len(values)}f", *values)
    except (msgspec.DecodeError, OverflowError) as error:
        raise NoVectors("what is no vector") from error
    if not values:
        raise NoVectors("a vector of no numbers")
    return Raw(msgspec.json.encode(base64.b64encode(content).decode()))


def unpacked(told: Raw) -> Raw:
    """The numbers in such base64; raises NoVectors."""
    return Raw(msgspec.json.encode(floats_in(told)))


def floats_in(told: Raw) -> tuple[float, ...]:
    """The same as numbers; raises NoVectors."""
    try:
        content = base64.b64decode(_text.decode(told), validate=True)
        values = struct.unpack(f"<{len(content) // 4}f", content)
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError, struct.error) as error:
        raise NoVectors("base64 of no vector") from error
    if not values or not all(map(math.isfinite, values)):
        raise NoVectors("base64 of no vector")
    return values


def is_object(told: Raw) -> bool:
    """Is it an object?"""
    return _kind(told) == "{"


def is_text(told: Raw) -> bool:
    """Is it base64 that stands in the vector's place?"""
    return _kind(told) == '"'


def is_list(told: Raw) -> bool:
    """Is it a list of numbers that stands in the vector's place?"""
    return _kind(told) == "[" and _inner_kind(told) in _OF_NUMBERS


def _rows(told: Raw) -> list[Raw]:
    """The rows in what stands where a list should."""
    if _kind(told) == "{":
        fields = _fields.decode(told)
        several = fields.get("float")
        return _rows(several) if several is not None else [told]
    if _kind(told) != "[" or _inner_kind(told) == "]":
        return []
    return _entries.decode(told) if _inner_kind(told) not in _OF_NUMBERS else [told]


def _kind(told: Raw | bytes) -> str:
    """The first character of some JSON."""
    return bytes(memoryview(told)[:64]).lstrip()[:1].decode("latin-1")


def _inner_kind(told: Raw) -> str:
    """The first character of a list's first entry."""
    return bytes(memoryview(told)[:128]).lstrip()[1:].lstrip()[:1].decode("latin-1")
