"""Request ids: made by the process, unique without asking anybody, sorted by time. PURE.

An id is a UUID of version 7 (RFC 9562, 5.7) in 32 lower-case hex digits: 48 bits of milliseconds, then
74 random ones. So the order of ids is the order of admission, pages need one key only, and a time range
is a range of ids.
"""

RANDOM_BYTES = 10
TIME_DIGITS = 12
LAST_MS = 253_370_764_800_000
"""The year 9999 begins: in each time zone a calendar has this moment, and those before it."""

_HEX = frozenset("0123456789abcdef")


def new_request_id(now_ms: int, random_bytes: bytes) -> str:
    """The id of an exchange admitted at ``now_ms`` (milliseconds since the epoch).

    ``random_bytes`` are ``RANDOM_BYTES`` fresh ones (``os.urandom``); six of their bits give way to
    the version and the variant. Raises ValueError for another number of them.
    """
    if len(random_bytes) != RANDOM_BYTES:
        raise ValueError(f"a request id needs {RANDOM_BYTES} random bytes")
    random = int.from_bytes(random_bytes)
    version_and_a = 0x7000 | random >> 64 & 0xFFF
    variant_and_b = 0x8000_0000_0000_0000 | random & 0x3FFF_FFFF_FFFF_FFFF
    return f"{now_ms & 0xFFFF_FFFF_FFFF:012x}{version_and_a:04x}{variant_and_b:016x}"


def first_request_id(at_ms: int) -> str:
    """The smallest id of that millisecond: ``id >= first_request_id(t)`` means admitted at ``t`` or later."""
    return f"{at_ms:012x}" + "0" * 20


def tells_time(request_id: str) -> bool:
    """Whether an id begins with a moment before the year 9999: one that was made by hand may not."""
    digits = request_id[:TIME_DIGITS]
    return len(digits) == TIME_DIGITS and _HEX.issuperset(digits) and int(digits, 16) <= LAST_MS


def milliseconds_of(request_id: str) -> int:
    """When the exchange was admitted. An id that tells no time has the moment of those next behind it."""
    return min(number_at(request_id, TIME_DIGITS), LAST_MS)


def number_at(text: str, digits: int) -> int:
    """The number with which a text begins, in so many hex digits; of another text the next in the order."""
    begins = text[:digits]
    for at, character in enumerate(begins):
        if character not in _HEX:
            known = int(begins[:at] or "0", 16)
            if character > "f":
                return min(known + 1 << 4 * (digits - at), (1 << 4 * digits) - 1)
            return (known << 4 | (10 if character > "9" else 0)) << 4 * (digits - at - 1)
    return int(begins or "0", 16) << 4 * (digits - len(begins))
