"""How long a login has to wait after others have failed: by address and by account. PURE.

Nobody is locked out for good, for then a stranger could lock out the operator: after some failures the next
try waits, longer with each one. Who has logged in from an address before is held up by failures from that
address alone, so that a stranger who guesses does not keep the operator waiting.
"""

import unicodedata
from collections import OrderedDict
from ipaddress import IPv6Network, ip_address

FREE_FAILURES = 5
"""So often somebody may mistype before anything waits."""

LONGEST_WAIT_SECONDS = 60.0
FORGET_SECONDS = 900.0
"""After so long without a failure all is forgotten."""

MAX_REMEMBERED = 10_000
"""Of addresses, of account names, of pairs of both: strangers choose them, so there is a bound."""

MAX_NAME_CHARACTERS = 150
"""Django's longest user name."""

MAX_FORM_CHARACTERS = 8 * 1024
"""No name in a login's form is longer: its body is not."""


class _Failures:
    """Counts by key, of the youngest ``MAX_REMEMBERED`` keys."""

    def __init__(self) -> None:
        self._by_key: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def add(self, key: str, now: float) -> None:
        count, at = self._by_key.pop(key, (0, now))
        self._by_key[key] = (1 if now - at > FORGET_SECONDS else count + 1, now)
        if len(self._by_key) > MAX_REMEMBERED:
            self._by_key.popitem(last=False)

    def forget(self, key: str) -> None:
        self._by_key.pop(key, None)

    def wait_seconds(self, key: str, now: float) -> float:
        count, at = self._by_key.get(key, (0, now))
        if count < FREE_FAILURES or now - at > FORGET_SECONDS:
            return 0.0
        wait = min(2.0 ** min(count - FREE_FAILURES, 16), LONGEST_WAIT_SECONDS)
        return max(at + wait - now, 0.0)


class Throttle:
    """The failures of one process. Times are of any clock that only goes forward, in seconds."""

    def __init__(self) -> None:
        self._addresses = _Failures()
        self._accounts = _Failures()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def wait_seconds(self, address: str, name: str, now: float) -> float:
        """How long a login of ``name`` from ``address`` has to wait; 0 when it may be tried."""
        address, name = _household(address), _bounded(name)
        of_address = self._addresses.wait_seconds(address, now)
        if (address, name) in self._known:
            return of_address
        return max(of_address, self._accounts.wait_seconds(name, now))

    def failed(self, address: str, name: str, now: float) -> None:
        """A login failed."""
        self._addresses.add(_household(address), now)
        self._accounts.add(_bounded(name), now)

    def succeeded(self, address: str, name: str) -> None:
        """A login was right: its address may begin anew."""
        address, name = _household(address), _bounded(name)
        self._addresses.forget(address)
        self._known.pop((address, name), None)
        self._known[address, name] = None
        if len(self._known) > MAX_REMEMBERED:
            self._known.popitem(last=False)


def _bounded(name: str) -> str:
    """The name as the login takes it: its form strips and normalizes, and letters of either case are one."""
    return unicodedata.normalize("NFKC", name[:MAX_FORM_CHARACTERS]).strip().casefold()[:MAX_NAME_CHARACTERS]


def _household(address: str) -> str:
    """An address, or the network that one customer has of IPv6: its first 64 bits (RFC 6177, RFC 4291)."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return address
    return str(parsed.ipv4_mapped or IPv6Network((int(parsed) >> 64 << 64, 64)))
