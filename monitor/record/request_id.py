"""Request ids: made by the process, unique without asking anybody, sorted by time. PURE.

An id is a UUID of version 7 (RFC 9562, 5.7) in 32 lower-case hex digits: 48 bits of milliseconds, then
74 random ones. So the order of ids is the order of admission, pages need one key only, and a time range
is a range of ids.
"""

RANDOM_BYTES = 10


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
