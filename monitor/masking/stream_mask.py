"""KnownSecrets credentials in a stream of pieces, where a piece may end in the middle of one. PURE."""

from monitor.masking.edits import MASK
from monitor.masking.known import KnownSecrets

_END_BYTES = 12
_MASK = MASK.encode()


class StreamMask:
    """Takes them out of the pieces; one that lies across two of them is found as well.

    It looks for the secrets as they stand, which costs next to nothing. The end of a piece that could be the
    beginning of a secret is held back until the next piece says so.
    """

    def __init__(self, known: KnownSecrets) -> None:
        """``known`` is looked for."""
        # (the end of it, which is found faster than all of it; all of it)
        others = known.others.secrets
        needles = [one.encode() for one in known.exact.secrets if one not in others]
        self._needles = tuple((needle[-_END_BYTES:], needle) for needle in needles)
        self._others = known.others
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """What of the stream may go on, now that ``data`` has come."""
        if self._held:
            data, self._held = self._held + data, b""
        for end, needle in self._needles:
            if end in data:
                data = data.replace(needle, _MASK)
        if self._others:
            for secret in self._others.standing_in(data):
                data = data.replace(secret.encode(), _MASK)
        if not data.endswith(b"\n"):  # nearly every piece ends with an event
            kept = max((_overlap(data, needle) for _, needle in self._needles), default=0)
            kept = max(kept, self._others.overlap(data) if self._others else 0)
            if kept:
                data, self._held = data[:-kept], data[-kept:]
        return data

    def finish(self) -> bytes:
        """What was held back, when nothing more comes."""
        held, self._held = self._held, b""
        return held


def _overlap(data: bytes, needle: bytes) -> int:
    """How many bytes at the end of ``data`` are the beginning of ``needle``; 0 for the whole of it."""
    place = data.find(needle[:1], max(0, len(data) - len(needle) + 1))
    while place >= 0:
        if needle.startswith(data[place:]):
            return len(data) - place
        place = data.find(needle[:1], place + 1)
    return 0
