"""A request body as it came over the wire, to the JSON object that it must be."""

import zlib

import msgspec
import zstandard

from relay.neutral.conversation import Json
from relay.neutral.failures import BadRequest


class BodyTooLarge(Exception):
    """The decoded body is over the limit."""


def decoded(raw: bytes, encoding: str, limit_bytes: int) -> bytes:
    """``raw`` without its Content-Encoding; raises BodyTooLarge, or BadRequest for what cannot be decoded."""
    for name in reversed([part.strip().lower() for part in encoding.split(",") if part.strip()]):
        match name:
            case "identity":
                pass
            case "gzip" | "x-gzip":
                raw = _inflated(raw, 16 + zlib.MAX_WBITS, limit_bytes)
            case "deflate":
                raw = _inflated(raw, zlib.MAX_WBITS, limit_bytes)
            case "zstd":
                raw = _unpacked(raw, limit_bytes)
            case _:
                raise BadRequest(f"Content-Encoding {name!r} is not taken; gzip, deflate and zstd are.")
    if len(raw) > limit_bytes:
        raise BodyTooLarge
    return raw


def _inflated(raw: bytes, wbits: int, limit_bytes: int) -> bytes:
    try:
        inflater = zlib.decompressobj(wbits)
        out = inflater.decompress(raw, limit_bytes + 1)
    except zlib.error:
        raise BadRequest("The body is not what its Content-Encoding says.") from None
    if len(out) > limit_bytes:
        raise BodyTooLarge
    if not inflater.eof:
        raise BadRequest("The compressed body is cut off.")
    return out


def _unpacked(raw: bytes, limit_bytes: int) -> bytes:
    try:
        with zstandard.ZstdDecompressor().stream_reader(raw, read_across_frames=True) as reader:
            out: bytes = reader.read(limit_bytes + 1)
    except zstandard.ZstdError:
        raise BadRequest("The body is not what its Content-Encoding says.") from None
    if len(out) > limit_bytes:
        raise BodyTooLarge
    return out


def parsed(raw: bytes) -> Json:
    """The JSON object in ``raw``; raises BadRequest with what is wrong."""
    try:
        body = msgspec.json.decode(raw)
    except RecursionError:
        raise BadRequest("The body is not valid JSON: it is nested too deeply.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:  # releases of msgspec differ in which it is
        wrong = str(error) if _is_utf8(raw) else "it is not UTF-8."
        raise BadRequest(f"The body is not valid JSON: {wrong}") from None
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object.")
    return body


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
