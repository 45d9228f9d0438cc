"""A request body as it came over the wire, to the JSON object that it must be."""

from collections.abc import Callable

import msgspec

from relay.admission.broken_characters import HALVES, with_whole_characters
from relay.neutral.conversation import Json
from relay.neutral.failures import BadRequest
from relay.neutral.nesting import MOST_CONTAINERS, MOST_LEVELS, is_too_deep
from relay.neutral.packed import BadPacking, unpacker
from relay.neutral.sliced_json import MOST_COMMAS, TooManyCommas, TooManyContainers, decode

MAX_CODINGS = 3
"""Of one body, one over the other."""


class BodyTooLarge(Exception):
    """The decoded body is over the limit."""


def decoded(raw: bytes, encoding: str, limit_bytes: int) -> bytes:
    """``raw`` without its Content-Encoding; raises BodyTooLarge, or BadRequest for what cannot be decoded."""
    codings = [part.strip().lower() for part in encoding.split(",") if part.strip()]
    if len(codings) > MAX_CODINGS:
        raise BadRequest(f"More than {MAX_CODINGS} Content-Encodings are not taken.")
    for coding in reversed(codings):
        if coding != "identity":
            raw = _unpacked(raw, coding, limit_bytes)
    if len(raw) > limit_bytes:
        raise BodyTooLarge
    return raw


def _unpacked(raw: bytes, coding: str, limit_bytes: int) -> bytes:
    try:
        unpacking = unpacker(coding)
    except BadPacking:
        raise BadRequest(f"Content-Encoding {coding!r} is not taken; gzip, deflate and zstd are.") from None
    pieces: list[bytes] = []
    left = limit_bytes
    try:
        for piece in unpacking.feed(raw):
            left -= len(piece)
            if left < 0:
                raise BodyTooLarge
            pieces.append(piece)
    except BadPacking:
        raise BadRequest("The body is not what its Content-Encoding says.") from None
    if not unpacking.is_whole:
        raise BadRequest("The compressed body is cut off.")
    return b"".join(pieces)


class ReadBody(msgspec.Struct, frozen=True):
    """A body that was read: the object, the bytes that say it, and what was mended to read it, in words."""

    body: Json
    raw: bytes
    mended: tuple[str, ...] = ()


def parsed(
    raw: bytes, usual_form: Callable[[Json], Json] = lambda body: body, *, has_rules: bool = False
) -> ReadBody:
    """The JSON object in ``raw``, in its dialect's ``usual_form``; raises BadRequest with what is wrong.

    The bytes stay the client's own: upstream of the same dialect reads both alike.

    Where the key of who asks ``has_rules`` that go by what the body says, upstream gets it in bytes that
    cannot be read as another request.

    Half a character, which JSON's grammar allows, becomes U+FFFD: UTF-8 has no place for it, and most
    upstreams refuse it on every turn.
    """
    mended: tuple[str, ...] = ()
    try:
        body = decode(raw)
    except RecursionError:
        raise BadRequest("The body is not valid JSON: it is nested too deeply.") from None
    except TooManyContainers:
        raise BadRequest(f"The body has more than {MOST_CONTAINERS} lists and objects.") from None
    except TooManyCommas:
        raise BadRequest(f"The body has more than {MOST_COMMAS} values.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:  # releases of msgspec differ in which it is
        whole = with_whole_characters(raw)
        if whole is None:
            wrong = str(error) if _is_utf8(raw) else "it is not UTF-8."
            raise BadRequest(f"The body is not valid JSON: {wrong}") from None
        raw, mended = whole, (HALVES,)
        body = decode(raw)
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object.")
    if is_too_deep(body, raw):
        raise BadRequest(f"The body is nested too deeply: at most {MOST_LEVELS} levels are taken.")
    body = usual_form(body)
    return ReadBody(body, _told_once(body) if has_rules else raw, mended)


def _told_once(body: Json) -> bytes:
    """``body`` in bytes that every server reads alike.

    Of a name that stands in an object twice we take the last, and other readers the first. Raises BadRequest
    for a "Model" beside the "model": some readers (Go's) take the one for the other.
    """
    for name in body:
        if name != "model" and name.casefold() == "model":
            raise BadRequest(f"model: {name!r} stands in the body too, and some servers would go by that.")
    return msgspec.json.encode(body)


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
