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

import msgspec
from msgspec import Raw

from relay.dialects.embeddings.told_rows import NoVectors, VectorRow, inner_kind, is_text, kind

_VECTORS = ("embedding", "embeddings", "values", "float")
_DEEPEST = 4

_fields = msgspec.json.Decoder(dict[str, Raw])
_entries = msgspec.json.Decoder(list[Raw])
_numbers = msgspec.json.Decoder(list[float])
_text = msgspec.json.Decoder(str)


def vector_of(row: VectorRow) -> Raw:
    """The vector in ``row``; as ``vector_in``."""
    return vector_in(row.raw if row.fields is None else _field_of(row.fields))


def vector_in(told: Raw) -> Raw:
    """The vector in what stands in its place, as a JSON list of numbers; raises NoVectors.

    As numbers it would take four times the room.
    """
    told = _told_in(told)
    try:
        if is_text(told):
            return unpacked(told)
        if not _numbers.decode(told):
            raise NoVectors("a vector of no numbers")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NoVectors("what is no vector") from error
    return told


def _told_in(row: Raw) -> Raw:
    """The list of numbers, or the base64, in ``row``, where it is one.

    Raises NoVectors.
    """
    try:
        for _ in range(_DEEPEST):
            match kind(row):
                case "{":
                    row = _field_of(_fields.decode(row))
                case "[" if inner_kind(row) in ("[", "{", '"'):
                    inner = _entries.decode(row)
                    if len(inner) != 1:
                        raise NoVectors("several vectors for one text")
                    row = inner[0]
                case _:
                    break
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise NoVectors("what is no vector") from error
    return row


def _field_of(fields: dict[str, Raw]) -> Raw:
    return next((fields[key] for key in _VECTORS if key in fields), Raw(b"null"))


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
